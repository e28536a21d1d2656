/** `thread.compact` through the whole runtime, and over a restart. */
import { describe, expect, test } from 'vitest';
import { SCRIPTED_CAPABILITIES } from '../helpers/scripted-provider.ts';
import { startThread } from '../helpers/server-runs.ts';

const COMPACT = { type: 'thread.compact' } as const;

describe('a compaction by hand', () => {
  test('is a turn of its own, after which the usage is told', async () => {
    const { run } = await startThread();
    await run.submit('hi');
    expect(run.snapshot().machine.can).toContain('thread.compact');
    const { turnId } = await run.do(COMPACT);
    expect(run.snapshot()).toMatchObject({
      thread: { status: 'ready' },
      turn: { turnId, origin: 'compaction', status: 'completed', settings: { model: null } },
      usage: { contextTokens: 5, contextWindow: 100 },
    });
    expect(run.snapshot().items.at(-1)).toMatchObject({
      turnId,
      body: { kind: 'compaction' },
      status: 'completed',
    });
    await run.submit('more');
    expect(run.status).toBe('ready');
  });

  test('opens a connection where there is none', async () => {
    const { run } = await startThread();
    await run.submit('hi');
    await run.do({ type: 'thread.stop' });
    await run.do(COMPACT);
    expect([run.status, run.provider.connectionIds]).toEqual(['ready', ['t1#2']]);
  });

  test('is refused while a turn runs, in an archived thread, and where the provider cannot', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    expect(run.snapshot().machine.can).not.toContain('thread.compact');
    expect(await run.refusal(COMPACT)).toBe('THREAD_BUSY');
    await run.do({ type: 'turn.interrupt' });
    await run.do({ type: 'thread.archive' });
    expect(await run.refusal(COMPACT)).toBe('THREAD_ARCHIVED');
    const other = await startThread({ capabilities: { ...SCRIPTED_CAPABILITIES, compact: false } });
    expect(await other.run.refusal(COMPACT)).toBe('CAPABILITY_UNSUPPORTED');
    expect(other.run.snapshot().machine.can).not.toContain('thread.compact');
  });

  test('is interrupted', async () => {
    const { run } = await startThread();
    run.world.faults.compact = 'wait';
    await run.submit('hi');
    await run.do(COMPACT);
    expect(run.status).toBe('running');
    await run.do({ type: 'turn.interrupt' });
    expect(run.snapshot()).toMatchObject({
      thread: { status: 'interrupted' },
      turn: { status: 'interrupted', reason: 'user' },
    });
  });

  test('that the provider refuses fails, in the open', async () => {
    const { run } = await startThread();
    run.world.faults.compact = 'refuse';
    await run.submit('hi');
    await run.do(COMPACT);
    expect(run.snapshot().thread).toMatchObject({
      status: 'error',
      lastError: { code: 'START_REFUSED', message: 'there is nothing to compact' },
    });
    expect(run.snapshot().items.at(-1)).toMatchObject({
      body: { kind: 'notice', topic: 'start.failed' },
      text: 'there is nothing to compact',
    });
    await run.submit('hi');
    expect(run.status).toBe('ready');
  });

  test('that nobody answers fails in time, and its connection is not used again', async () => {
    const { run } = await startThread();
    run.world.faults.compact = 'silent';
    await run.submit('hi');
    await run.do(COMPACT);
    run.pass(31_000);
    expect(run.snapshot().turn).toMatchObject({ status: 'failed', failure: { code: 'START_TIMED_OUT' } });
    await run.submit('hi');
    expect(run.provider.connectionIds).toEqual(['t1#2']);
  });

  test('is interrupted by a crash, and not begun again by itself', async () => {
    const { server, run } = await startThread();
    run.world.faults.compact = 'silent';
    await run.submit('hi');
    await run.do(COMPACT);
    const next = await server.crash();
    expect(next.snapshot()).toMatchObject({
      thread: { status: 'stopped' },
      turn: { origin: 'compaction', status: 'interrupted', reason: 'server-restarted' },
      queue: { entries: [] },
    });
    const asked = next.world.performed.filter(({ type }) => type === 'turn.compact');
    expect(asked).toHaveLength(1);
  });
});
