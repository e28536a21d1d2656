/** Every arrow of the charts against the running server: what the gateway relays is what the charts alone would be. */
import { describe, expect, it } from 'vitest';
import { threadIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import {
  COMMAND_INPUT_TYPES,
  PROVIDER_INPUT_TYPES,
  RUNTIME_INPUT_TYPES,
  TIMER_INPUT_TYPES,
  type ThreadInput,
} from '../../machines/domain/input.ts';
import type { Client } from '../../server/client/client.ts';
import type { ThreadView } from '../../server/client/thread-view.ts';
import { until } from '../helpers/until.ts';
import type { Bounds } from './environment.ts';
import { written, type Way } from './explore.ts';
import { ModelThread } from './model-thread.ts';
import { inputAt, valuesOf, waysOverAllArrows } from './named-paths.ts';
import { PuppetServer } from './puppet-server.ts';

const BOUNDS: Bounds = { prompts: 1, requests: 1, sideRequests: 0, sideTurns: 0, nativeSteer: false };
const FOLDING: Bounds = { ...BOUNDS, requests: 0, folds: 1 };

class Walker {
  readonly #server: PuppetServer;
  readonly #client: Client;
  readonly threadId: string;
  #view: ThreadView | null = null;
  #idCount = 100;
  readonly types = new Set<string>();
  stepCount = 0;

  constructor(server: PuppetServer, client: Client, threadId: string) {
    this.#server = server;
    this.#client = client;
    this.threadId = threadId;
  }

  async walk(way: Way): Promise<void> {
    const { threadId } = this;
    await this.#client.dispatch({
      type: 'thread.create',
      threadId,
      cwd: `/w/${threadId}`,
      instanceId: 'i',
      title: '',
    });
    const following = this.#client.subscribeThread(threadId, { onView: (view) => (this.#view = view) });
    const [first] = this.#entries();
    const model = new ModelThread(first?.input ?? {});
    for (const [index, move] of way.entries()) {
      const { charts, timers } = model;
      const input = inputAt(
        move,
        { threadId, charts, timers },
        (letter) => `${letter}${(this.#idCount += 1)}`,
      );
      await this.#server.play(threadId, input).catch((cause: unknown) => {
        throw new Error(
          `${written(way.slice(0, index + 1))} as ${JSON.stringify(input)} in ${valuesOf(charts)}`,
          { cause },
        );
      });
      this.stepCount += 1;
      this.types.add(input.type);
      const shown = this.#isDeleted ? null : this.#entries().at(-1)?.input;
      model.step((shown ?? input) as ThreadInput);
      await this.#compare(model, written(way.slice(0, index + 1)));
    }
    following.end();
  }

  #entries() {
    const { entries } = this.#server.runtime.reads.entries(this.#id, 0, {
      limit: 1000,
      deltas: true,
    });
    return entries.filter(({ kind }) => kind === 'input');
  }

  /** What is being deleted is not shown any more: its actors are looked at until they are gone. */
  async #compare(model: ModelThread, way: string): Promise<void> {
    const { runtime } = this.#server;
    if (this.#isDeleted) {
      const actor = runtime.threads.peek(this.#id)?.actor;
      if (actor !== undefined)
        expect({ way, at: valuesOf(actor.charts) }).toEqual({ way, at: valuesOf(model.charts) });
      return;
    }
    const { version } = runtime.reads.version(this.#id);
    await until(() => (this.#view?.version ?? 0) >= version);
    const timers = this.#view?.machine?.timers.map(({ name }) => name).toSorted();
    expect({ way, ...this.#view?.machine, timers }).toEqual(
      JSON.parse(JSON.stringify({ way, ...model.state })),
    );
  }

  get #isDeleted(): boolean {
    return this.#server.journal.threadState(this.#id)?.removal !== 'none';
  }

  get #id(): ThreadId {
    return threadIdSchema.parse(this.threadId);
  }
}

describe('every arrow of the charts leads to the state that the gateway relays', { timeout: 300_000 }, () => {
  const types = new Set<string>(['thread.create']);

  const isOfFolding = (way: Way): boolean =>
    way.some(({ input }) => input.type === 'provider.foldingChanged');

  it.each([
    { name: 'steers as attempts', bounds: BOUNDS, wayCount: 940, leastSteps: 4_400 },
    {
      name: 'native steers',
      bounds: { ...BOUNDS, nativeSteer: true },
      wayCount: 890,
      leastSteps: 4_200,
    },
    // the other ways are gone already
    { name: 'work that folds prompts', bounds: FOLDING, only: isOfFolding, wayCount: 35, leastSteps: 184 },
  ])('with $name', async ({ name, bounds, only = () => true, wayCount, leastSteps }) => {
    const ways = waysOverAllArrows(bounds).filter(only);
    const server = new PuppetServer(bounds.nativeSteer);
    const client = await server.start();
    let stepCount = 0;
    for (const [index, way] of ways.entries()) {
      const walker = new Walker(server, client, `t${index + 1}`);
      await walker.walk(way);
      for (const type of walker.types) types.add(type);
      stepCount += walker.stepCount;
    }
    console.log(`${name}: ${ways.length} ways, ${stepCount} steps`);
    expect(ways.length).toBeGreaterThanOrEqual(wayCount);
    expect(stepCount).toBeGreaterThanOrEqual(leastSteps);
  });

  it('by every catalogued input', () => {
    const all = [
      ...COMMAND_INPUT_TYPES,
      ...PROVIDER_INPUT_TYPES,
      ...TIMER_INPUT_TYPES,
      ...RUNTIME_INPUT_TYPES,
    ];
    // a server that has a repository: test/runtime/worktrees.test.ts, checkpoints.test.ts
    const others = all.filter((type) => !/^(worktree|checkpoint|restore)\./.test(type));
    // what goes on between threads and sessions is in the rules, the crashes and the runtime's tests
    expect(others.filter((type) => !types.has(type))).toEqual([
      'thread.fork',
      'thread.mergeBack',
      'thread.switchProvider',
      'task.delegate',
      'task.acknowledge',
      'provider.agentStarted',
      'handOver.timedOut',
      'transfer.built',
      'transfer.failed',
    ]);
  });
});
