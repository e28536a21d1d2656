import { describe, expect, it, onTestFinished } from 'vitest';
import type { Client } from '../../server/client/client.ts';
import { connect } from '../../server/client/node.ts';
import type { ThreadView } from '../../server/client/thread-view.ts';
import type { WireSnapshot } from '../../server/gateway/frame.ts';
import { startServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';

interface Follower {
  view: ThreadView | null;
  readonly versions: string[];
  readonly resyncs: string[];
}

function follow(client: Client, threadId: string): Follower {
  const follower: Follower = { view: null, versions: [], resyncs: [] };
  client.subscribeThread(threadId, {
    onView: (view) => (follower.view = view),
    onEvent: ({ version, fact }) => follower.versions.push(`${version} ${fact.type}`),
    onResync: (reason) => follower.resyncs.push(reason),
  });
  return follower;
}

/** What a view and a snapshot both tell. */
function expectSame(view: ThreadView | null, snapshot: WireSnapshot): void {
  const { thread, machine: _, items, turn, requests, queue, usage, plan } = snapshot;
  expect({ ...view?.state?.settings, ...view?.state?.row }).toEqual(thread);
  expect([...(view?.items.values() ?? [])]).toEqual(items);
  expect(view?.turns.get(turn!.turnId)).toEqual(turn);
  expect([...(view?.requests.values() ?? [])].filter((each) => each.status !== 'closed')).toEqual(requests);
  expect(view?.state).toMatchObject({ queue, usage, plan });
}

const isOver = (view: ThreadView): boolean =>
  ['ready', 'error'].includes(view.state?.row.status ?? '') && view.state?.row.activeTurnId === null;

describe('a client of a whole server', () => {
  it('holds what the server holds, over turns, broken lines and restarts', { timeout: 30_000 }, async () => {
    const server = await startServer();
    const client = await connect({
      url: server.url,
      token: server.token,
      backoff: { baseMs: 5, mostMs: 20 },
    });
    onTestFinished(() => client.close());
    const { threadId } = await client.dispatch({
      type: 'thread.create',
      cwd: server.config.data,
      instanceId: 'scripted',
    });
    const follower = follow(client, threadId);
    await until(() => follower.view);
    for (let round = 1; round <= 6; round += 1) {
      if (round % 3 === 0) await server.restart();
      await client.dispatch({
        type: 'turn.submit',
        threadId,
        text: round % 2 === 0 ? 'open say late' : 'say fail',
      });
      if (round % 2 === 0) client.drop();
      await until(() => follower.view?.turns.size === round && isOver(follower.view), {
        describe: () => `turn ${round} is over: ${JSON.stringify(follower.view?.state?.row)}`,
      });
    }
    const { snapshot } = await client.call('orchestration.getThreadProjection', { threadId, limit: 200 });
    await until(() => follower.view?.state?.row.updatedAt === snapshot.thread.updatedAt);
    expectSame(follower.view, snapshot);
    const { events } = await client.call('orchestration.readEvents', { threadId });
    const journal = events.map(({ version, fact }) => `${version} ${fact.type}`);
    expect(follower.versions).toEqual(journal.slice(-follower.versions.length));
    expect(follower.resyncs).toEqual([]);
  });
});
