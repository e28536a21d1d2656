import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../server/runtime/fingerprint.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const T1 = threadId('t1');
const chartsOf = (run: RuntimeRun): string =>
  canonicalJson(JSON.parse(JSON.stringify(run.runtime.threads.get(T1)?.actor.store())));

describe('a dormant thread', () => {
  test('leaves memory after a minute and comes back equal', async () => {
    const { run } = await startThread();
    await run.submit('one');
    await run.do({ type: 'thread.stop' });
    await run.do({ type: 'thread.setTitle', title: 'kept' });
    const before = { charts: chartsOf(run), snapshot: run.snapshot() };
    run.pass(30_000);
    expect(run.runtime.threads.peek(T1)).not.toBeNull();
    run.pass(60_000);
    expect(run.runtime.threads.peek(T1)).toBeNull();
    expect(chartsOf(run)).toBe(before.charts);
    expect(run.snapshot()).toEqual(before.snapshot);
    await run.submit('two');
    expect(run.snapshot().items.map((item) => item.text)).toEqual(['one', 'one', 'two', 'two']);
  });

  test('is read without being pinned', async () => {
    const { run } = await startThread();
    run.pass(120_000);
    for (let count = 0; count < 10; count += 1) {
      run.snapshot();
      run.pass(60_000);
    }
    run.pass(90_000);
    expect(run.runtime.threads.size).toBe(0);
  });

  test('that is deleted leaves memory, too', async () => {
    const { run } = await startThread();
    await run.submit('one');
    await run.do({ type: 'thread.delete' });
    run.pass(120_000);
    expect(run.runtime.threads.size).toBe(0);
    expect(await run.refusal({ type: 'turn.submit', text: 'x' })).toBe('THREAD_DELETED');
  });
});

describe('an idle connection', () => {
  test('is closed earlier where the adapter says so', async () => {
    const { run } = await startThread();
    run.provider.connectionIdleMs = 600_000;
    await run.submit('one');
    run.pass(500_000);
    expect(run.provider.connectionIds).toHaveLength(1);
    run.pass(150_000);
    expect(run.provider.connectionIds).toEqual([]);
    expect(run.status).toBe('ready');
  });

  test('is not kept longer for that', async () => {
    const { run } = await startThread();
    run.provider.connectionIdleMs = 9_000_000;
    await run.submit('one');
    run.pass(1_900_000);
    expect(run.provider.connectionIds).toEqual([]);
  });

  test('is closed after half an hour, and the word stays', async () => {
    const { run } = await startThread();
    await run.submit('one');
    run.pass(1_700_000);
    expect(run.provider.connectionIds).toHaveLength(1);
    run.pass(200_000);
    expect(run.provider.connectionIds).toEqual([]);
    expect(run.snapshot()).toMatchObject({ thread: { status: 'ready' }, machine: { children: {} } });
    run.pass(120_000);
    expect(run.runtime.threads.size).toBe(0);
    await run.submit('two');
    expect(run.status).toBe('ready');
    expect(run.world.conversations.get('native1')).toHaveLength(2);
  });

  test('keeps the word of an interrupted or failed thread', async () => {
    for (const [text, status] of [
      ['wait', 'interrupted'],
      ['fail', 'error'],
    ] as const) {
      const { run } = await startThread();
      await run.submit(text);
      await run.do({ type: 'turn.interrupt' });
      run.pass(2_000_000);
      expect(run.provider.connectionIds).toEqual([]);
      expect(run.status).toBe(status);
    }
  });

  test('is used again by whatever happens on it', async () => {
    const { run } = await startThread();
    for (let count = 0; count < 5; count += 1) {
      await run.submit('one');
      run.pass(1_000_000);
    }
    expect(run.provider.connectionIds).toEqual(['t1#1']);
  });

  test('is never closed in a turn', async () => {
    const { run } = await startThread();
    await run.submit('ask');
    run.pass(10_000_000);
    expect(run.provider.connectionIds).toEqual(['t1#1']);
    expect(run.status).toBe('running');
  });

  test('is never closed with an open request, and nothing is journaled for it', async () => {
    const { run } = await startThread();
    await run.submit('one');
    const request = {
      requestId: 'r1',
      nativeRequestId: 'n1',
      body: { kind: 'tool', tool: 'x' },
      decisions: ['accept'],
    };
    const named = { connectionId: 't1#1', turnId: null, attempt: 0, nativeTurnId: null };
    run.provider.report('t1', {
      type: 'provider.requestOpened',
      ...named,
      owner: 'connection',
      request,
    } as never);
    run.settle();
    expect(run.snapshot().requests).toHaveLength(1);
    const count = run.inputs().length;
    run.pass(7_200_000);
    expect(run.inputs()).toHaveLength(count);
    await run.do({ type: 'request.respond', requestId: 'r1', decision: 'accept' });
    run.pass(2_000_000);
    expect(run.provider.connectionIds).toEqual([]);
  });

  test('that does not close in time is kept, and tried again', async () => {
    const { run } = await startThread();
    await run.submit('one');
    run.world.faults.close = 'silent';
    run.pass(1_900_000);
    expect(run.provider.connectionIds).toEqual(['t1#1']);
    delete run.world.faults.close;
    run.pass(2_000_000);
    expect(run.provider.connectionIds).toEqual([]);
  });
});

test('two thousand threads that have slept leave nothing in memory', async () => {
  const { run } = await startThread();
  for (let count = 0; count < 2000; count += 1)
    void run.send({
      type: 'thread.create',
      threadId: `n${count}`,
      cwd: `/w${count}`,
      instanceId: 'scripted',
    });
  run.settle();
  const used = Array.from({ length: 100 }, (_, index) => `n${index * 20}`);
  for (const name of used) void run.send({ type: 'turn.submit', text: 'one', threadId: name });
  run.settle();
  expect(run.runtime.threads.size).toBe(2001);
  run.pass(2_100_000);
  expect(run.runtime.threads.size).toBe(0);
  expect(run.runtime.figures).toMatchObject({
    loadedThreads: 0,
    armedStreams: 0,
    ingressLength: 0,
    ingressBytes: 0,
  });
  await run.submit('two', { threadId: 'n20' });
  expect(run.snapshot(threadId('n20')).items).toHaveLength(4);
});
