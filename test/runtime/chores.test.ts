import { expect, describe, test } from 'vitest';
import { startThread, threadId, makeServer } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const T1 = threadId('t1');
const RETENTION_MS = 60_000;
const DAY_MS = 86_400_000;

const deltaCount = (run: RuntimeRun): number =>
  run.entries().filter((entry) => entry.kind === 'delta').length;
const textsOf = (run: RuntimeRun): string[] => run.snapshot().items.map((item) => item.text);

async function expectTombstone(run: RuntimeRun): Promise<void> {
  expect(await run.refusal({ type: 'turn.submit', text: 'hi' })).toBe('THREAD_DELETED');
  const again = { type: 'thread.create', cwd: '/w', instanceId: 'scripted' };
  expect(await run.refusal(again)).toBe('THREAD_EXISTS');
  expect(() => run.snapshot()).toThrow('is deleted');
}

async function remove(run: RuntimeRun, id = 't1'): Promise<void> {
  await run.do({ type: 'thread.delete', threadId: id });
  run.settle();
}

describe('streamed text', () => {
  test('is kept in pieces for a minute after its turn, and then only as a whole', async () => {
    const { server, run } = await startThread();
    await run.submit('long say');
    const before = run.snapshot();
    const count = deltaCount(run);
    expect(count).toBeGreaterThan(1);
    run.pass(RETENTION_MS - 1_000);
    expect(deltaCount(run)).toBe(count);
    run.pass(2_000);
    expect(deltaCount(run)).toBe(0);
    expect(run.snapshot()).toEqual(before);
    server.check();
  });

  test('of an item that was interrupted is told as a whole before its pieces go', async () => {
    const { server, run } = await startThread();
    await run.submit('open wait');
    run.pass(100);
    const { itemId } = run.snapshot().items[1]!;
    for (const text of ['ab', 'cd']) {
      const delta = { type: 'provider.itemDelta', connectionId: 't1#1', itemId, text };
      run.provider.report('t1', delta as never);
      run.settle();
    }
    const streamed = textsOf(run);
    expect(streamed[1]).toBe('abcd');
    await run.do({ type: 'turn.interrupt' });
    expect(textsOf(run)).toEqual(streamed);
    expect(run.facts().filter((fact) => fact.type === 'item.closed')).toMatchObject([
      { text: 'abcd', status: 'interrupted' },
    ]);
    run.pass(RETENTION_MS * 2);
    expect(deltaCount(run)).toBe(0);
    server.check();
    const next = await server.crash();
    expect(textsOf(next)).toEqual(streamed);
  });

  test('is pruned of all threads, those of the last run too', async () => {
    const { server, run } = await startThread();
    await run.submit('long say');
    const next = await server.crash();
    expect(deltaCount(next)).toBeGreaterThan(1);
    next.pass(RETENTION_MS * 2);
    expect(deltaCount(next)).toBe(0);
  });

  test('of a thread that has a turn every half minute is pruned, too', async () => {
    const { run } = await startThread();
    for (let turn = 0; turn < 10; turn += 1) {
      await run.submit('long say');
      run.pass(RETENTION_MS / 2);
    }
    const perTurn = deltaCount(run);
    run.pass(RETENTION_MS * 2);
    expect(deltaCount(run)).toBe(0);
    expect(perTurn).toBeLessThan(100);
  });

  test('stays while the turn runs', async () => {
    const { run } = await startThread();
    await run.submit('long wait');
    const count = deltaCount(run);
    run.pass(RETENTION_MS * 3);
    expect(count).toBeGreaterThan(1);
    expect(deltaCount(run)).toBe(count);
  });

  test('that is gone is told by the version below which it is', async () => {
    const { run } = await startThread();
    await run.submit('long say');
    const last = run.entries().findLast((entry) => entry.kind === 'delta')!;
    expect(run.runtime.reads.entries(T1, 0, { limit: 1, deltas: true }).prunedBefore).toBeNull();
    run.pass(RETENTION_MS * 2);
    const { entries, prunedBefore } = run.runtime.reads.entries(T1, 0, { limit: 1_000, deltas: true });
    expect(prunedBefore).toBe(last.version + 1);
    expect(entries.at(-1)?.version).toBe(run.runtime.reads.version(T1).version);
  });
});

