/** One conversation of the scripted provider and the turn that runs in it. */
import type { OpenConnection, TurnKey } from '../../machines/domain/effect.ts';
import { failure } from '../../machines/domain/error.ts';
import { itemIdOf, requestIdOf, type ConnectionId, type ThreadId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemBody, ItemDraft } from '../../machines/domain/item.ts';
import type { RequestBody, RequestDraft } from '../../machines/domain/request.ts';
import type { Usage } from '../../machines/domain/turn.ts';
import type { ProviderHost, ProviderReport } from '../../machines/ports/provider.ts';
import type { Message, World } from './scripted-world.ts';

interface LiveTurn {
  readonly native: string;
  readonly key: TurnKey | null;
  readonly words: string[];
  readonly message: Message | null;
  readonly openRequests: Set<string>;
  requestCount: number;
}

/** What a word makes of the turn: the next word follows, or something else has to happen first. */
type Onward = 'go' | 'stop';

const LONG = 'abcdefghijklmnopqrst';

export interface SessionParts {
  readonly world: World;
  readonly host: ProviderHost;
  readonly die: () => void;
  readonly forget: () => void;
}

export class ScriptedSession {
  readonly threadId: ThreadId;
  readonly connectionId: ConnectionId;
  readonly native: string;
  turn: LiveTurn | null = null;
  readonly #parts: SessionParts;
  readonly #words: Readonly<Record<string, (turn: LiveTurn) => Onward>> = {
    wait: () => 'stop',
    silent: () => 'stop',
    mute: () => 'go',
    ask: (turn) => this.#ask(turn, COMMAND),
    ask2: (turn) => {
      this.#ask(turn, COMMAND);
      return this.#ask(turn, COMMAND);
    },
    question: (turn) => this.#ask(turn, QUESTION),
    secret: (turn) => this.#ask(turn, SECRET_QUESTION),
    fail: () => this.end('failed'),
    lose: () => this.#lose(),
    die: () => {
      this.#parts.die();
      return 'stop';
    },
    late: (turn) => {
      this.#item(turn, 'late', null);
      this.end('completed');
      this.#item(turn, 'late', 'late');
      return 'stop';
    },
    open: (turn) => {
      this.#item(turn, this.#parts.world.next('item'), null);
      return 'go';
    },
    long: (turn) => this.#message(turn, LONG),
    compaction: (turn) => this.#compaction(turn),
  };

  constructor({ threadId, connectionId }: OpenConnection, native: string, parts: SessionParts) {
    this.threadId = threadId;
    this.connectionId = connectionId;
    this.native = native;
    this.#parts = parts;
  }

  say(report: ProviderReport): void {
    const { world, host } = this.#parts;
    world.say(() => {
      if (report.type.startsWith('provider.') && report.type !== 'provider.itemDelta') world.toldCount += 1;
      host.report(this.threadId, report);
    }, report);
  }

  /** A turn begins, of a prompt or of the provider's own making. */
  begin(words: readonly string[], key: TurnKey | null, message: Message | null): string {
    const native = this.#parts.world.next('turn');
    this.turn = { native, key, words: [...words], message, openRequests: new Set(), requestCount: 0 };
    return native;
  }

  start(): void {
    const { connectionId } = this;
    const native = byNative(this.turn?.native ?? null);
    this.say({ type: 'provider.turnStarted', connectionId, ...native, isNew: false });
  }

  goOn(): void {
    for (let turn = this.turn; turn !== null; turn = this.turn) {
      const word = turn.words.shift();
      if (word === undefined) {
        this.end('completed');
        return;
      }
      const act = this.#words[word] ?? (() => this.#message(turn, word));
      if (act(turn) === 'stop') return;
    }
  }

  end(outcome: 'completed' | 'failed' | 'interrupted'): Onward {
    const { turn, connectionId } = this;
    if (turn === null) return 'stop';
    this.turn = null;
    if (turn.message !== null) turn.message.outcome = outcome;
    const cause = outcome === 'failed' ? failure('PROVIDER_ERROR', 'the model failed') : null;
    this.say({ type: 'provider.turnEnded', connectionId, ...byNative(turn.native), outcome, failure: cause });
    return 'stop';
  }

  /** Everything that was asked is answered: the turn goes on. */
  answered(nativeRequestId: string): void {
    if (this.turn?.openRequests.delete(nativeRequestId) && this.turn.openRequests.size === 0) this.goOn();
  }

  #message(turn: LiveTurn, text: string): Onward {
    const native = this.#parts.world.next('item');
    this.#item(turn, native, null);
    const itemId = itemIdOf(turn.native, native);
    const length = text === LONG ? 1 : Math.max(1, Math.ceil(text.length / 2));
    for (let from = 0; from < text.length; from += length) {
      const piece = text.slice(from, from + length);
      this.say({ type: 'provider.itemDelta', connectionId: this.connectionId, itemId, text: piece });
    }
    this.#item(turn, native, text);
    return 'go';
  }

  #compaction(turn: LiveTurn): Onward {
    const { connectionId } = this;
    const native = this.#parts.world.next('item');
    this.#item(turn, native, null, { kind: 'compaction' });
    this.say({ type: 'provider.usageReported', connectionId, usage: COMPACTED });
    this.#item(turn, native, '', { kind: 'compaction' });
    return 'go';
  }

  /** Starts the item, or completes it with its text. */
  // oxlint-disable-next-line eslint/max-params -- what it says and what it is
  #item(turn: LiveTurn, native: string, text: string | null, body: ItemBody = MESSAGE): void {
    const item: ItemDraft = {
      itemId: itemIdOf(turn.native, native),
      body,
      text: text ?? '',
      status: text === null ? 'open' : 'completed',
    };
    const type = text === null ? 'provider.itemStarted' : 'provider.itemCompleted';
    this.say({ type, connectionId: this.connectionId, ...byNative(turn.native), item });
  }

  #ask(turn: LiveTurn, body: RequestBody): Onward {
    const { connectionId } = this;
    const native = `${turn.native}.${turn.requestCount}`;
    turn.requestCount += 1;
    turn.openRequests.add(native);
    const request: RequestDraft = {
      requestId: requestIdOf(connectionId, native),
      nativeRequestId: native,
      body,
      decisions: body.kind === 'question' ? [] : ['accept', 'acceptForSession', 'decline', 'cancel'],
    };
    const place = { connectionId, ...byNative(turn.native), owner: 'turn' } as const;
    this.say({ type: 'provider.requestOpened', ...place, request });
    return 'stop';
  }

  #lose(): Onward {
    this.#parts.forget();
    const cause = failure('CONNECTION_LOST', 'the session is gone', { class: 'transport' });
    this.say({ type: 'connection.lost', connectionId: this.connectionId, failure: cause });
    return 'stop';
  }
}

const MESSAGE: ItemBody = { kind: 'assistant_message' };
const COMPACTED: Usage = {
  inputTokens: 20,
  cachedInputTokens: 0,
  outputTokens: 10,
  reasoningTokens: 0,
  contextTokens: 5,
  contextWindow: 100,
};
const COMMAND: RequestBody = { kind: 'command', command: 'rm -rf build' };
const QUESTION: RequestBody = {
  kind: 'question',
  questions: [{ questionId: 'q1', header: 'Colour', question: 'Which?', options: [], allowsText: true }],
};
const SECRET_QUESTION: RequestBody = {
  kind: 'question',
  questions: [
    { questionId: 'user', header: 'User', question: 'Who?', options: [], allowsText: true },
    {
      questionId: 'password',
      header: 'Password',
      question: 'Which?',
      options: [],
      allowsText: true,
      secret: true,
      minLength: 4,
    },
  ],
};
