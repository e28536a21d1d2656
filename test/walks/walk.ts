/** One walk: two clients, a provider with faults, a server that dies; and what has to hold whatever they do. */
import { RuntimeError } from '../../machines/domain/error.ts';
import { commandIdSchema } from '../../machines/domain/ids.ts';
import type { Client, DispatchResult, Following, GivenCommand } from '../../server/client/client.ts';
import { connect } from '../../server/client/node.ts';
import type { ThreadView } from '../../server/client/thread-view.ts';
import { canonicalJson } from '../../server/runtime/fingerprint.ts';
import { threadId as idOf } from '../helpers/server-runs.ts';
import { until } from '../helpers/until.ts';
import type { Action, Wish } from './action.ts';
import { WalkServer } from './walk-server.ts';

const THREADS = ['t1', 't2'].map(idOf);
const INSTANCE = 'scripted';

type Disturbance = Exclude<
  Action,
  { readonly do: 'command' | 'at once' | 'repeat' | 'server dies' | 'time' }
>;

interface Asked {
  readonly commandId: string;
  readonly command: GivenCommand;
  readonly answers: (DispatchResult | RuntimeError)[];
  isOpen: boolean;
}

/** What one client has of one thread. */
interface Followed {
  readonly following: Following;
  view: ThreadView | null;
}

export class Walk {
  readonly server = new WalkServer();
  readonly #clients: Client[] = [];
  readonly #followed: Followed[] = [];
  readonly #asked: Asked[] = [];
  readonly #broken: string[] = [];

  /** @throws {Error} at the first thing that does not hold */
  async go(actions: readonly Action[]): Promise<void> {
    await this.#begin();
    for (const action of actions) await this.#act(action);
    await this.#end();
  }

  async close(): Promise<void> {
    for (const { following } of this.#followed) following.end();
    for (const client of this.#clients) client.close();
    await this.server.stop();
  }

  async #begin(): Promise<void> {
    await this.server.start();
    const backoff = { baseMs: 1, mostMs: 5 };
    const { url, token } = this.server;
    for (let count = 0; count < 2; count += 1) this.#clients.push(await connect({ url, token, backoff }));
    for (const threadId of THREADS) {
      await this.#ask(0, { type: 'thread.create', threadId, cwd: '/work', instanceId: INSTANCE });
      for (const client of this.#clients) this.#follow(client, threadId);
    }
  }

  #follow(client: Client, threadId: string): void {
    const followed: Followed = {
      view: null,
      following: client.subscribeThread(threadId, {
        onView: (view) => (followed.view = view),
        onState: ({ status, activeTurnId }) => {
          const isActive = status === 'starting' || status === 'running';
          if (isActive !== (activeTurnId !== null)) this.#broken.push(`${status} with turn ${activeTurnId}`);
        },
      }),
    };
    this.#followed.push(followed);
  }

  async #act(action: Action): Promise<void> {
    const { server } = this;
    switch (action.do) {
      case 'command':
        return this.#ask(action.client, this.#commandOf(action.of, action.thread));
      case 'at once': {
        const commands = action.of.map((wish) => this.#commandOf(wish, action.thread));
        return void (await Promise.all(commands.map((command, client) => this.#ask(client, command))));
      }
      case 'repeat':
        return this.#repeat(action.client, this.#asked.at(-1 - action.back));
      case 'server dies':
        return server.dieAndStart();
      case 'time':
        return server.pass(action.ms);
      default:
        this.#disturb(action);
    }
  }

  #disturb(action: Disturbance): void {
    const { world, store, run } = this.server;
    if (action.do === 'disconnect') this.#clients[action.client]?.drop();
    else if (action.do === 'fault') Object.assign(world.faults, action.faults);
    else if (action.do === 'mend') this.#mend();
    else if (action.do === 'provider dies') run.provider.die();
    else if (action.do === 'provider begins') this.#beginOwn(action.text);
    else store.failNextCommit = action.when;
  }

  async #repeat(client: number, asked: Asked | undefined): Promise<void> {
    if (asked !== undefined) await this.#send(client, asked);
  }

  #mend(): void {
    const { faults } = this.server.world;
    for (const name of Object.keys(faults)) Reflect.deleteProperty(faults, name);
  }

  #beginOwn(text: string): void {
    const { provider } = this.server.run;
    const [connectionId] = provider.connectionIds;
    if (connectionId !== undefined && provider.session(connectionId).turn === null)
      provider.begin(connectionId, text);
  }

