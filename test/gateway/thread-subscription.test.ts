import { describe, expect, it, vi } from 'vitest';
import type { ThreadFrame } from '../../server/gateway/frame.ts';
import { itemCompleted, itemStarted, statusChanged, turnBegan, turnEnded } from '../helpers/facts.ts';
import type { RawClient } from '../helpers/raw-client.ts';
import { startGateway } from '../helpers/start-gateway.ts';
import { until } from '../helpers/until.ts';

const kindsOf = (frames: readonly ThreadFrame[]): string[] =>
  frames.map((frame) => (frame.kind === 'event' ? `${frame.fact.type}@${frame.version}` : frame.kind));

/** Each message continues the one before. */
function expectChained(client: RawClient, subscriptionId: string, after: number): void {
  let position = after;
  for (const { params } of client.notifications(subscriptionId)) {
    expect(params?.after).toBe(position);
    for (const frame of params?.frames ?? []) if ('version' in frame) position = frame.version;
  }
}

describe('a thread subscription', () => {
  it('begins with a snapshot, is synchronized, and goes on live', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a', 'first title');
    const client = await open();
    const id = await client.subscribe({ threadId: 'a' });
    await client.synchronized(id);
    runtime.commit('a', turnBegan('t1'), statusChanged('starting', 't1'));
    runtime.stage('a', itemStarted('i1')).stageDelta('a', 'i1', 'he').stageDelta('a', 'i1', 'llo').tick();
    const frames = await client.framesUntil(id, (seen) => seen.length >= 9);
    expect(kindsOf(frames)).toEqual([
      'snapshot',
      'synchronized',
      'turn.began@2',
      'thread.statusChanged@2',
      'state',
      'item.started@3',
      'item.delta@4',
      'item.delta@5',
      'state',
    ]);
    expect(frames[0]).toMatchObject({
      sequence: 1,
      version: 1,
      snapshot: { thread: { title: 'first title' } },
    });
    expect(frames[1]).toEqual({ kind: 'synchronized', epoch: 'epoch-1', sequence: 1 });
    expect(frames[4]).toMatchObject({
      sequence: 2,
      version: 2,
      state: { status: 'starting', activeTurnId: 't1' },
    });
    expectChained(client, id, 0);
  });

  it('sends one message for each tick, with the events of an entry together and before the state', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    const id = await client.subscribe({ threadId: 'a' });
    await client.synchronized(id);
    for (let index = 0; index < 20; index += 1)
      runtime.stage('a', itemStarted(`i${index}`), itemStarted(`j${index}`));
    runtime.tick();
    await client.framesUntil(id, (seen) => seen.length >= 43);
    expect(client.notifications(id)).toHaveLength(2);
    expect(client.frames(id).at(-1)?.kind).toBe('state');
  });

  it('resumes after its cursor: every event since, one state, synchronized, live', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    runtime.create('b');
    runtime.commit('a', turnBegan('t1'));
    runtime.stage('b', turnBegan('t1')).stage('a').tick();
    runtime.commit('a', turnEnded('t1'));
    const client = await open();
    const id = await client.subscribe({ threadId: 'a', afterSequence: 2, epoch: 'epoch-1' });
    await client.synchronized(id);
    runtime.commit('a', turnBegan('t2'));
    const frames = await client.framesUntil(id, (seen) => seen.length >= 6);
    expect(kindsOf(frames)).toEqual([
      'turn.began@2',
      'turn.ended@4',
      'state',
      'synchronized',
      'turn.began@5',
      'state',
    ]);
    expect(frames[1]).toMatchObject({ sequence: 6, version: 4 });
    expectChained(client, id, 1);
  });

  it('finds the version of any sequence of the journal', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    runtime.create('b');
    for (let index = 0; index < 60; index += 1)
      runtime.commit(index % 3 === 0 ? 'a' : 'b', turnBegan(`t${index}`));
    const client = await open();
    const { entries } = runtime.thread('a');
    for (let afterSequence = 0; afterSequence <= 62; afterSequence += 1) {
      const id = await client.subscribe({ threadId: 'a', afterSequence, epoch: 'epoch-1' });
      const frames = await client.synchronized(id);
      const versions = frames.flatMap((frame) => (frame.kind === 'event' ? [frame.version] : []));
      const expected = entries.filter((each) => each.sequence > afterSequence).map((each) => each.version);
      expect(versions, `after ${afterSequence}`).toEqual(expected);
    }
  });

  it('sends a long backlog in pages, without a gap or a duplicate to what is committed meanwhile', async () => {
    const { runtime, open } = await startGateway({
      limits: { backlogEntryCount: 7, backlogMessageBytes: 2_000, sliceMs: 0 },
    });
    runtime.create('a');
    for (let index = 0; index < 300; index += 1)
      runtime.commit('a', itemStarted(`i${index}`, { ordinal: index + 1 }));
    const client = await open();
    const id = await client.subscribe({ threadId: 'a', afterSequence: 1, epoch: 'epoch-1' });
    for (let index = 300; index < 400; index += 1) {
      runtime.commit('a', itemStarted(`i${index}`, { ordinal: index + 1 }));
      await until(() => client.frames(id).length > index / 8);
    }
    const frames = await client.framesUntil(id, (seen) =>
      seen.some((f) => f.kind === 'event' && f.version === 401),
    );
    const versions = frames.flatMap((frame) => (frame.kind === 'event' ? [frame.version] : []));
    expect(versions).toEqual(Array.from({ length: 400 }, (_, index) => index + 2));
    expectChained(client, id, 1);
  });

  it('reads from the journal what a commit did not announce', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    const id = await client.subscribe({ threadId: 'a' });
    await client.synchronized(id);
    runtime.stage('a', turnBegan('t1')).tick({ isSilent: true });
    runtime.commit('a', turnEnded('t1'));
    runtime.commit('a', turnBegan('t2'));
    const frames = await client.framesUntil(id, (seen) => kindsOf(seen).includes('turn.began@4'));
    const events = kindsOf(frames).filter((kind) => kind.startsWith('turn'));
    expect(events).toEqual(['turn.began@2', 'turn.ended@3', 'turn.began@4']);
    expectChained(client, id, 0);
  });

  it('leaves deltas out on request; the completed item has the text', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    const without = await client.subscribe({ threadId: 'a', deltas: false });
    const resumed = await client.subscribe({
      threadId: 'a',
      deltas: false,
      afterSequence: 1,
      epoch: 'epoch-1',
    });
    await client.synchronized(resumed);
    runtime.stage('a', itemStarted('i1')).stageDelta('a', 'i1', 'hello').tick();
    runtime.stageDelta('a', 'i1', ' you').tick();
    runtime.commit('a', itemCompleted('i1', { text: 'hello you' }));
    const frames = await client.framesUntil(without, (seen) => seen.length >= 6);
    expect(kindsOf(frames)).toEqual([
      'snapshot',
      'synchronized',
      'item.started@2',
      'state',
      'item.completed@5',
      'state',
    ]);
    expectChained(client, without, 0);
    expectChained(client, resumed, 1);
  });

  it('gives two subscriptions of one socket the same frames, and other sockets too', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const clients = [await open(), await open(), await open()];
    const ids = await Promise.all(clients.map((client) => client.subscribe({ threadId: 'a' })));
    await Promise.all(clients.map((client, index) => client.synchronized(ids[index]!)));
    runtime.commit('a', turnBegan('t1'));
    const all = await Promise.all(
      clients.map((client, index) => client.framesUntil(ids[index]!, (seen) => seen.length >= 4)),
    );
    expect(all[1]).toEqual(all[0]);
    expect(all[2]).toEqual(all[0]);
  });

  it('ends with unsubscribe and with the socket, and the watch of the thread with it', async () => {
    const { runtime, server, open } = await startGateway();
    const threadId = runtime.create('a');
    const [one, other] = [await open(), await open()];
    const id = await one.subscribe({ threadId: 'a' });
    await one.subscribe({ threadId: 'a' });
    await other.subscribe({ threadId: 'a' });
    expect(runtime.watched.get(threadId)).toBe(3);
    await one.result('orchestration.unsubscribe', { subscriptionId: id });
    expect(await one.errorCode('orchestration.unsubscribe', { subscriptionId: id })).toBe(
      'SUBSCRIPTION_NOT_FOUND',
    );
    expect(runtime.watched.get(threadId)).toBe(2);
    one.ws.close();
    other.ws.terminate();
    await until(() => runtime.watched.size === 0 && server.gateway.stats.subscriptionCount === 0);
    expect(server.gateway.stats.socketCount).toBe(0);
  });

  it('is refused for a thread that is unknown or deleted', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    runtime.commit('a', { type: 'thread.deleted' });
    const client = await open();
    const subscribe = (threadId: string) => client.errorCode('orchestration.subscribeThread', { threadId });
    expect(await subscribe('a')).toBe('THREAD_DELETED');
    expect(await subscribe('none')).toBe('THREAD_NOT_FOUND');
    expect(runtime.watched.size).toBe(0);
  });

  it('tells a backlog to its end when the thread is deleted meanwhile', async () => {
    const { runtime, open } = await startGateway({ limits: { backlogEntryCount: 3, sliceMs: 0 } });
    runtime.create('a');
    for (let index = 0; index < 90; index += 1) runtime.commit('a', itemStarted(`i${index}`));
    const client = await open();
    const id = await client.subscribe({ threadId: 'a', afterSequence: 1, epoch: 'epoch-1' });
    runtime.commit('a', { type: 'thread.deleting' });
    runtime.commit('a', { type: 'thread.deleted' });
    const frames = await client.synchronized(id);
    const versions = frames.flatMap((frame) => (frame.kind === 'event' ? [frame.version] : []));
    expect(versions).toEqual(Array.from({ length: 92 }, (_, index) => index + 2));
    expect(frames.slice(-2).map((frame) => frame.kind)).toEqual(['event', 'synchronized']);
  });

  it('tells the end of a thread that is deleted before its snapshot was due', async () => {
    const { runtime, open } = await startGateway({ limits: { sliceMs: 0 } });
    runtime.create('a');
    const client = await open();
    client.send(
      '{"jsonrpc":"2.0","id":1,"method":"orchestration.subscribeThread","params":{"threadId":"a"}}',
    );
    // the first turn of the loop in which the subscription is there
    await until(() => runtime.watched.size > 0);
    runtime.commit('a', { type: 'thread.deleting' });
    runtime.commit('a', { type: 'thread.deleted' });
    const frames = await client.framesUntil('s1', (seen) => kindsOf(seen).includes('thread.deleted@3'));
    expect(kindsOf(frames)).toContain('thread.deleting@2');
    expect(client.closed).toBeNull();
  });

  it('tells the end of a thread that is deleted', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    const id = await client.subscribe({ threadId: 'a' });
    runtime.commit('a', { type: 'thread.deleted' });
    const frames = await client.framesUntil(id, (seen) =>
      kindsOf(seen).some((kind) => kind.startsWith('thread.del')),
    );
    expect(kindsOf(frames)).toContain('thread.deleted@2');
  });
});

