import { describe, expect, test } from 'vitest';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import { RawClient } from '../helpers/raw-client.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';

const T1 = threadIdSchema.parse('t1');

/** A server with a thread whose streamed pieces are gone, and the place where they began. */
async function startPruned(): Promise<{ server: TestServer; client: RawClient; afterSequence: number }> {
  const server = await startServer({ deltaRetentionMs: 0, deltaWindowMs: 0 });
  const client = await RawClient.open(server.url, { token: server.token });
  const dispatch = (command: object) =>
    client.result('orchestration.dispatchCommand', { commandId: crypto.randomUUID(), command });
  const place = { cwd: server.config.data, instanceId: 'scripted' };
  const { sequence } = await dispatch({ type: 'thread.create', threadId: 't1', ...place });
  await dispatch({ type: 'turn.submit', threadId: 't1', text: 'long say' });
  const { reads } = server.running().runtime;
  const read = () => reads.entries(T1, 0, { limit: 10_000, deltas: true });
  const said = (type: string) =>
    read().entries.flatMap(({ facts }) => facts.filter((fact) => fact.type === type)).length;
  await until(() => read().prunedBefore !== null && read().entries.every(({ kind }) => kind !== 'delta'), {
    describe: () => `the deltas are gone: ${read().prunedBefore}`,
  });
  // the last that comes of a turn in a folder without a repository
  await until(() => said('turn.ended') === 1 && said('checkpoint.missing') === said('checkpoint.capturing'));
  return { server, client, afterSequence: sequence };
}

describe('a client that comes back after the pieces that it missed are gone', () => {
  test('is told so, and gets a snapshot', async () => {
    const { server, client, afterSequence } = await startPruned();
    const { epoch } = server.running().runtime.info;
    const id = await client.subscribe({ threadId: 't1', afterSequence, epoch });
    const frames = await client.synchronized(id);
    expect(frames.map(({ kind }) => kind)).toEqual(['resync', 'snapshot', 'synchronized']);
    expect(frames[0]).toMatchObject({ reason: 'pruned' });
  });

  test('misses nothing where it wants no pieces', async () => {
    const { server, client, afterSequence } = await startPruned();
    const { epoch } = server.running().runtime.info;
    const id = await client.subscribe({ threadId: 't1', afterSequence, epoch, deltas: false });
    const frames = await client.synchronized(id);
    expect(frames.map(({ kind }) => kind)).not.toContain('resync');
    expect(frames.filter(({ kind }) => kind === 'event').length).toBeGreaterThan(5);
  });

  test('goes on from a place behind them', async () => {
    const { server, client } = await startPruned();
    const { reads, info } = server.running().runtime;
    const cursor = { afterSequence: reads.sequence(), epoch: info.epoch };
    const id = await client.subscribe({ threadId: 't1', ...cursor });
    const kinds = (await client.synchronized(id)).map(({ kind }) => kind);
    expect(kinds).toEqual(['state', 'synchronized']);
  });

  test('reads all other entries with the numbers that they always had', async () => {
    const { client } = await startPruned();
    const page = await client.result('orchestration.readEvents', { threadId: 't1' });
    const versions = page.events.map(({ version }) => version);
    expect(page.prunedBefore).toBeGreaterThan(2);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    const before = page.prunedBefore ?? 0;
    const behind = [...new Set(versions)].filter((version) => version >= before);
    const completed = page.events.find(({ fact }) => fact.type === 'item.completed' && fact.item.text !== '');
    expect(completed).toBeDefined();
    // bases have no facts
    expect(behind[0]).toBe(before);
    const late = await client.result('orchestration.readEvents', { threadId: 't1', after: before });
    expect(late.prunedBefore).toBe(before);
    expect(late.events[0]?.version).toBe(behind[1]);
  });
});