  /** What is named is there, or nothing of that kind is. */
  #commandOf({ type, text, mode, decision }: Wish, thread: number): GivenCommand {
    const threadId = THREADS[thread] ?? THREADS[0];
    const { journal } = this.server.run;
    const queueEntryId = journal.threadState(idOf(String(threadId)))?.queue.entries[0]?.turnId ?? 'none';
    const request = journal.openRequests(idOf(String(threadId)))[0];
    const answer = request?.body.kind === 'question' ? { answers: { q1: ['red'] } } : { decision };
    const more: Readonly<Record<string, object>> = {
      'turn.submit': { text, mode },
      'request.respond': { requestId: request?.requestId ?? 'none', ...answer },
      'queue.cancel': { queueEntryId },
      'queue.promote': { queueEntryId },
      'thread.setTitle': { title: 'another' },
    };
    return { type, threadId, ...more[type] } as GivenCommand;
  }

  #ask(client: number, command: GivenCommand): Promise<void> {
    const asked: Asked = { commandId: `c${this.#asked.length + 1}`, command, answers: [], isOpen: false };
    this.#asked.push(asked);
    return this.#send(client, asked);
  }

  /** While the store fails a command waits until time goes on. */
  async #send(client: number, asked: Asked): Promise<void> {
    asked.isOpen = true;
    let isAnswered = false;
    const answered = this.#clients[client]
      ?.dispatch(asked.command, { commandId: asked.commandId })
      .then(
        (result) => asked.answers.push(result),
        (error: RuntimeError) => asked.answers.push(error),
      )
      .then(() => {
        asked.isOpen = false;
        isAnswered = true;
      });
    await until(async () => {
      if (!isAnswered && !this.server.run.runtime.isReady()) await this.server.pass(1_000);
      return isAnswered;
    });
    await answered;
  }

  async #end(): Promise<void> {
    this.#mend();
    this.server.store.failNextCommit = null;
    for (let round = 0; round < 8; round += 1) await this.server.pass(700_000);
    const { run, world } = this.server;
    this.server.check();
    if (this.#broken.length > 0) throw new Error(this.#broken.join('\n'));
    if (new Set(world.received).size !== world.received.length)
      throw new Error('a prompt was received twice');
    this.#asked.forEach((asked) => this.#mustBeOnce(asked));
    for (const thread of run.runtime.threads.loaded()) {
      const isWaiting = thread.actor.charts.turn?.hasTag('person') === true;
      if (!thread.isSettled && !isWaiting) throw new Error(`${thread.threadId} does not settle`);
    }
    await this.#mustBeSeen();
  }

  /** One effect at most, and every answer after the first says so. */
  #mustBeOnce({ commandId, command, answers }: Asked): void {
    const results = answers.filter((answer): answer is DispatchResult => !(answer instanceof Error));
    const firsts = results.filter(({ duplicate }) => !duplicate);
    const bodies = new Set(results.map((result) => canonicalJson({ ...result, duplicate: true })));
    const what = `${commandId} ${command.type}`;
    if (firsts.length > 1) throw new Error(`${what} took effect twice`);
    if (bodies.size > 1) throw new Error(`${what} has two results`);
    const hasReceipt = this.server.run.journal.receipt(commandIdSchema.parse(commandId)) !== null;
    if (results.length > 0 && !hasReceipt) throw new Error(`${what} was acknowledged and is lost`);
    const bad = answers.find((answer) => answer instanceof RuntimeError && answer.code === 'INTERNAL');
    if (bad instanceof Error) throw new Error(`${what}: ${bad.message}`);
  }

  /** Both clients hold what the server holds, and found no gap. */
  async #mustBeSeen(): Promise<void> {
    const { reads } = this.server.run.runtime;
    for (const [index, followed] of this.#followed.entries()) {
      const threadId = THREADS[Math.floor(index / this.#clients.length)];
      if (threadId === undefined) continue;
      const { version, snapshot } = reads.snapshot(threadId, { before: null, limit: 200 });
      await until(() => followed.view?.version === version);
      if (followed.following.gapCount > 0) throw new Error('a client found a gap');
      const { state } = followed.view ?? {};
      same('thread', { ...state?.settings, ...state?.row }, snapshot.thread);
      same('queue', state?.queue, snapshot.queue);
      const requests = [...(followed.view?.requests.values() ?? [])].filter(
        ({ status }) => status !== 'closed',
      );
      same('requests', requests.length, snapshot.requests.length);
    }
  }
}

function same(what: string, actual: unknown, expected: unknown): void {
  const [left, right] = [actual, expected].map((value) =>
    canonicalJson(JSON.parse(JSON.stringify({ value }))),
  );
  if (left !== right) throw new Error(`${what}\n  client ${left}\n  server ${right}`);
}
