import { describe, expect, test } from 'vitest';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import type { InspectedEntry } from '../../server/client/client.ts';
import { createToken } from '../../server/http/tokens.ts';
import { RawClient } from '../helpers/raw-client.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';

const T1 = threadIdSchema.parse('t1');

async function startThread(): Promise<TestServer> {
  const server = await startServer();
  const client = await server.client();
  const place = { cwd: server.config.data, instanceId: 'scripted' };
  await client.dispatch({ type: 'thread.create', threadId: T1, ...place });
  return server;
}

const inputTypes = (entries: readonly InspectedEntry[]): string[] =>
  entries.map(({ input }) => (input as { type: string }).type);

const inspectorOf = (server: TestServer) => server.running().runtime.threads.peek(T1)?.inspector ?? null;

describe('a subscription to the inside of a thread', () => {
  test('needs the scope admin, as reading its entries and contexts does', async () => {
    const server = await startThread();
    const { token } = createToken(server.config.data, {
      name: 'most',
      scopes: ['read', 'operate'],
      createdAt: 0,
    });
    const client = await RawClient.open(server.url, { token });
    const ask = async (method: string, params: object) => (await client.ask(method, params)).error?.data;
    for (const [method, params] of [
      ['inspection.subscribeThread', { threadId: T1 }],
      ['inspection.readEntries', { threadId: T1 }],
      ['orchestration.getThreadStateAt', { threadId: T1, sequence: 2, contexts: true }],
    ] as const) {
      expect(await ask(method, params)).toMatchObject({ code: 'FORBIDDEN', details: { scope: 'admin' } });
    }
    expect(await ask('orchestration.getThreadStateAt', { threadId: T1, sequence: 2 })).toBeUndefined();
    expect(inspectorOf(server)).toBeNull();
  });

  test('gives each entry once, over a restart of the server, and ends', async () => {
    const server = await startThread();
    const client = await server.client();
    const seen: InspectedEntry[] = [];
    const missed: unknown[] = [];
    let synchronizedCount = 0;
    const following = client.inspectThread(T1, {
      onEntries: (entries) => void seen.push(...entries),
      onMissed: (each) => void missed.push(each),
      onSynchronized: () => void (synchronizedCount += 1),
    });
    await until(() => synchronizedCount === 1);
    await client.dispatch({ type: 'turn.submit', threadId: T1, text: 'wait' });
    await until(() => inputTypes(seen).includes('provider.turnStarted'));
    await server.restart();
    await until(() => synchronizedCount === 2);
    await client.dispatch({ type: 'thread.setTitle', threadId: T1, title: 'after' });
    await until(() => inputTypes(seen).at(-1) === 'thread.setTitle');
    expect(missed).toEqual([]);
    expect(seen.map(({ version }) => version)).toEqual(seen.map((_, index) => index + 2));
    const whole = await client.call('inspection.readEntries', { threadId: T1, after: 1 });
    expect(whole.entries.map(({ sequence }) => sequence)).toEqual(seen.map(({ sequence }) => sequence));
    following.end();
    await until(() => inspectorOf(server) === null);
  });

  test('says to who comes back what was missed, and where nobody knows', async () => {
    const server = await startThread();
    const client = await server.client();
    const { sequence } = await client.dispatch({ type: 'thread.setTitle', threadId: T1, title: 'seen' });
    await client.dispatch({ type: 'thread.setTitle', threadId: T1, title: 'missed' });
    const { epoch } = server.running().runtime.info;
    const raw = await RawClient.open(server.url, { token: server.token });
    const framesAfter = async (cursor: object): Promise<unknown[]> => {
      const params = { threadId: T1, ...cursor };
      const { subscriptionId } = await raw.result('inspection.subscribeThread', params);
      const frames = () => raw.notifications(subscriptionId).flatMap(({ params }) => params?.frames ?? []);
      await until(() => frames().some(({ kind }) => kind === 'synchronized'));
      return frames();
    };
    expect(await framesAfter({ afterSequence: sequence, epoch })).toMatchObject([
      { kind: 'missed', after: 2, version: 3 },
      { kind: 'synchronized', version: 3 },
    ]);
    expect(await framesAfter({ afterSequence: sequence, epoch: 'another' })).toMatchObject([
      { kind: 'resync', reason: 'unknown' },
      { kind: 'missed', after: 0, version: 3 },
      { kind: 'synchronized', version: 3 },
    ]);
  });

  test('is let go when its client is gone', async () => {
    const server = await startThread();
    const client = await RawClient.open(server.url, { token: server.token });
    await client.result('inspection.subscribeThread', { threadId: T1 });
    expect(inspectorOf(server)).not.toBeNull();
    client.ws.terminate();
    await until(() => inspectorOf(server) === null);
  });

  test('pages through a long journal', async () => {
    const server = await startThread();
    const client = await server.client();
    for (const title of ['a', 'b', 'c'])
      await client.dispatch({ type: 'thread.setTitle', threadId: T1, title });
    const first = await client.call('inspection.readEntries', { threadId: T1, limit: 2 });
    const second = await client.call('inspection.readEntries', { threadId: T1, after: first.next ?? 0 });
    expect([...inputTypes(first.entries), ...inputTypes(second.entries)]).toEqual([
      'thread.create',
      'thread.setTitle',
      'thread.setTitle',
      'thread.setTitle',
    ]);
    expect(second.next).toBeNull();
  });
});

describe('the state at an entry over the socket', () => {
  test('has the machine, the snapshot and, for an admin, the contexts', async () => {
    const server = await startThread();
    const client = await server.client();
    const { sequence } = await client.dispatch({ type: 'turn.submit', threadId: T1, text: 'wait' });
    await client.dispatch({ type: 'thread.setTitle', threadId: T1, title: 'later' });
    const query = { threadId: T1, sequence };
    const past = await client.call('orchestration.getThreadStateAt', query);
    expect(past).toMatchObject({
      sequence,
      machine: { status: 'starting', machineHash: server.running().runtime.info.machineHash },
      snapshot: { thread: { title: '' } },
    });
    expect(past).not.toHaveProperty('contexts');
    const whole = await client.call('orchestration.getThreadStateAt', { ...query, contexts: true });
    expect(whole.contexts).toMatchObject({ root: { value: { bound: { working: 'starting' } } } });
  });

  test('is refused with a code where there is none', async () => {
    const server = await startThread();
    const client = await server.client();
    const codeOf = (threadId: string, sequence: number): Promise<unknown> =>
      client.call('orchestration.getThreadStateAt', { threadId, sequence }).then(
        () => null,
        (error: { code: string }) => error.code,
      );
    expect(await codeOf('unknown', 1)).toBe('THREAD_NOT_FOUND');
    expect(await codeOf(T1, 1_000_000)).toBe('ENTRY_NOT_FOUND');
    await client.dispatch({ type: 'thread.delete', threadId: T1 });
    expect(await codeOf(T1, 2)).toBe('THREAD_DELETED');
  });
});
