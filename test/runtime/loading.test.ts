/** Where loading starts: bases of settled threads, caches of those that go on and on. */
import { expect, test } from 'vitest';
import { makeServer, startThread, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const T1 = threadId('t1');
const bases = (run: RuntimeRun): number =>
  run.journal.readThread(T1, 0, { limit: 10_000, deltas: false }).filter((entry) => entry.kind === 'base')
    .length;
const many = (text: string, count: number): string => Array.from({ length: count }, () => text).join(' ');

test('a base is written when a turn has ended and the thread has settled', async () => {
  const { run } = await startThread();
  expect(bases(run)).toBe(0);
  await run.submit('one');
  expect(bases(run)).toBe(1);
  await run.submit('two wait');
  expect(bases(run)).toBe(1);
  await run.do({ type: 'turn.interrupt' });
  expect(bases(run)).toBe(2);
});

test('a settled thread that only takes settings has one every 64 inputs, over hibernations too', async () => {
  const { run } = await startThread();
  for (let count = 0; count < 200; count += 1) {
    await run.do({ type: 'thread.setTitle', title: `${count}` });
    if (count % 30 === 0) run.pass(120_000);
  }
  expect(bases(run)).toBe(3);
});

test('a thread that does not settle is cached, and comes back from the cache', async () => {
  const { server, run } = await startThread();
  await run.submit(`${many('a', 40)} ask wait`);
  expect(bases(run)).toBe(0);
  const cache = run.journal.loadThread(T1).cache;
  expect(cache?.version).toBeGreaterThan(64);
  server.check();
  const next = await server.crash();
  expect(next.status).toBe('stopped');
});

test('a cache of other charts is not used', async () => {
  const server = makeServer();
  const run = await server.start();
  await run.create();
  await run.submit(`${many('a', 40)} wait`);
  server.kill();
  const cache = server.store.caches.get(T1);
  const read = cache?.read.bind(cache);
  if (cache !== undefined && read !== undefined)
    cache.read = () => ({ ...read(), machineHash: 'other', charts: 'no charts' });
  const next = await server.start();
  expect(next.snapshot()).toMatchObject({ thread: { status: 'stopped' }, turn: { status: 'interrupted' } });
});

test('a cache that cannot be read is not used', async () => {
  const { server, run } = await startThread();
  await run.submit(`${many('a', 40)} wait`);
  server.kill();
  const cache = server.store.caches.get(T1);
  const read = cache?.read.bind(cache);
  if (cache !== undefined && read !== undefined) cache.read = () => ({ ...read(), charts: 'no charts' });
  const next = await server.start();
  expect(next.snapshot()).toMatchObject({ thread: { status: 'stopped' }, turn: { status: 'interrupted' } });
});