describe('a defect', () => {
  it('in a frame costs its followers their sockets, not the runtime its commit', async () => {
    const { runtime, server, open } = await startGateway();
    runtime.create('a');
    runtime.create('b');
    const [one, other] = [await open(), await open()];
    await one.synchronized(await one.subscribe({ threadId: 'a' }));
    const id = await other.subscribe({ threadId: 'b' });
    await other.synchronized(id);
    runtime.thread('a').machineState = () => ({ value: 1n }) as never;
    expect(() => runtime.stage('a', turnBegan('t1')).stage('b', turnBegan('t1')).tick()).not.toThrow();
    expect((await one.whenClosed()).code).toBe(1011);
    await other.framesUntil(id, (frames) => frames.length === 4);
    expect(server.gateway.stats.closes).toEqual({ 1011: 1 });
  });

  it('in a read costs the reader its socket, which can come again', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    const broken = vi.spyOn(runtime.reads, 'snapshot').mockImplementation(() => {
      throw new Error('disk');
    });
    await client.subscribe({ threadId: 'a' });
    expect((await client.whenClosed()).code).toBe(1011);
    broken.mockRestore();
    const again = await open();
    await again.synchronized(await again.subscribe({ threadId: 'a' }));
  });
});

describe('a cursor that can not be honoured', () => {
  it.each([
    ['of an unknown epoch', { afterSequence: 1, epoch: 'never' }, 'unknown'],
    ['without an epoch', { afterSequence: 1 }, 'unknown'],
    ['ahead of the journal', { afterSequence: 99, epoch: 'epoch-2' }, 'ahead'],
    ['of an epoch that was rewound', { afterSequence: 5, epoch: 'epoch-1' }, 'rewound'],
    ['before deltas that were pruned', { afterSequence: 1, epoch: 'epoch-1' }, 'pruned'],
  ])('%s is told by resync, then a snapshot', async (_case, cursor, reason) => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    runtime.stage('a', itemStarted('i1')).stageDelta('a', 'i1', 'x').stageDelta('a', 'i1', 'y').tick();
    runtime.commit('a', turnBegan('t1'));
    runtime.restart(4);
    runtime.thread('a').prune(4);
    runtime.commit('a', turnEnded('t1'));
    const client = await open();
    const id = await client.subscribe({ threadId: 'a', ...cursor });
    const frames = await client.synchronized(id);
    expect(kindsOf(frames)).toEqual(['resync', 'snapshot', 'synchronized']);
    expect(frames[0]).toEqual({ kind: 'resync', reason });
    expect(frames[2]).toMatchObject({ epoch: 'epoch-2' });
  });

  it('but one of an old epoch within it is honoured, and one above the pruned deltas', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    runtime.stage('a', itemStarted('i1')).stageDelta('a', 'i1', 'x').stageDelta('a', 'i1', 'y').tick();
    runtime.restart();
    runtime.commit('a', turnBegan('t1'));
    runtime.thread('a').prune(3);
    const client = await open();
    const id = await client.subscribe({ threadId: 'a', afterSequence: 2, epoch: 'epoch-1' });
    expect(kindsOf(await client.synchronized(id))).toEqual([
      'item.delta@3',
      'item.delta@4',
      'turn.began@5',
      'state',
      'synchronized',
    ]);
    const without = { threadId: 'a', afterSequence: 1, epoch: 'epoch-1', deltas: false };
    const other = await client.subscribe(without);
    expect(kindsOf(await client.synchronized(other))).toEqual([
      'item.started@2',
      'turn.began@5',
      'state',
      'synchronized',
    ]);
  });
});
