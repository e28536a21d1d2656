import { describe, expect, it } from 'vitest';
import type { ThreadFrame } from '../../server/gateway/frame.ts';
import { itemCompleted, itemStarted } from '../helpers/facts.ts';
import type { FakeRuntime } from '../helpers/fake-runtime.ts';
import type { RawClient } from '../helpers/raw-client.ts';
import { startGateway } from '../helpers/start-gateway.ts';
import { until } from '../helpers/until.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const CHUNK = 'x'.repeat(60 * KIB);

/** Deltas of 60 KiB, a turn of the loop apart, until the predicate holds. */
async function streamUntil(runtime: FakeRuntime, isEnough: () => boolean): Promise<number> {
  let count = 0;
  await until(
    () => {
      if (isEnough()) return true;
      runtime.stageDelta('a', 'i1', CHUNK).tick();
      count += 1;
      return false;
    },
    { describe: 'the stream is long enough' },
  );
  return count;
}

function startStream(runtime: FakeRuntime): void {
  runtime.create('a');
  runtime.commit('a', itemStarted('i1'));
}

const eventsOf = (frames: readonly ThreadFrame[]) => frames.filter((frame) => frame.kind === 'event');

async function pausedSubscriber(client: RawClient): Promise<string> {
  const id = await client.subscribe({ threadId: 'a' });
  await client.synchronized(id);
  client.ws.pause();
  return id;
}

