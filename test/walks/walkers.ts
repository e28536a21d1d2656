/** Two clients that ask and follow, and all that they asked for, were told and saw. */
import type { FactEvent } from '../../machines/domain/fact.ts';
import type { RuntimeError } from '../../machines/domain/error.ts';
import type { Client, DispatchResult, Following, GivenCommand } from '../../server/client/client.ts';
import { connect } from '../../server/client/node.ts';
import type { ResultOf } from '../../server/gateway/protocol.ts';
import type { ThreadView } from '../../server/client/thread-view.ts';
import type { ClientAction, Wish } from './action.ts';

export interface Asked {
  readonly commandId: string;
  readonly command: GivenCommand;
  /** In the order of their coming. */
  readonly answers: (DispatchResult | RuntimeError)[];
}

/** Events that follow each other; a `resync` begins another stretch. */
export interface Stretch {
  /** The version that the first event continues; `null` until that is known. */
  after: number | null;
  readonly events: FactEvent[];
}

/** What one client has of one thread. */
export interface Seen {
  readonly client: number;
  readonly threadId: string;
  readonly stretches: Stretch[];
  view: ThreadView | null;
  gapCount: number;
  /** Why nothing more is shown; `null`: it is. */
  refusal: RuntimeError | null;
}

export interface WalkersOptions {
  readonly url: string;
  readonly token: string;
  /** Waits until it is so; a server may need a push. @throws {Error} when nothing moves any more */
  readonly wait: (isSo: () => boolean, what: string) => Promise<void>;
}

const CLIENT_COUNT = 2;
const FAST_BACKOFF = { baseMs: 1, mostMs: 20 };

export class Walkers {
  readonly asked: Asked[] = [];
  readonly seen: Seen[] = [];
  readonly #options: WalkersOptions;
  readonly #clients: readonly Client[];
  readonly #followings: Following[] = [];

  private constructor(options: WalkersOptions, clients: readonly Client[]) {
    this.#options = options;
    this.#clients = clients;
  }

  static async connect(options: WalkersOptions): Promise<Walkers> {
    const { url, token } = options;
    const open = (): Promise<Client> => connect({ url, token, backoff: FAST_BACKOFF });
    return new Walkers(options, await Promise.all(Array.from({ length: CLIENT_COUNT }, open)));
  }

  /** Makes a thread that both follow from its first entry on. */
  async create(
    threadId: string,
    place: { readonly cwd: string; readonly instanceId: string },
  ): Promise<void> {
    await this.ask(0, { type: 'thread.create', threadId, ...place });
    this.#clients.forEach((client, index) => this.#follow(client, index, threadId));
    await this.#options.wait(() => this.seen.every(({ view }) => view !== null), 'first views');
  }

  /** Resolves when all that was asked for has its answer. */
  async act(action: ClientAction, commandOf: (wish: Wish, thread: number) => GivenCommand): Promise<void> {
    switch (action.do) {
      case 'command':
        return this.ask(action.client, commandOf(action.of, action.thread));
      case 'at once': {
        const commands = action.of.map((wish) => commandOf(wish, action.thread));
        return void (await Promise.all(commands.map((command, client) => this.ask(client, command))));
      }
      case 'repeat':
        return this.#repeat(action.client, action.back);
      case 'disconnect':
        return this.#drop(action.client);
    }
  }

  /** Resolves with the answer, over reconnects. A refusal is an answer. */
  ask(client: number, command: GivenCommand): Promise<void> {
    const asked: Asked = { commandId: `c${this.asked.length + 1}`, command, answers: [] };
    this.asked.push(asked);
    return this.#send(client, asked);
  }

  /** Asks again for what was asked for so many commands ago, with its id. */
  async #repeat(client: number, back: number): Promise<void> {
    const asked = this.asked.at(-1 - back);
    if (asked !== undefined) await this.#send(client, asked);
  }

  /** What the server shows now. */
  async shown(threadId: string): Promise<ResultOf<'orchestration.getThreadProjection'>> {
    const [client] = this.#clients;
    if (client === undefined) throw new Error('nobody walks');
    return client.call('orchestration.getThreadProjection', { threadId, limit: 200 });
  }

  #drop(client: number): void {
    this.#clients[client]?.drop();
  }

  close(): void {
    for (const following of this.#followings) following.end();
    for (const client of this.#clients) client.close();
  }

  async #send(client: number, { commandId, command, answers }: Asked): Promise<void> {
    const answeredCount = answers.length;
    this.#clients[client]?.dispatch(command, { commandId }).then(
      (result) => answers.push(result),
      (error: RuntimeError) => answers.push(error),
    );
    await this.#options.wait(
      () => answers.length > answeredCount,
      `an answer to ${commandId} ${command.type}`,
    );
  }

  #follow(client: Client, index: number, threadId: string): void {
    const stretches: Stretch[] = [{ after: null, events: [] }];
    const seen: Seen = { client: index, threadId, stretches, view: null, gapCount: 0, refusal: null };
    const following = client.subscribeThread(threadId, {
      onView: (view) => {
        seen.view = view;
        seen.gapCount = following.gapCount;
        const last = stretches.at(-1);
        if (last !== undefined) last.after ??= placeBefore(last.events, view.version);
      },
      // a frame carries its kind beside the event
      onEvent: ({ sequence, version, at, fact }) =>
        void stretches.at(-1)?.events.push({ sequence, version, at, fact }),
      onError: (error) => void (seen.refusal = error),
      onResync: () => void stretches.push({ after: null, events: [] }),
    });
    this.#followings.push(following);
    this.seen.push(seen);
  }
}

/** The first message of a stretch may hold more than the snapshot. */
const placeBefore = ([first]: readonly FactEvent[], version: number): number =>
  first === undefined ? version : first.version - 1;