describe('a store that fails', () => {
  test('while it is pruned is left alone for half a minute', async () => {
    const { run } = await startThread();
    await run.submit('long say');
    const prune = run.journal.prune.bind(run.journal);
    let failures = 0;
    run.journal.prune = () => {
      failures += 1;
      throw new Error('the disk is full');
    };
    run.pass(29_000);
    expect(failures).toBe(1);
    run.pass(2_000);
    expect(failures).toBe(2);
    expect(run.warnings.at(-1)).toBe('housekeeping of the store failed');
    run.journal.prune = prune;
    run.pass(RETENTION_MS * 2);
    expect(deltaCount(run)).toBe(0);
  });
});

describe('a purge', () => {
  test('leaves nothing but a tombstone, and says when it is over', async () => {
    const { server, run } = await startThread();
    await run.submit('long say');
    await remove(run);
    let isOver = false;
    const purged = run.runtime.purge([T1]).then(() => (isOver = true));
    expect(isOver).toBe(false);
    run.pass(1_000);
    await purged;
    expect(run.journal.readThread(T1, 0, { limit: 1_000, deltas: true })).toEqual([]);
    expect(run.journal.items(T1, null, 10)).toEqual([]);
    expect(run.journal.threadState(T1)?.row.preview).toBe('');
    server.purged.push(T1);
    await expectTombstone(run);
    await expectTombstone(await server.crash());
  });

  test('of a thread that is not deleted, or not there, is refused as a whole', async () => {
    const { run } = await startThread();
    await run.create({ threadId: 't2' });
    await remove(run, 't2');
    const codeOf = (ids: readonly string[]): Promise<unknown> =>
      run.runtime.purge(ids.map(threadId)).then(
        () => null,
        (error: { code: string }) => error.code,
      );
    expect(await codeOf(['t2', 't1'])).toBe('THREAD_NOT_DELETED');
    expect(await codeOf(['t2', 't3'])).toBe('THREAD_NOT_FOUND');
    expect(run.journal.purges()).toEqual([]);
  });

  test('that a crash interrupts is ended by the next run', async () => {
    const { server, run } = await startThread();
    await run.submit('say');
    await remove(run);
    void run.runtime.purge([T1]);
    const next = await server.crash();
    expect(next.journal.purges()).toEqual(['t1']);
    server.purged.push(T1);
    next.pass(1_000);
    expect(next.journal.purges()).toEqual([]);
    expect(next.journal.readThread(T1, 0, { limit: 9, deltas: true })).toEqual([]);
  });

  test('takes the attachments with it that no other thread has used', async () => {
    const removed: string[] = [];
    const server = makeServer({
      attachments: new Set(['own', 'shared']),
      removeAttachment: (id) => void removed.push(id),
    });
    const run = await server.start();
    for (const [id, attachments] of [
      ['t1', ['own', 'shared']],
      ['t2', ['shared']],
    ]) {
      await run.create({ threadId: id });
      await run.submit('say', { threadId: id, attachments });
    }
    await remove(run);
    const purged = run.runtime.purge([T1]);
    run.pass(1_000);
    await purged;
    expect(removed).toEqual(['own']);
    server.purged.push(T1);
  });

  test('comes by itself when the retention is over, and only then', async () => {
    const server = makeServer({ deletedAfterMs: 30 * DAY_MS });
    const run = await server.start();
    await run.create();
    await run.submit('say');
    await remove(run);
    run.pass(29 * DAY_MS);
    expect(run.journal.threadIds()).toEqual(['t1']);
    run.pass(2 * DAY_MS);
    expect(run.journal.threadIds()).toEqual([]);
    server.purged.push(T1);
    expect(run.journal.threadState(T1)?.removal).toBe('deleted');
  });

  test('never comes by itself without a retention', async () => {
    const { run } = await startThread();
    await remove(run);
    run.pass(400 * DAY_MS);
    expect(run.journal.threadIds()).toEqual(['t1']);
  });
});
