/** Defects: inputs that throw, entries that cannot be written, journals that cannot be read. */
import { describe, expect, test } from 'vitest';
import { Instances } from '../../server/runtime/instances.ts';
import { LiveCharts } from '../../machines/live.ts';
import { sabotage } from '../helpers/sabotage.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';
import type { MemoryStore } from '../helpers/memory-journal.ts';

/** Inputs with this title make the chart throw after it has moved. */
function poison(title = 'poison'): void {
  sabotage(LiveCharts, 'send', (_, [event], send) => {
    const drawn = send(event);
    if ((event as { title?: string }).title === title) throw new Error('a planted defect');
    return drawn;
  });
}

describe('an input that throws', () => {
  test('is journaled as failed, changes nothing, and its command is refused', async () => {
    const { server, run } = await startThread();
    poison();
    const before = run.snapshot();
    expect(await run.refusal({ type: 'thread.setTitle', title: 'poison' }, 'c1')).toBe('INTERNAL');
    expect(run.entries().at(-1)).toMatchObject({ outcome: 'failed', commandId: 'c1', facts: [] });
    expect(run.snapshot()).toEqual(before);
    expect(run.journal.receipt('c1' as never)).toBeNull();
    server.failedCount = 1;
    await run.submit('hi');
    expect(run.status).toBe('ready');
  });

  test('loses nothing of what came before it in its tick', async () => {
    const { server, run } = await startThread();
    await run.create({ threadId: 't2' });
    await run.submit('long wait');
    poison();
    const sent = [
      run.send({ type: 'turn.submit', text: 'queued', mode: 'queue' }),
      run.send({ type: 'thread.setTitle', title: 'other', threadId: 't2' }),
      run.send({ type: 'thread.setTitle', title: 'poison' }),
      run.send({ type: 'turn.interrupt' }),
      run.send({ type: 'thread.setModel', model: 'm', threadId: 't2' }),
    ];
    run.settle();
    const [queued, , poisoned, interrupted] = await Promise.all(sent);
    server.failedCount = 1;
    expect(queued).toHaveProperty('result');
    expect(poisoned).toMatchObject({ error: { code: 'INTERNAL' } });
    expect(interrupted).toHaveProperty('result');
    expect(run.snapshot()).toMatchObject({
      thread: { status: 'interrupted' },
      queue: { entries: [{ text: 'queued' }] },
    });
    expect(run.snapshot(threadId('t2')).thread).toMatchObject({ title: 'other', model: 'm' });
    expect(run.snapshot().items[1]?.text).toBe('abcdefghijklmnopqrst');
  });

  test('is stepped over by a later restart, also of a new thread', async () => {
    const { server, run } = await startThread();
    poison();
    const created = run.send({ type: 'thread.create', threadId: 't2', cwd: '/work', instanceId: 'scripted' });
    const poisoned = run.send({ type: 'thread.setTitle', title: 'poison', threadId: 't2' });
    run.settle();
    expect(await created).toHaveProperty('result');
    expect(await poisoned).toMatchObject({ error: { code: 'INTERNAL' } });
    const next = await server.crash();
    await next.submit('hi', { threadId: 't2' });
    expect(next.snapshot(threadId('t2')).thread).toMatchObject({ status: 'ready', title: '' });
    expect(next.entries(threadId('t2')).filter((entry) => entry.outcome === 'failed')).toHaveLength(1);
  });

  test('of an instance is journaled as failed, and the instance goes on', async () => {
    const { server, run } = await startThread();
    sabotage(LiveCharts, 'send', (_, [event], send) => {
      const drawn = send(event);
      const { type, report } = event as { type: string; report?: { version?: string } };
      if (type === 'instance.reported' && report?.version === 'poison') throw new Error('a planted defect');
      return drawn;
    });
    await run.submit('one wait');
    run.provider.reportInstance({ type: 'instance.reported', report: { version: 'poison' } });
    run.provider.reportInstance({ type: 'instance.reported', report: { version: '2' } });
    run.settle();
    server.failedCount = 1;
    const entries = run.journal.readInstance('scripted' as never, 0, { limit: 100, deltas: false });
    expect(entries.slice(-2)).toMatchObject([{ outcome: 'failed' }, { outcome: 'applied' }]);
    expect(run.runtime.reads.instances()).toMatchObject([{ version: '2', state: 'ready' }]);
    await run.do({ type: 'turn.interrupt' });
    await run.submit('two');
    expect(run.status).toBe('ready');
  });
});

