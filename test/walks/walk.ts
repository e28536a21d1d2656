/** One walk: two clients, a provider with faults, a server that dies; and what has to hold whatever they do. */
import type { GivenCommand } from '../../server/client/client.ts';
import { threadId as idOf } from '../helpers/server-runs.ts';
import type { Action, Wish } from './action.ts';
import { commandOf } from './command-of.ts';
import { compareView } from './compare-view.ts';
import { checkWalk } from './reference-model.ts';
import { WalkServer } from './walk-server.ts';
import { Walkers } from './walkers.ts';

const THREADS = ['t1', 't2'] as const;
const PLACE = { cwd: '/work', instanceId: 'scripted' };

/** Looks at what is awaited, each after all that was due, until it is clear that nothing moves any more. */
const MOST_LOOKS = 3_000;

type Disturbance = Extract<
  Action,
  { readonly do: 'fault' | 'mend' | 'provider dies' | 'provider begins' | 'commit fails' }
>;

export class Walk {
  readonly server = new WalkServer();
  #walkers: Walkers | null = null;

  /** @throws {Error} at the first thing that does not hold */
  async go(actions: readonly Action[]): Promise<void> {
    await this.#begin();
    for (const action of actions) await this.#act(action);
    await this.#end();
  }

  async close(): Promise<void> {
    this.#walkers?.close();
    await this.server.stop();
  }

  get #people(): Walkers {
    if (this.#walkers === null) throw new Error('the walk has not begun');
    return this.#walkers;
  }

  async #begin(): Promise<void> {
    const { server } = this;
    await server.start();
    this.#walkers = await Walkers.connect({
      url: server.url,
      token: server.token,
      wait: (isSo, what) => this.#wait(isSo, what),
    });
    for (const threadId of THREADS) await this.#people.create(threadId, PLACE);
  }

  async #act(action: Action): Promise<void> {
    const { server } = this;
    switch (action.do) {
      case 'command':
      case 'at once':
      case 'repeat':
      case 'disconnect':
        return this.#people.act(action, (wish, thread) => this.#commandOf(wish, thread));
      case 'server dies':
        return server.dieAndStart();
      case 'time':
        return server.pass(action.ms);
      default:
        this.#disturb(action);
    }
  }

  #disturb(action: Disturbance): void {
    const { server } = this;
    if (action.do === 'fault') Object.assign(server.world.faults, action.faults);
    else if (action.do === 'mend') server.mend();
    else if (action.do === 'provider dies') server.run.provider.die();
    else if (action.do === 'provider begins') this.#beginOwn(action.text);
    else server.store.failNextCommit = action.when;
  }

  #beginOwn(text: string): void {
    const { provider } = this.server.run;
    const [connectionId] = provider.connectionIds;
    if (connectionId !== undefined && provider.session(connectionId).turn === null)
      provider.begin(connectionId, text);
  }

  /** What is named is there, or nothing of that kind is. */
  #commandOf(wish: Wish, thread: number): GivenCommand {
    const threadId = idOf(THREADS[thread] ?? THREADS[0]);
    const { journal } = this.server.run;
    const queueEntryId = journal.threadState(threadId)?.queue.entries[0]?.turnId;
    return commandOf(wish, { threadId, queueEntryId, request: journal.openRequests(threadId)[0] });
  }

  /** While the store fails a command waits until time goes on. */
  async #wait(isSo: () => boolean, what: string): Promise<void> {
    for (let count = 0; !isSo(); count += 1) {
      if (count > MOST_LOOKS) throw new Error(`nothing moves any more: there is no sign of ${what}`);
      if (this.server.run.runtime.isReady()) await this.server.breathe(count);
      else await this.server.pass(1_000);
    }
  }

  async #end(): Promise<void> {
    const { server } = this;
    server.mend();
    server.store.failNextCommit = null;
    for (let round = 0; round < 8; round += 1) await server.pass(700_000);
    const { asked, seen } = this.#people;
    const refused = seen.find(({ refusal }) => refusal !== null);
    if (refused !== undefined)
      throw new Error(`client ${refused.client} may not follow ${refused.threadId}`, {
        cause: refused.refusal,
      });
    const isShown = (): boolean =>
      seen.every(({ view, threadId }) => view?.version === server.run.journal.threadVersion(idOf(threadId)));
    await this.#wait(isShown, 'clients that have seen everything');
    const { committed, world } = server;
    const prompts = world.received.map((id) => ({ kind: 'prompt' as const, id }));
    const answers = world.performed.flatMap((effect) =>
      effect.type === 'request.answer' ? [{ kind: 'answer' as const, id: String(effect.requestId) }] : [],
    );
    const receipts = new Set<string>(server.store.receipts.keys());
    checkWalk({ asked, seen, entries: committed, receipts, handed: [...prompts, ...answers] });
    this.#compareViews();
    server.check();
  }

  /** Both clients hold what the server holds. */
  #compareViews(): void {
    const { reads } = this.server.run.runtime;
    for (const seen of this.#people.seen)
      compareView(seen, reads.snapshot(idOf(seen.threadId), { before: null, limit: 200 }));
  }
}