describe('a client that does not read', () => {
  it('costs a bounded amount, is told by resync when it reads again, and delays nobody', async () => {
    const { runtime, server, open } = await startGateway();
    startStream(runtime);
    const [stalled, healthy] = [await open(), await open()];
    const stalledId = await pausedSubscriber(stalled);
    const healthyId = await healthy.subscribe({ threadId: 'a' });
    await healthy.synchronized(healthyId);
    const count = await streamUntil(runtime, () => server.gateway.stats.droppedDeltaCount > 200);
    expect(server.gateway.outboxBytes).toBeLessThan(2 * MIB);
    const all = await healthy.framesUntil(healthyId, (frames) => eventsOf(frames).length >= count);
    expect(eventsOf(all).map((frame) => frame.version)).toEqual(
      Array.from({ length: count }, (_, index) => index + 3),
    );
    expect(all.some((frame) => frame.kind === 'resync')).toBe(false);

    stalled.ws.resume();
    const frames = await stalled.framesUntil(
      stalledId,
      (seen) => seen.at(-1)?.kind === 'synchronized' && seen.length > 2,
    );
    const tail = frames.slice(-3);
    expect(tail.map((frame) => frame.kind)).toEqual(['resync', 'snapshot', 'synchronized']);
    expect(tail[0]).toEqual({ kind: 'resync', reason: 'lagging' });
    expect(tail[1]).toMatchObject({ version: count + 2 });
    const versions = eventsOf(frames).map((frame) => frame.version);
    expect(versions).toEqual(versions.map((_, index) => index + 3));
    expect(server.gateway.stats.resyncs).toEqual({ lagging: 1 });

    runtime.commit('a', itemCompleted('i1', { text: 'done' }));
    const live = await stalled.framesUntil(stalledId, (seen) => seen.at(-1)?.kind === 'state');
    expect(live.at(-2)).toMatchObject({ kind: 'event', version: count + 3 });
  });

  it('may leave before it was told, and loses nothing when it resumes', async () => {
    const { runtime, server, open } = await startGateway();
    startStream(runtime);
    const stalled = await open();
    const id = await pausedSubscriber(stalled);
    const count = await streamUntil(runtime, () => server.gateway.stats.droppedDeltaCount > 5);
    runtime.commit('a', itemCompleted('i1', { text: 'done' }));
    stalled.ws.resume();
    // what was under way when the deltas were dropped
    await stalled.framesUntil(id, (frames) => frames.some((frame) => frame.kind === 'resync'));
    const last = eventsOf(stalled.frames(id)).at(-1)!;
    const second = await open();
    const resumed = await second.subscribe({ threadId: 'a', afterSequence: last.sequence, epoch: 'epoch-1' });
    const rest = eventsOf(await second.synchronized(resumed)).map((frame) => frame.version);
    expect(rest).toEqual(Array.from({ length: count + 3 - last.version }, (_, i) => last.version + 1 + i));
  });

  it('is closed with 4408 above 8 MiB', async () => {
    const { runtime, server, open } = await startGateway();
    startStream(runtime);
    const stalled = await open();
    await stalled.subscribe({ threadId: 'a', deltas: false });
    stalled.ws.pause();
    let mostBytes = 0;
    await until(() => {
      runtime.commit('a', itemCompleted('i1', { text: CHUNK }));
      mostBytes = Math.max(mostBytes, server.gateway.outboxBytes);
      return server.gateway.stats.socketCount === 0;
    });
    expect(mostBytes).toBeLessThanOrEqual(8 * MIB);
    expect(server.gateway.stats.closes).toEqual({ 4408: 1 });
    expect(runtime.watched.size).toBe(0);
    stalled.ws.resume();
    expect((await stalled.whenClosed()).code).toBe(4408);
  });

  it('is closed with 4408 after 30 s behind', async () => {
    let now = 0;
    const { runtime, server, open } = await startGateway({ now: () => now });
    startStream(runtime);
    const stalled = await open();
    await pausedSubscriber(stalled);
    await streamUntil(runtime, () => server.gateway.stats.droppedDeltaCount > 0);
    now += 30_000;
    server.gateway.sweep();
    expect(server.gateway.stats.socketCount).toBe(1);
    now += 1;
    server.gateway.sweep();
    expect(server.gateway.stats.closes).toEqual({ 4408: 1 });
    stalled.ws.resume();
    expect((await stalled.whenClosed()).code).toBe(4408);
  });

  it('is not heard while it is behind, so that answers do not pile up', async () => {
    const { runtime, server, open } = await startGateway();
    runtime.create('a');
    for (let index = 1; index <= 14; index += 1) {
      runtime.stage('a', itemCompleted(`i${index}`, { ordinal: index, text: CHUNK }));
    }
    runtime.tick();
    const [stalled, healthy] = [await open(), await open()];
    stalled.ws.pause();
    for (let id = 0; id < 30; id += 1) {
      const params = { threadId: 'a' };
      stalled.send(
        JSON.stringify({ jsonrpc: '2.0', id, method: 'orchestration.getThreadProjection', params }),
      );
    }
    await until(() => server.gateway.outboxBytes > 256 * KIB);
    await healthy.result('server.info');
    expect(server.gateway.outboxBytes).toBeLessThan(2 * MIB);
    expect(server.gateway.stats.requestCount).toBeLessThan(20);
    stalled.ws.resume();
    await until(() => stalled.messages.length === 30);
    expect(stalled.messages.map((message) => message.id)).toEqual(Array.from({ length: 30 }, (_, id) => id));
  });

  it('gets the snapshots of many subscriptions one after another', async () => {
    const { runtime, server, open } = await startGateway();
    for (let thread = 0; thread < 30; thread += 1) {
      runtime.create(`t${thread}`);
      for (let index = 1; index <= 14; index += 1) {
        runtime.stage(`t${thread}`, itemCompleted(`i${index}`, { ordinal: index, text: CHUNK }));
      }
    }
    runtime.tick();
    const stalled = await open();
    stalled.ws.pause();
    for (let id = 0; id < 30; id += 1) {
      const params = { threadId: `t${id}` };
      stalled.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'orchestration.subscribeThread', params }));
    }
    await until(() => server.gateway.outboxBytes > 0);
    expect(server.gateway.outboxBytes).toBeLessThan(2 * MIB);
    stalled.ws.resume();
    await until(() => stalled.messages.filter((message) => message.method !== undefined).length === 30);
  });

  it('gets a long backlog as fast as it reads', async () => {
    const { runtime, server, open } = await startGateway();
    runtime.create('a');
    for (let index = 1; index <= 150; index += 1) {
      runtime.stage('a', itemCompleted(`i${index}`, { ordinal: index, text: CHUNK }));
    }
    runtime.tick();
    const stalled = await open();
    stalled.ws.pause();
    const params = { threadId: 'a', afterSequence: 1, epoch: 'epoch-1' };
    stalled.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'orchestration.subscribeThread', params }));
    await until(() => server.gateway.outboxBytes > 0);
    expect(server.gateway.outboxBytes).toBeLessThan(MIB);
    stalled.ws.resume();
    const frames = await stalled.synchronized('s1');
    expect(eventsOf(frames).map((frame) => frame.version)).toEqual(
      Array.from({ length: 150 }, (_, i) => i + 2),
    );
  });

  it('keeps only the latest rows of the thread list', async () => {
    const { runtime, server, open } = await startGateway();
    startStream(runtime);
    for (let index = 0; index < 20; index += 1) runtime.create(`t${index}`);
    const stalled = await open();
    const shellId = await stalled.subscribe({});
    await until(() => stalled.shellFrames(shellId).some((frame) => frame.kind === 'synchronized'));
    await pausedSubscriber(stalled);
    await streamUntil(runtime, () => server.gateway.stats.droppedDeltaCount > 0);
    const before = server.gateway.outboxBytes;
    for (let round = 0; round < 100; round += 1) {
      for (let index = 0; index < 20; index += 1) {
        runtime.commit(`t${index}`, { type: 'thread.titleSet', title: `round ${round}` });
      }
    }
    runtime.commit('t3', { type: 'thread.deleted' });
    expect(server.gateway.outboxBytes).toBe(before);
    stalled.ws.resume();
    await until(() => stalled.shellFrames(shellId).some((frame) => frame.kind === 'removed'));
    const rows = stalled
      .shellFrames(shellId)
      .flatMap((frame) => (frame.kind === 'thread' ? [frame.row] : []));
    expect(rows.filter((row) => row.title === 'round 99')).toHaveLength(19);
    expect(rows.some((row) => row.title === 'round 50')).toBe(false);
  });
});

