import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../server/gateway/limits.ts';
import { itemCompleted, itemStarted, turnBegan } from '../helpers/facts.ts';
import { startGateway } from '../helpers/start-gateway.ts';
import { until } from '../helpers/until.ts';

const CUT_BYTES = 65_536;
const MESSAGE_BYTES = 1_048_576;

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const call = (params: string): string => `{"jsonrpc":"2.0","id":7,"method":"server.info","params":${params}}`;

describe('a message', () => {
  it.each([
    ['that is no JSON', 'hello', -32_700, null],
    ['that is a batch', `[${call('{}')}]`, -32_600, null],
    ['that is an empty batch', '[]', -32_600, null],
    ['that is a number', '7', -32_600, null],
    ['of JSON-RPC 1.0', '{"id":7,"method":"server.info"}', -32_600, 7],
    [
      'with an unknown key of the envelope',
      '{"jsonrpc":"2.0","id":7,"method":"server.info","x":1}',
      -32_600,
      7,
    ],
    ['with an object for an id', '{"jsonrpc":"2.0","id":{},"method":"server.info"}', -32_600, null],
    ['that is nested too deeply', call(nested(40)), -32_600, null],
    ['for an unknown method', '{"jsonrpc":"2.0","id":7,"method":"no.such"}', -32_601, 7],
    ['for a method of Object', '{"jsonrpc":"2.0","id":7,"method":"toString"}', -32_601, 7],
    ['with an unknown parameter', call('{"verbose":true}'), -32_602, 7],
    ['with parameters by position', call('[]'), -32_602, 7],
  ] as const)('%s is refused and the socket goes on', async (...[, text, code, id]) => {
    const client = await (await startGateway()).open();
    client.send(text);
    await until(() => client.messages.length === 1);
    expect(client.messages[0]).toMatchObject({ id, error: { code } });
    await client.result('server.info');
  });

  it('may be nested as deeply as the limit says, brackets in strings not counted', async () => {
    const client = await (await startGateway()).open();
    client.send(call(nested(LIMITS.inboundDepth - 1)));
    client.send(call(`{"x":"${'['.repeat(100)}\\"${'{'.repeat(100)}"}`));
    await until(() => client.messages.length === 2);
    expect(client.messages.map((message) => message.error?.code)).toEqual([-32_602, -32_602]);
  });

  it('with unknown keys inside a command is refused with the path', async () => {
    const { runtime, open } = await startGateway();
    const client = await open();
    const command = { type: 'turn.retry', threadId: 'a', force: true };
    const { error } = await client.ask('orchestration.dispatchCommand', { commandId: 'c', command });
    expect(error).toMatchObject({ code: -32_602, data: { code: 'INVALID_PARAMS' } });
    expect(JSON.stringify(error?.data.details)).toContain('command');
    expect(runtime.dispatched).toEqual([]);
  });

  it('without an id is handled and not answered', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    const command = { type: 'thread.setTitle', threadId: 'a', title: 'silent' };
    const params = { commandId: 'c', command };
    client.send(JSON.stringify({ jsonrpc: '2.0', method: 'orchestration.dispatchCommand', params }));
    client.send('{"jsonrpc":"2.0","method":"no.such"}');
    await client.result('server.info');
    expect(runtime.dispatched).toHaveLength(1);
    expect(client.messages).toHaveLength(1);
  });

  it('keeps the type of its id', async () => {
    const client = await (await startGateway()).open();
    for (const id of ['"seven"', '7', 'null'])
      client.send(`{"jsonrpc":"2.0","id":${id},"method":"server.info"}`);
    await until(() => client.messages.length === 3);
    expect(client.messages.map((message) => message.id)).toEqual(['seven', 7, null]);
  });

  it('over 1 MiB closes the socket with 4413', async () => {
    const client = await (await startGateway()).open();
    client.send(call(`{"x":"${'x'.repeat(MESSAGE_BYTES)}"}`));
    expect((await client.whenClosed()).code).toBe(4413);
  });

  it('in many fragments over 1 MiB closes it too', async () => {
    const client = await (await startGateway()).open();
    for (let index = 0; index < 20; index += 1) client.ws.send('x'.repeat(60_000), { fin: false });
    expect((await client.whenClosed()).code).toBe(4413);
  });

  it('that is binary closes it with 1003', async () => {
    const client = await (await startGateway()).open();
    client.ws.send(Buffer.from(call('{}')), { binary: true });
    expect((await client.whenClosed()).code).toBe(1003);
  });
});

