import { expect, test } from 'vitest';
import { rebuildThread } from '../../server/runtime/rebuild.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';

const T1 = threadId('t1');

test('makes the rows of a thread again from its journal, whatever stands there', async () => {
  const { server, run } = await startThread();
  await run.submit('long ask2 done');
  await run.submit('queued', { mode: 'queue' });
  await run.do({ type: 'turn.interrupt' });
  const expected = run.snapshot();
  server.kill();
  server.store.threads.delete(T1);
  const next = server.open();
  expect(() => next.snapshot()).toThrow('there is no thread');
  rebuildThread(next.journal, T1);
  await next.start();
  const { machine: _, thread, ...rest } = next.snapshot();
  expect({ ...rest, requests: [] }).toEqual({
    items: expected.items,
    roster: [],
    turn: expected.turn,
    requests: [],
    queue: expect.anything(),
    usage: null,
    plan: null,
    lineage: null,
    itemCount: expected.itemCount,
    completedTurnOrdinal: null,
  });
  expect(thread.title).toBe(expected.thread.title);
  await next.submit('next');
  expect(next.status).toBe('ready');
});

test('keeps the text that is being streamed as the store has it', async () => {
  const { server, run } = await startThread();
  await run.submit('long open wait');
  run.pass(1_000);
  server.check();
  expect(run.snapshot().items.map((item) => item.text)).toEqual([
    'long open wait',
    'abcdefghijklmnopqrst',
    '',
  ]);
});
