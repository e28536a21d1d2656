/** Clients that do not keep up, or keep too much: what they cost the server, and what the others notice. */
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { LIMITS } from '../../server/gateway/limits.ts';
import { FeedingServer, type Look } from '../helpers/feeding-server.ts';
import type { RawAnswer, RawClient } from '../helpers/raw-client.ts';
import { bytesOf, UPGRADE } from '../helpers/raw-http.ts';
import { until } from '../helpers/until.ts';

const MIB = 1024 * 1024;
const CHUNK_COUNT = 4_000;
const BATCH_COUNT = 200;
const PATIENT = { timeout: 60_000 };

/** A client that keeps up and keeps nothing: the versions that it was sent, without a gap. */
class Healthy {
  version = 0;
  readonly gaps: string[] = [];
  readonly ws: WebSocket;

  constructor({ place: { url, token } }: FeedingServer) {
    const headers = { authorization: `Bearer ${token}` };
    this.ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers, perMessageDeflate: false });
    onTestFinished(() => this.ws.terminate());
    const params = { threadId: 'fed' };
    const asked = { jsonrpc: '2.0', id: 1, method: 'orchestration.subscribeThread', params };
    this.ws.on('open', () => this.ws.send(JSON.stringify(asked)));
    this.ws.on('message', (data: Buffer) => this.#take(String(data)));
  }

  #take(text: string): void {
    const { params } = JSON.parse(text) as { params?: { frames: { kind: string; version: number }[] } };
    for (const { kind, version } of params?.frames ?? []) {
      if (kind === 'resync') this.gaps.push('resync');
      if (kind === 'event' && version !== this.version + 1) this.gaps.push(`${this.version} → ${version}`);
      if (kind === 'event' || kind === 'snapshot') this.version = version;
    }
  }
}

async function withHealthy(): Promise<{ server: FeedingServer; healthy: Healthy }> {
  const server = await FeedingServer.start();
  const healthy = new Healthy(server);
  await until(() => healthy.version > 0);
  return { server, healthy };
}

interface Fed {
  /** The most that was used at any look, above what was used before. */
  readonly grownBytes: number;
  readonly last: Look;
}

/** Feeds in pieces, each when the healthy client has the one before. */
async function feed(server: FeedingServer, healthy: Healthy, eventCount: number): Promise<Fed> {
  const before = await server.look();
  let most = before.usedBytes;
  let last = before;
  for (let count = 0; count < eventCount; count += CHUNK_COUNT) {
    last = await server.feed(CHUNK_COUNT);
    most = Math.max(most, last.usedBytes);
    const { version } = last;
    await until(() => healthy.version === version, {
      describe: () => `version ${version}, have ${healthy.version}`,
      timeoutMs: 20_000,
    });
  }
  return { grownBytes: most - before.usedBytes, last };
}

async function stall(server: FeedingServer): Promise<{ client: RawClient; id: string }> {
  const client = await server.open();
  const id = await client.subscribe({ threadId: 'fed' });
  await client.synchronized(id);
  client.ws.pause();
  return { client, id };
}

describe('a client that stops reading for 30 s while 200,000 events pass', () => {
  it('costs at most 16 MiB, delays nobody, and is told by resync or closed with 4408', PATIENT, async () => {
    const { server, healthy } = await withHealthy();
    await feed(server, healthy, 2 * CHUNK_COUNT);
    const [late, gone] = [await stall(server), await stall(server)];
    const { grownBytes, last } = await feed(server, healthy, 200_000);
    expect(grownBytes).toBeLessThan(16 * MIB);
    expect(last.outboxBytes).toBeLessThan(2 * 2 * MIB);
    expect(last.stats.droppedDeltaCount).toBeGreaterThan(100_000);
    expect(healthy.gaps).toEqual([]);

    late.client.ws.resume();
    await late.client.framesUntil(late.id, (frames) => frames.some(({ kind }) => kind === 'resync'));
    await late.client.framesUntil(late.id, (frames) => frames.at(-1)?.kind === 'synchronized');
    expect(late.client.frames(late.id).findLast((frame) => frame.kind === 'snapshot')?.version).toBe(
      last.version,
    );

    expect((await server.advance(30_001)).stats.closes).toEqual({ 4408: 1 });
    gone.client.ws.resume();
    expect((await gone.client.whenClosed()).code).toBe(4408);
    expect(late.client.closed).toBeNull();
    const after = await server.feed(20);
    expect(after).toMatchObject({ outboxBytes: 0, problems: [] });
    await until(() => healthy.version === after.version);
  });
});