const FEW_REQUESTS = { requestsPerSecond: 200, requestBurstCount: 400 };

describe('a flood', () => {
  it('is answered with RATE_LIMITED above the burst, and let in again later', async () => {
    let now = 0;
    const { open } = await startGateway({ now: () => now, limits: FEW_REQUESTS });
    const client = await open();
    for (let index = 0; index < 450; index += 1) client.send(call('{}'));
    await until(() => client.messages.length === 450);
    const refused = client.messages.filter((message) => message.error?.data.code === 'RATE_LIMITED');
    expect(refused).toHaveLength(50);
    expect(refused[0]).toMatchObject({ id: 7, error: { code: -32_000 } });
    now += 250;
    expect(await client.errorCode('server.info')).toBe('RATE_LIMITED');
    now += 50;
    await client.result('server.info');
  });

  it('that goes on closes the socket with 4429, and others are served', async () => {
    const { runtime, server, open } = await startGateway({ now: () => 0, limits: FEW_REQUESTS });
    runtime.create('a');
    const [flooding, other] = [await open(), await open()];
    const id = await other.subscribe({ threadId: 'a' });
    await other.synchronized(id);
    for (let index = 0; index < 5_000; index += 1) flooding.send(call('{}'));
    runtime.commit('a', turnBegan('t1'));
    await other.framesUntil(id, (frames) => frames.length >= 4);
    expect((await flooding.whenClosed()).code).toBe(4429);
    expect(server.gateway.stats.closes).toEqual({ 4429: 1 });
    await other.result('server.info');
  });

  it('of pings ends the socket too', async () => {
    const { server, open } = await startGateway({ now: () => 0, limits: FEW_REQUESTS });
    const client = await open();
    for (let index = 0; index < 900; index += 1) client.ws.ping();
    await client.whenClosed();
    await until(() => server.gateway.stats.socketCount === 0);
  });

  it('of subscriptions is refused above 256 of a socket', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    for (let index = 0; index < 256; index += 1) await client.subscribe({ threadId: 'a' });
    expect(await client.errorCode('orchestration.subscribeShell')).toBe('RATE_LIMITED');
    await client.result('orchestration.unsubscribe', { subscriptionId: 's1' });
    await client.subscribe({ threadId: 'a' });
  });

  it('of sockets is refused above the limit with 503', async () => {
    const { open } = await startGateway({ limits: { socketCount: 3 } });
    const clients = await Promise.all([open(), open(), open()]);
    expect((await open()).refusedStatus).toBe(503);
    clients[0]?.ws.close();
    await until(async () => (await open()).refusedStatus === null);
  });
});

