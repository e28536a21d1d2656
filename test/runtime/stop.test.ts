import { describe, expect, test } from 'vitest';
import { startThread } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

/** Lets the stop come to its end, time included. */
async function stopped(run: RuntimeRun, stop: Promise<void>, ms: number): Promise<boolean> {
  let isDone = false;
  void stop.then(() => (isDone = true));
  run.pass(ms);
  for (let hop = 0; hop < 20; hop += 1) await Promise.resolve();
  return isDone;
}

describe('a graceful stop', () => {
  test('of an idle server ends at once', async () => {
    const { server, run } = await startThread();
    await run.submit('one');
    expect(await stopped(run, run.runtime.stop(60_000), 0)).toBe(true);
    expect(run.status).toBe('stopped');
    expect(run.provider.connectionIds).toEqual([]);
    const next = await server.crash();
    await next.submit('two');
    expect(next.status).toBe('ready');
  });

  test('waits for the turn that runs', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    const stop = run.runtime.stop(60_000);
    expect(run.runtime.isReady()).toBe(false);
    expect(await run.refusal({ type: 'turn.interrupt' })).toBe('SHUTTING_DOWN');
    expect(await stopped(run, stop, 30_000)).toBe(false);
    run.provider.session('t1#1' as never).goOn();
    expect(await stopped(run, stop, 0)).toBe(true);
    expect(run.snapshot().turn?.status).toBe('completed');
    expect(run.clock.monotonic()).toBeLessThan(60_000);
  });

  test('ends what still runs at the deadline, and the journal says so', async () => {
    const { server, run } = await startThread();
    await run.submit('long wait');
    await run.submit('later', { mode: 'queue' });
    const stop = run.runtime.stop(60_000);
    expect(await stopped(run, stop, 59_000)).toBe(false);
    expect(await stopped(run, stop, 2_000)).toBe(true);
    expect(run.snapshot()).toMatchObject({
      thread: { status: 'stopped', lastError: { code: 'SERVER_RESTARTED' } },
      turn: { status: 'interrupted', reason: 'server-restarted' },
      queue: { status: 'held', entries: [{ text: 'later' }] },
    });
    server.check();
    const next = await server.crash();
    expect(next.entries().at(-1)?.input.type).toBe('runtime.recovered');
    expect(next.entries().filter((entry) => entry.input.type === 'runtime.recovered')).toHaveLength(1);
  });

  test('is hurried', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    const stop = run.runtime.stop(60_000);
    expect(await stopped(run, stop, 1_000)).toBe(false);
    run.runtime.hurry();
    expect(await stopped(run, stop, 0)).toBe(true);
  });

  test('is not held up by a thread that is deleted', async () => {
    const { run } = await startThread();
    await run.submit('one');
    await run.do({ type: 'thread.delete' });
    expect(await stopped(run, run.runtime.stop(60_000), 0)).toBe(true);
  });

  test('a second time waits for the first and does nothing', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    const [first, second] = [run.runtime.stop(10_000), run.runtime.stop(0)];
    expect(await stopped(run, second, 1_000)).toBe(false);
    expect(await stopped(run, first, 10_000)).toBe(true);
    await second;
    const sequence = run.journal.lastSequence();
    await run.runtime.stop(0);
    run.pass(1_000_000);
    expect(run.journal.lastSequence()).toBe(sequence);
  });

  test('answers what was sent before it', async () => {
    const { run } = await startThread();
    const sent = run.send({ type: 'turn.submit', text: 'wait' });
    const stop = run.runtime.stop(1_000);
    run.settle();
    expect(await sent).toHaveProperty('result');
    expect(await stopped(run, stop, 2_000)).toBe(true);
    expect(run.status).toBe('stopped');
  });

  test('in the middle of a hand-over leaves the look-up to the next run', async () => {
    const { server, run } = await startThread();
    await run.submit('one');
    await run.submit('unanswered');
    expect(await stopped(run, run.runtime.stop(1_000), 2_000)).toBe(true);
    const next = await server.crash();
    expect(next.snapshot().turn?.failure?.code).toBe('NOT_DELIVERED');
    expect(next.snapshot().queue.entries).toHaveLength(1);
  });
});
