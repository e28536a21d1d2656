import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Client } from '../../server/client/client.ts';
import { connect } from '../../server/client/node.ts';
import type { ThreadView } from '../../server/client/thread-view.ts';
import { CuttingProxy } from '../helpers/cutting-proxy.ts';
import type { FakeRuntime } from '../helpers/fake-runtime.ts';
import { RandomThread } from '../helpers/random-thread.ts';
import { Random } from '../helpers/random.ts';
import { startGateway } from '../helpers/start-gateway.ts';
import { until } from '../helpers/until.ts';

const CUT_COUNT = 1_000;
const CLIENT_COUNT = 4;
/** The stream waits for clients that are further behind, so that the journal does not outgrow the test. */
const MOST_BEHIND_COUNT = 60;

interface Follower {
  readonly client: Client;
  readonly seen: string[];
  readonly resyncs: string[];
  readonly gapCount: () => number;
  view: ThreadView | null;
}

const nameOf = (version: number, fact: object): string => `${version} ${JSON.stringify(fact)}`;

function journalOf(runtime: FakeRuntime, after: number): string[] {
  return runtime
    .thread('a')
    .entries.filter((entry) => entry.version > after)
    .flatMap((entry) => entry.facts.map((fact) => nameOf(entry.version, fact)));
}

async function follow(url: string, token: string): Promise<Follower> {
  const client = await connect({ url, token, backoff: { baseMs: 1, mostMs: 2 } });
  onTestFinished(() => client.close());
  const seen: string[] = [];
  const resyncs: string[] = [];
  const following = client.subscribeThread('a', {
    onView: (view) => (follower.view = view),
    onEvent: ({ version, fact }) => seen.push(nameOf(version, fact)),
    onResync: (reason) => resyncs.push(reason),
  });
  const follower: Follower = { client, seen, resyncs, gapCount: () => following.gapCount, view: null };
  await until(() => follower.view);
  return follower;
}

/** The client's view is what the server holds, rows that no page showed included. */
function expectEqualViews(view: ThreadView | null, runtime: FakeRuntime): void {
  const thread = runtime.thread('a');
  expect(view?.state).toEqual(thread.state);
  expect(view?.items).toEqual(thread.items);
  expect(view?.turns).toEqual(thread.turns);
  expect(view?.requests).toEqual(thread.requests);
  expect(view?.machine).toEqual(thread.machineState());
}

describe('clients whose line breaks a thousand times in the middle of a stream', () => {
  it('get every event once, and hold what the server holds', { timeout: 60_000 }, async () => {
    const random = new Random(20_261_121);
    const { runtime, server, token } = await startGateway();
    const proxy = await CuttingProxy.start(server.port);
    runtime.create('a');
    const thread = new RandomThread(runtime, 'a', random);
    const followers = await Promise.all(Array.from({ length: CLIENT_COUNT }, () => follow(proxy.url, token)));
    proxy.nextBytes = () => 100 + random.below(20_000);
    // the lines that hold are cut as well
    for (const { client } of followers) client.drop();
    const versionOf = (): number => runtime.thread('a').entries.length;
    const isBehind = (): boolean =>
      followers.some(({ view }) => versionOf() - (view?.version ?? 0) > MOST_BEHIND_COUNT);
    while (proxy.cutCount < CUT_COUNT) {
      if (!isBehind()) thread.tick();
      await nextTurn();
    }
    proxy.nextBytes = () => Infinity;
    thread.tick();
    runtime.commit('a', { type: 'thread.titleSet', title: 'the end' });
    await until(() => followers.every(({ view }) => view?.state?.row.title === 'the end'));
    const journal = journalOf(runtime, 1);
    expect(journal.length).toBeGreaterThan(2_000);
    for (const { seen, resyncs, gapCount, view } of followers) {
      expect(seen).toEqual(journal);
      expect(resyncs).toEqual([]);
      expect(gapCount()).toBe(0);
      expectEqualViews(view, runtime);
    }
    expect(server.gateway.stats.resyncs).toEqual({});
  });

  it('hold what the server holds after it came back with less', async () => {
    const random = new Random(7);
    const { runtime, token, url } = await startGateway();
    runtime.create('a');
    const thread = new RandomThread(runtime, 'a', random);
    const follower = await follow(url, token);
    for (let index = 0; index < 50; index += 1) thread.tick();
    await until(() => follower.view?.version === runtime.thread('a').entries.length);
    runtime.restart(runtime.reads.sequence() - 20);
    follower.client.drop();
    await until(() => follower.resyncs.length === 1);
    runtime.commit('a', { type: 'thread.titleSet', title: 'the end' });
    await until(() => follower.view?.state?.row.title === 'the end');
    expect(follower.resyncs).toEqual(['rewound']);
    const state = runtime.thread('a').state;
    // no snapshot says how many turns were begun
    expect(follower.view?.state).toEqual({ ...state, turnOrdinal: null });
    const { items } = runtime.thread('a').snapshot({ before: null, limit: 50 });
    expect(new Map(follower.view?.items)).toEqual(new Map(items.map((item) => [item.itemId, item])));
  });

  it('resume over a restart that lost nothing, without a resync', async () => {
    const { runtime, token, url } = await startGateway();
    runtime.create('a');
    const thread = new RandomThread(runtime, 'a', new Random(8));
    const follower = await follow(url, token);
    for (let round = 0; round < 5; round += 1) {
      for (let index = 0; index < 10; index += 1) thread.tick();
      await until(() => follower.view?.version === runtime.thread('a').entries.length);
      runtime.restart();
      follower.client.drop();
      for (let index = 0; index < 10; index += 1) thread.tick();
    }
    runtime.commit('a', { type: 'thread.titleSet', title: 'the end' });
    await until(() => follower.view?.state?.row.title === 'the end');
    expect(follower.seen).toEqual(journalOf(runtime, 1));
    expect(follower.resyncs).toEqual([]);
    expectEqualViews(follower.view, runtime);
  });
});
