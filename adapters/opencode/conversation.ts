import type { TurnKey } from '../../machines/domain/effect.ts';
import type { ItemId } from '../../machines/domain/ids.ts';
import type { ItemBody } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { AssistantMessage, MessageError, Tokens } from './wire.ts';

/** The prompt that is being answered. opencode names no turns: it is known by the id of its message. */
export interface HeardTurn {
  readonly nativeTurnId: string;
  /** `null`: nobody here has asked for it. */
  readonly key: TurnKey | null;
  isAccepted: boolean;
  isStarted: boolean;
  /** The newest message of the model; each step has one of its own. */
  newest: AssistantMessage | null;
  /** The last error that was told. It may be recovered from. */
  error: MessageError | null;
  /** An interrupt was sent. */
  isInterrupted: boolean;
  /** What a prompt of somebody else says, until its turn has begun. */
  prompt: readonly ProviderReport[];
}

/** What was told of a part. */
export interface HeardPart {
  readonly itemId: ItemId;
  /** Of a tool's call. */
  readonly body: ItemBody | null;
  readonly text: string;
  /** Nobody knows yet what it is called with. */
  readonly isPending: boolean;
  readonly isDone: boolean;
}

/** A message of the model. */
export interface HeardMessage {
  readonly nativeTurnId: string;
  /** The gist of a compaction is not for the transcript. */
  readonly isSummary: boolean;
  /** Its tokens have been counted. */
  readonly isDone: boolean;
}

const NO_TOKENS: Tokens = { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } };

/** Turns whose late words are still put in their place. */
const KEPT_TURN_COUNT = 3;

/** What was heard of a session of opencode, as far as its next words cannot be understood without it. */
export class Conversation {
  turn: HeardTurn | null = null;
  /** A compaction that was asked for, until its message is there: only that says its id. */
  compacting: TurnKey | null = null;
  /** Of any message, ours too; the next one comes after it. */
  newestId: string;
  /** Tokens of the whole session. */
  tokens: Tokens = NO_TOKENS;
  contextWindow: number | null = null;
  /** The item of the compaction that is under way. */
  compaction: ItemId | null = null;
  readonly messages = new Map<string, HeardMessage>();
  readonly parts = new Map<string, HeardPart>();
  /** A message of the user, or in the user's name → the turn that it belongs to. */
  readonly #turnOf = new Map<string, string>();

  constructor(newestId: string) {
    this.newestId = newestId;
  }

  /** No turn has begun. */
  get isUnused(): boolean {
    return this.#turnOf.size === 0;
  }

  /** A prompt is sent, or one was found that is none of ours. */
  begin(nativeTurnId: string, key: TurnKey | null): HeardTurn {
    const turn: HeardTurn = {
      nativeTurnId,
      key,
      isAccepted: false,
      isStarted: false,
      newest: null,
      error: null,
      isInterrupted: false,
      prompt: [],
    };
    this.turn = turn;
    this.join(nativeTurnId, nativeTurnId);
    this.note(nativeTurnId);
    this.#forgetOld();
    return turn;
  }

  /** The part that became an item. */
  partOf(itemId: ItemId): HeardPart | null {
    return [...this.parts.values()].findLast((part) => part.itemId === itemId) ?? null;
  }

  join(messageId: string, nativeTurnId: string): void {
    this.#turnOf.set(messageId, nativeTurnId);
  }

  /** The turn that a message of the user belongs to. */
  turnOf(messageId: string): string | null {
    return this.#turnOf.get(messageId) ?? null;
  }

  note(messageId: string): void {
    if (messageId > this.newestId) this.newestId = messageId;
  }

  #forgetOld(): void {
    const turns = [...new Set(this.#turnOf.values())];
    const old = new Set(turns.slice(0, -KEPT_TURN_COUNT));
    if (old.size === 0) return;
    for (const [id, turn] of this.#turnOf) if (old.has(turn)) this.#turnOf.delete(id);
    for (const [id, { nativeTurnId }] of this.messages) if (old.has(nativeTurnId)) this.messages.delete(id);
    for (const [id, { isDone }] of this.parts) if (isDone) this.parts.delete(id);
  }
}