describe('a client that acknowledges nothing more', () => {
  it('is held to be behind by what it was sent, and closed with 4408 after 30 s', PATIENT, async () => {
    const { server, healthy } = await withHealthy();
    const client = await server.open();
    const id = await client.subscribe({ threadId: 'fed' });
    await client.synchronized(id);
    await client.result('orchestration.acknowledge', { subscriptionId: id, sequence: 1 });
    const { grownBytes, last } = await feed(server, healthy, 100_000);
    expect(grownBytes).toBeLessThan(16 * MIB);
    expect(last.stats.droppedDeltaCount).toBeGreaterThan(50_000);
    expect(last.outboxBytes).toBeLessThan(2 * MIB);
    await server.advance(30_001);
    expect((await client.whenClosed()).code).toBe(4408);
    expect(healthy.gaps).toEqual([]);
    expect((await server.look()).problems).toEqual([]);
  });

  it('and never has is held to be behind only by what waits for it', PATIENT, async () => {
    const { server, healthy } = await withHealthy();
    const { last } = await feed(server, healthy, 100_000);
    await server.advance(30_001);
    expect(last.stats.droppedDeltaCount).toBe(0);
    expect(healthy.gaps).toEqual([]);
  });
});

describe('a client that reads one byte at a time', () => {
  it('costs no more than another slow one', PATIENT, async () => {
    const { server, healthy } = await withHealthy();
    let readBytes = 0;
    const socket: Socket = connect({
      port: server.place.port,
      host: '127.0.0.1',
      onread: {
        buffer: new Uint8Array(1),
        callback: (count) => {
          readBytes += count;
          setImmediate(() => socket.resume());
          return false;
        },
      },
    });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    const { port, token } = server.place;
    const headers = [...UPGRADE, ['Authorization', `Bearer ${token}`] as const];
    socket.write(bytesOf(port, { line: 'GET /ws', headers }));
    const params = { threadId: 'fed' };
    const asked = { jsonrpc: '2.0', id: 1, method: 'orchestration.subscribeThread', params };
    socket.write(maskedText(JSON.stringify(asked)));
    await until(async () => (await server.look()).stats.subscriptionCount === 2);
    const { grownBytes, last } = await feed(server, healthy, 200_000);
    expect(grownBytes).toBeLessThan(16 * MIB);
    expect(last.stats.droppedDeltaCount).toBeGreaterThan(0);
    expect(readBytes).toBeGreaterThan(100);
    expect(healthy.gaps).toEqual([]);
    expect((await server.advance(30_001)).stats.closes).toEqual({ 4408: 1 });
  });
});