describe('a client that acknowledges', () => {
  it('is known to lag before the kernel has taken all it can', async () => {
    const { runtime, server, open } = await startGateway();
    startStream(runtime);
    const client = await open();
    const id = await client.subscribe({ threadId: 'a' });
    await client.synchronized(id);
    await client.result('orchestration.acknowledge', { subscriptionId: id, sequence: 2 });
    // it reads, but does not say so
    for (let index = 0; index < 30; index += 1) runtime.stageDelta('a', 'i1', CHUNK).tick();
    expect(server.gateway.stats.droppedDeltaCount).toBeGreaterThan(5);
    await until(() => client.messages.length > 10);
    expect(client.frames(id).some((frame) => frame.kind === 'resync')).toBe(false);
    const { sequence } = eventsOf(client.frames(id)).at(-1)!;
    await client.result('orchestration.acknowledge', { subscriptionId: id, sequence: sequence - 8 });
    expect(client.frames(id).some((frame) => frame.kind === 'resync')).toBe(false);
    await client.result('orchestration.acknowledge', { subscriptionId: id, sequence });
    const frames = await client.framesUntil(id, (seen) =>
      seen.some((frame) => frame.kind === 'snapshot' && frame.version > 3),
    );
    expect(frames.slice(-3).map((frame) => frame.kind)).toEqual(['resync', 'snapshot', 'synchronized']);
  });

  it('is refused for a subscription that it has not', async () => {
    const client = await (await startGateway()).open();
    const params = { subscriptionId: 's9', sequence: 1 };
    expect(await client.errorCode('orchestration.acknowledge', params)).toBe('SUBSCRIPTION_NOT_FOUND');
  });
});
