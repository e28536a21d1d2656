/** One walk over a server in a process of its own, which is killed in the middle of what it does. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { GivenCommand } from '../../server/client/client.ts';
import type { ThreadView } from '../../server/client/thread-view.ts';
import { until } from '../helpers/until.ts';
import type { ProcessAction, Wish } from './action.ts';
import { commandOf } from './command-of.ts';
import { compareView } from './compare-view.ts';
import { checkWalk } from './reference-model.ts';
import { WalkFailure } from './walk-failure.ts';
import { WalkProcess, type Remains } from './walk-process.ts';
import { Walkers } from './walkers.ts';

const THREADS = ['t1', 't2'] as const;
/** A thread may be looked up for a minute after a restart; a loaded machine takes its time besides. */
const WAIT_MS = 120_000;

const threadOf = (thread: number): string => THREADS[thread] ?? THREADS[0];

const requestIn = (view: ThreadView | null): RequestRow | undefined =>
  [...(view?.requests.values() ?? [])].find(({ status }) => status === 'open');

export class ProcessWalk {
  readonly server = new WalkProcess();
  /** What the agent was handed, once the walk is over. */
  handedCount = 0;
  #walkers: Walkers | null = null;

  /** @throws {Error} at the first thing that does not hold */
  async go(actions: readonly ProcessAction[]): Promise<void> {
    await this.#begin();
    for (const action of actions) await this.#act(action);
    const remains = await this.#end();
    this.handedCount = remains.handed.length;
    try {
      const { asked, seen } = this.#people;
      checkWalk({ asked, seen, ...remains });
    } catch (error) {
      throw new WalkFailure(error, remains.entries);
    }
  }

  async close(): Promise<void> {
    this.#walkers?.close();
    await this.server.remove();
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
      wait: async (isSo, describe) => void (await until(isSo, { timeoutMs: WAIT_MS, describe })),
    });
    const place = { cwd: server.workspace, instanceId: 'codex' };
    for (const threadId of THREADS) await this.#people.create(threadId, place);
  }

  async #act(action: ProcessAction): Promise<void> {
    switch (action.do) {
      case 'command':
      case 'at once':
      case 'repeat':
      case 'disconnect':
        return this.#people.act(action, (wish, thread) => this.#commandOf(wish, thread));
      case 'rest':
        return this.#rest(action.thread);
      case 'server is killed':
        return this.#kill(action);
    }
  }

  async #rest(thread: number): Promise<void> {
    const isQuiet = (): boolean => {
      const view = this.#viewOf(thread);
      const last = [...(view?.items.values() ?? [])].toSorted((a, b) => a.ordinal - b.ordinal).at(-1);
      const isWaiting = last?.text === 'waiting' || requestIn(view) !== undefined;
      return isWaiting || view?.machine?.tags.includes('settled') === true;
    };
    await until(isQuiet, { timeoutMs: WAIT_MS, describe: `${threadOf(thread)} at rest, or waiting` });
  }

  #viewOf(thread: number): ThreadView | null {
    return this.#people.seen.find(({ threadId }) => threadId === threadOf(thread))?.view ?? null;
  }

  /** The client that waits for its answer learns of nothing, and asks again by itself. */
  async #kill({
    thread,
    during,
    afterMs,
  }: Extract<ProcessAction, { do: 'server is killed' }>): Promise<void> {
    const asking = this.#people.ask(0, this.#commandOf(during, thread));
    await delay(afterMs);
    await Promise.all([asking, this.server.killAndStart()]);
  }

  /** About what the first client sees, be it gone meanwhile. */
  #commandOf(wish: Wish, thread: number): GivenCommand {
    const view = this.#viewOf(thread);
    const queueEntryId = view?.state?.queue.entries[0]?.turnId;
    return commandOf(wish, { threadId: threadOf(thread), queueEntryId, request: requestIn(view) });
  }

  /** After a last kill every thread comes to rest by itself, and is shown as it is. */
  async #end(): Promise<Remains> {
    await this.server.killAndStart();
    for (const threadId of THREADS) {
      const { snapshot, version } = await until(() => this.#atRest(threadId), {
        timeoutMs: WAIT_MS,
        describe: `${threadId} at rest, and shown so`,
      });
      for (const seen of this.#people.seen.filter((each) => each.threadId === threadId))
        compareView(seen, { snapshot, version });
    }
    return this.server.finish();
  }

  async #atRest(threadId: string) {
    const shown = await this.#people.shown(threadId);
    const isSeen = this.#people.seen.every(
      (seen) => seen.threadId !== threadId || seen.view?.version === shown.version,
    );
    return isSeen && shown.snapshot.machine.tags.includes('settled') ? shown : null;
  }
}