describe('what is too long for a message', () => {
  it('splits a tick between entries, each message within 1 MiB', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    const id = await client.subscribe({ threadId: 'a' });
    await client.synchronized(id);
    for (let index = 1; index <= 64; index += 1) {
      const text = 'x'.repeat(30_000);
      runtime.stage(
        'a',
        itemCompleted(`i${index}`, { ordinal: 2 * index, text }),
        itemCompleted(`j${index}`, { ordinal: 2 * index + 1, text }),
      );
    }
    runtime.tick();
    const frames = await client.framesUntil(id, (seen) => seen.length >= 131);
    const messages = client.notifications(id).slice(1);
    expect(messages.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...messages.map((message) => message.sizeBytes))).toBeLessThanOrEqual(MESSAGE_BYTES);
    for (const { params } of messages) {
      const versions = (params?.frames ?? []).flatMap((f) => (f.kind === 'event' ? [f.version] : []));
      expect(versions.length % 2).toBe(0);
    }
    expect(messages.map((message) => message.params?.after)).toEqual([
      1,
      ...messages.slice(0, -1).map((message) => {
        const last = message.params?.frames.at(-1);
        return last && 'version' in last ? last.version : -1;
      }),
    ]);
    expect(frames.at(-1)?.kind).toBe('state');
  });

  it('cuts texts over 64 KiB, without splitting a character, and says how long they are', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    const id = await client.subscribe({ threadId: 'a' });
    await client.synchronized(id);
    const text = `x${'😀'.repeat(50_000)}`;
    runtime.stage('a', itemStarted('i1')).stageDelta('a', 'i1', text).tick();
    runtime.commit('a', itemCompleted('i1', { text }), itemStarted('i2', { text: 'y'.repeat(CUT_BYTES) }));
    const frames = await client.framesUntil(id, (seen) => seen.length >= 8);
    const facts = frames.flatMap((frame) => (frame.kind === 'event' ? [frame.fact] : []));
    const cut = `x${'😀'.repeat(16_383)}`;
    expect(facts[1]).toEqual({ type: 'item.delta', itemId: 'i1', text: cut, truncated: { bytes: 200_001 } });
    expect(facts[2]).toMatchObject({ item: { text: cut, truncated: { bytes: 200_001 } } });
    expect(facts[3]).not.toHaveProperty('item.truncated');
    const { snapshot } = await client.result('orchestration.getThreadProjection', { threadId: 'a' });
    expect(snapshot.items[0]).toMatchObject({ text: cut, truncated: { bytes: 200_001 } });
    const params = { threadId: 'a', itemId: 'i1', offset: cut.length, limit: 100_000 };
    const rest = await client.result('orchestration.getItem', params);
    expect(cut + rest.text).toBe(text);
  });

  it('ends a page of items early, and `before` goes on', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    for (let index = 1; index <= 50; index += 1) {
      runtime.stage('a', itemCompleted(`i${index}`, { ordinal: index, text: 'x'.repeat(100_000) }));
    }
    runtime.tick();
    const client = await open();
    const seen: number[] = [];
    for (let before: number | undefined = undefined; before !== 1; before = seen[0]) {
      const { snapshot } = await client.result('orchestration.getThreadProjection', {
        threadId: 'a',
        before,
      });
      seen.unshift(...snapshot.items.map((item) => item.ordinal));
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(client.messages).toHaveLength(4);
    const id = await client.subscribe({ threadId: 'a' });
    const [snapshot] = await client.synchronized(id);
    expect(snapshot?.kind === 'snapshot' && snapshot.snapshot.items.at(-1)?.ordinal).toBe(50);
    expect(Math.max(...client.messages.map((message) => message.sizeBytes))).toBeLessThanOrEqual(
      MESSAGE_BYTES,
    );
  });

  it('keeps a monstrous item and a monstrous queue within a message', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    const id = await client.subscribe({ threadId: 'a' });
    await client.synchronized(id);
    const changes = Array.from({ length: 3_000 }, (_, index) => ({
      path: `src/${index}.ts`,
      kind: 'modified' as const,
      diff: '+x\n'.repeat(1_000),
    }));
    runtime.commit('a', itemCompleted('i1', { body: { kind: 'file_change', changes } }));
    for (let index = 0; index < 100; index += 1) {
      const entry = { turnId: `q${index}` as never, text: 'p'.repeat(150_000), attachments: [] };
      runtime.stage('a', {
        type: 'queue.added',
        index,
        entry: { ...entry, intent: 'queued', failure: null },
      });
    }
    runtime.tick();
    await client.framesUntil(id, (seen) => seen.length >= 105);
    const { snapshot } = await client.result('orchestration.getThreadProjection', { threadId: 'a' });
    expect(snapshot.queue.entries).toHaveLength(100);
    expect(snapshot.items).toHaveLength(1);
    expect(Math.max(...client.messages.map((message) => message.sizeBytes))).toBeLessThanOrEqual(
      MESSAGE_BYTES,
    );
  });
});
