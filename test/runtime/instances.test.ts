import { describe, expect, test } from 'vitest';
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import { makeServer, startThread, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const opens = (run: RuntimeRun): ProviderEffect[] =>
  run.world.performed.filter((effect) => effect.type === 'connection.open');
const states = (run: RuntimeRun): string[] =>
  run.journal
    .readInstance('scripted' as never, 0, { limit: 1000, deltas: false })
    .flatMap((entry) => entry.facts)
    .flatMap((fact) => (fact.type === 'instance.stateChanged' ? [fact.state] : []));
const starts = (run: RuntimeRun): number =>
  run.world.performed.filter((effect) => effect.type === 'process.start').length;

describe('two instances', () => {
  test('run side by side, and the death of one does not touch the threads of the other', async () => {
    const server = makeServer({ instances: ['one', 'two'] });
    const run = await server.start();
    await run.create({ threadId: 'a', instanceId: 'one' });
    await run.create({ threadId: 'b', instanceId: 'two' });
    for (const name of ['a', 'b']) await run.submit('wait', { threadId: name });
    run.providers.get('one')?.die();
    run.settle();
    expect(run.snapshot(threadId('a')).thread.status).toBe('error');
    expect(run.snapshot(threadId('b')).thread.status).toBe('running');
    expect(run.runtime.reads.instances().map((row) => `${row.instanceId} ${row.state}`)).toEqual([
      'one ready',
      'two ready',
    ]);
  });
});

describe('the process of an instance', () => {
  test('is started by the first thread that needs it, and serves many', async () => {
    const { run } = await startThread();
    expect(starts(run)).toBe(0);
    for (const name of ['a', 'b', 'c']) await run.create({ threadId: name });
    for (const name of ['a', 'b', 'c']) await run.submit('one', { threadId: name });
    expect(starts(run)).toBe(1);
    expect(run.provider.connectionIds).toEqual(['a#1', 'b#1', 'c#1']);
  });

  test('that dies is told to each of its threads', async () => {
    const { run } = await startThread();
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) await run.create({ threadId: name });
    await run.submit('wait', { threadId: 'a' });
    await run.submit('ask', { threadId: 'b' });
    await run.submit('one', { threadId: 'c' });
    run.provider.die();
    run.settle();
    const shown = names.map((name) => run.snapshot(threadId(name)));
    expect(shown.map(({ thread }) => `${thread.status} ${thread.lastError?.code ?? '-'}`)).toEqual([
      'error CONNECTION_LOST',
      'error CONNECTION_LOST',
      'error CONNECTION_LOST',
      'ready -',
    ]);
    expect(shown.flatMap(({ requests }) => requests)).toEqual([]);
    for (const name of names) {
      await run.submit('next', { threadId: name });
      expect(run.snapshot(threadId(name)).thread.status).toBe('ready');
    }
    expect(starts(run)).toBe(2);
  });

  test('that is used by nobody is ended after five minutes', async () => {
    const { run } = await startThread();
    await run.submit('one');
    await run.do({ type: 'thread.stop' });
    run.pass(299_000);
    expect(states(run).at(-1)).toBe('ready');
    run.pass(2_000);
    expect(states(run).slice(-2)).toEqual(['draining', 'idle']);
    await run.submit('two');
    expect(run.status).toBe('ready');
    expect(starts(run)).toBe(2);
  });
});

describe('an instance that does not start', () => {
  test('backs off, and a prompt meanwhile waits for the next try', async () => {
    const { run } = await startThread();
    run.world.faults.process = 'fail';
    await run.submit('one');
    expect(states(run).at(-1)).toBe('backingOff');
    expect(run.runtime.reads.instances()).toMatchObject([{ state: 'unavailable', available: true }]);
    delete run.world.faults.process;
    await run.submit('two');
    expect(run.status).toBe('starting');
    run.pass(600);
    expect(run.status).toBe('ready');
    expect(run.runtime.reads.instances()).toMatchObject([{ state: 'ready' }]);
  });

  test('waits longer after each failure', async () => {
    const { run } = await startThread();
    run.world.faults.process = 'fail';
    const gaps: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      await run.submit('one');
      const from = run.clock.monotonic();
      while (states(run).at(-1) === 'backingOff') run.pass(100);
      gaps.push(run.clock.monotonic() - from);
    }
    expect(gaps).toEqual([500, 1000, 2000, 4000]);
  });

  test('and is configured wrongly is unavailable until the next thread needs it', async () => {
    const { run } = await startThread();
    run.world.faults.process = 'missing';
    await run.submit('one');
    expect(run.runtime.reads.instances()).toMatchObject([{ state: 'unavailable', available: false }]);
    delete run.world.faults.process;
    await run.submit('two');
    expect(run.status).toBe('ready');
  });
});

describe('many threads that resume after a loss', () => {
  test('are at most four at a time', async () => {
    const { run } = await startThread();
    const names = Array.from({ length: 10 }, (_, index) => `r${index}`);
    for (const name of names) await run.create({ threadId: name });
    for (const name of names) await run.submit('one', { threadId: name });
    run.provider.die();
    run.settle();
    const before = opens(run).length;
    for (const name of names) void run.send({ type: 'turn.submit', text: 'two', threadId: name });
    while (run.tick());
    run.world.deliver();
    while (run.tick());
    expect(opens(run).length - before).toBe(4);
    run.world.deliver();
    while (run.tick());
    expect(opens(run).length - before).toBe(5);
    run.settle();
    expect(opens(run).length - before).toBe(10);
    expect(names.map((name) => run.snapshot(threadId(name)).thread.status)).toEqual(names.map(() => 'ready'));
  });
});

describe('an instance that is not configured any more', () => {
  test('refuses the prompts of its threads, and says why', async () => {
    const server = makeServer({ instances: ['scripted', 'old'] });
    const run = await server.start();
    await run.create({ instanceId: 'old' });
    await run.submit('one');
    const next = await server.crash({ instances: ['scripted'] });
    await expect(next.submit('two')).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
      details: { instanceId: 'old' },
    });
    expect(next.runtime.reads.instances().map((row) => row.instanceId)).toEqual(['scripted']);
    expect(next.runtime.reads.removedInstances()).toMatchObject([{ instanceId: 'old', removed: true }]);
    expect(next.snapshot().items).toHaveLength(2);
    const last = await server.crash();
    await last.submit('three');
    expect(last.status).toBe('ready');
  });
});