describe('a client that takes what it can get', () => {
  it('has 256 subscriptions and not one more, and all end with it', PATIENT, async () => {
    const { server, healthy } = await withHealthy();
    await server.create(3_000);
    const before = await server.look();
    const client = await server.open();
    let refusedCount = 0;
    for (let first = 0; first < 3_000; first += BATCH_COUNT) {
      const batch = Array.from({ length: BATCH_COUNT }, (_, index) => ({ threadId: `t${first + index}` }));
      const answers = await askAll(client, 'orchestration.subscribeThread', batch);
      refusedCount += answers.filter(({ error }) => error?.data.code === 'RATE_LIMITED').length;
      await server.advance(1_000);
    }
    expect(refusedCount).toBe(3_000 - LIMITS.subscriptionCount);
    const held = await server.look();
    expect(held.stats.subscriptionCount).toBe(LIMITS.subscriptionCount + 1);
    expect(held.usedBytes - before.usedBytes).toBeLessThan(8 * MIB);
    client.ws.terminate();
    const after = await untilLook(server, (look) => look.watchedCount === 1);
    expect(after.stats).toMatchObject({ socketCount: 1, subscriptionCount: 1 });
    expect(after.problems).toEqual([]);
    await feed(server, healthy, CHUNK_COUNT);
  });

  it('and gives it back, thousands of times, leaves nothing behind', PATIENT, async () => {
    const { server, healthy } = await withHealthy();
    const client = await server.open();
    const round = async (count: number): Promise<Look> => {
      for (let done = 0; done < count; done += BATCH_COUNT) {
        const none = Array.from({ length: BATCH_COUNT / 2 }, () => ({}));
        const shells = await askAll(client, 'orchestration.subscribeShell', none);
        const threads = await askAll(
          client,
          'orchestration.subscribeThread',
          none.map(() => ({ threadId: 'fed' })),
        );
        const ids = [...shells, ...threads].map(({ result }) => result);
        const ended = await askAll(client, 'orchestration.unsubscribe', ids);
        expect(ended.filter(({ error }) => error !== undefined)).toEqual([]);
        await server.advance(2_000);
      }
      return server.look();
    };
    const before = await round(400);
    const after = await round(3_000);
    expect(after.stats.subscriptionCount).toBe(1);
    expect(after.usedBytes - before.usedBytes).toBeLessThan(2 * MIB);
    await feed(server, healthy, CHUNK_COUNT);
    expect(healthy.gaps).toEqual([]);
  });

  it('and comes and goes, thousands of times, leaves nothing behind', PATIENT, async () => {
    const { server, healthy } = await withHealthy();
    const visit = async (): Promise<void> => {
      const client = new WebSocket(`${server.place.url.replace('http', 'ws')}/ws`, {
        headers: { authorization: `Bearer ${server.place.token}` },
      });
      client.on('error', () => undefined);
      await new Promise((resolve) => client.once('open', resolve));
      const params = { threadId: 'fed' };
      client.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'orchestration.subscribeThread', params }));
      client.terminate();
    };
    const round = async (count: number): Promise<Look> => {
      for (let index = 0; index < count; index += 20) await Promise.all(Array.from({ length: 20 }, visit));
      return untilLook(server, ({ stats }) => stats.socketCount === 1);
    };
    const before = await round(400);
    const after = await round(2_000);
    expect(after.stats).toMatchObject({ subscriptionCount: 1, closes: {} });
    expect(after.usedBytes - before.usedBytes).toBeLessThan(4 * MIB);
    await feed(server, healthy, CHUNK_COUNT);
    expect(healthy.gaps).toEqual([]);
  });
});

describe('a client that sends a message in crumbs', () => {
  it('is closed with 4413', PATIENT, async () => {
    const { server } = await withHealthy();
    const before = await server.look();
    const client = await server.open();
    for (let count = 0; count < LIMITS.inboundPieceCount + 2; count += 1) client.ws.send('x', { fin: false });
    expect((await client.whenClosed()).code).toBe(4413);
    expect((await server.look()).usedBytes - before.usedBytes).toBeLessThan(8 * MIB);
  });
});

/** Asks all at once; the answers, in their order. */
async function askAll(client: RawClient, method: string, all: readonly unknown[]): Promise<RawAnswer[]> {
  client.messages.length = 0;
  for (const [id, params] of all.entries())
    client.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  const answers = (): RawAnswer[] => client.messages.filter(({ method: name }) => name === undefined);
  await until(() => answers().length === all.length);
  return answers();
}

async function untilLook(server: FeedingServer, isReached: (look: Look) => boolean): Promise<Look> {
  return until(async () => {
    const look = await server.look();
    return isReached(look) ? look : null;
  });
}

/** A text frame of a client, with a mask of zeros. */
function maskedText(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([head, payload]);
}