describe('an input that breaks the tick', () => {
  test('is found and dropped, and all others are taken', async () => {
    const { server, run } = await startThread();
    await run.submit('wait');
    sabotage(Instances, 'get', (_, [id], get) => {
      if (id === 'poison') throw new Error('a planted defect');
      return get(id);
    });
    const sent = [
      run.send({ type: 'thread.setTitle', title: 'a' }),
      run.send({ type: 'thread.create', threadId: 't2', cwd: '/work', instanceId: 'poison' }),
      run.send({ type: 'thread.setModel', model: 'b' }),
    ];
    run.settle();
    const [first, culprit, last] = await Promise.all(sent);
    expect(first).toHaveProperty('result');
    expect(culprit).toMatchObject({ error: { code: 'INTERNAL' } });
    expect(last).toHaveProperty('result');
    expect(run.snapshot().thread).toMatchObject({ title: 'a', model: 'b', status: 'running' });
    expect(run.warnings).toContain('what came in could not be taken and was dropped');
    server.failedCount = 1;
    await run.do({ type: 'turn.interrupt' });
    expect(run.status).toBe('interrupted');
  });
});

/** The journal of the thread says something that its charts would not draw. */
function corrupt(store: MemoryStore, name: string): void {
  const entries = store.streams.get(`thread ${name}`) ?? [];
  for (const entry of entries) {
    const read = entry.value.read.bind(entry.value);
    entry.value.read = () => {
      const value = read();
      return value.input.type === 'turn.submit' ? { ...value, facts: [] } : value;
    };
  }
}

describe('a thread whose journal cannot be stepped', () => {
  const broken = async (text: string) => {
    const { server, run } = await startThread();
    await run.create({ threadId: 't2' });
    await run.submit(text);
    await run.do({ type: 'thread.setTitle', title: 'kept' });
    server.kill();
    corrupt(server.store, 't1');
    server.broken.push('t1');
    return { server, run: await server.start() };
  };

  test('is shown with its failure, and only read or deleted', async () => {
    const { run } = await broken('one wait');
    expect(run.warnings).toContain('a thread is quarantined');
    expect(run.snapshot()).toMatchObject({
      thread: {
        status: 'error',
        activeTurnId: null,
        title: 'kept',
        lastError: { code: 'THREAD_QUARANTINED' },
      },
      machine: { status: 'error', tags: ['quarantined'], can: ['thread.delete'] },
    });
    expect(
      run.runtime.reads.listThreads({ limit: 50 }).rows.map((row) => `${row.id} ${row.status}`),
    ).toContain('t1 error');
    expect(run.snapshot().items.length).toBeGreaterThan(0);
    expect(await run.refusal({ type: 'turn.submit', text: 'more' })).toBe('THREAD_QUARANTINED');
    await run.submit('hi', { threadId: 't2' });
    expect(run.snapshot(threadId('t2')).thread.status).toBe('ready');
  });

  test('is deleted and stays so', async () => {
    const { server, run } = await broken('one wait');
    await run.do({ type: 'thread.delete' });
    expect(await run.refusal({ type: 'turn.submit', text: 'more' })).toBe('THREAD_DELETED');
    expect(() => run.snapshot()).toThrow('deleted');
    const next = await server.crash();
    expect(await next.refusal({ type: 'turn.submit', text: 'more' })).toBe('THREAD_DELETED');
    expect(next.runtime.reads.listThreads({ limit: 50 }).rows.map((row) => row.id)).toEqual(['t2']);
  });

  test('has its provider refused what it asks', async () => {
    const { run } = await broken('one wait');
    const request = {
      requestId: 'r1',
      nativeRequestId: 'n1',
      body: { kind: 'tool', tool: 'x' },
      decisions: [],
    };
    const named = { connectionId: 't1#1', turnId: null, attempt: 0, nativeTurnId: null };
    run.provider.report('t1', { type: 'provider.requestOpened', ...named, owner: 'turn', request } as never);
    run.settle();
    expect(run.world.performed.at(-1)).toMatchObject({ type: 'request.refuse', nativeRequestId: 'n1' });
  });
});
