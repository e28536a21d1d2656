/** What the doors are told, and when. */
import { describe, expect, test } from 'vitest';
import type { CommittedTick } from '../../server/runtime/api.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';

const T1 = threadId('t1');

describe('a commit is announced', () => {
  test('after it was made and after its effects were released, once and in order', async () => {
    const { server, run } = await startThread();
    const order: string[] = [];
    const { journal } = server;
    const commit = journal.commit.bind(journal);
    journal.commit = (write) => {
      commit(write);
      order.push('commit');
    };
    run.world.onPerform = (effect) => void order.push(effect.type);
    run.runtime.onCommitted((tick) => void order.push(`told ${tick.sequence - journal.lastSequence()}`));
    void run.send({ type: 'turn.submit', text: 'hi' }).then(() => order.push('answered'));
    run.tick();
    expect(order).toEqual(['commit', 'process.start', 'told 0']);
    run.world.deliver();
    run.tick();
    expect(order.slice(3)).toEqual(['commit', 'connection.open', 'told 0']);
  });

  test('with every entry of a thread, without a gap', async () => {
    const { run } = await startThread();
    await run.submit('long hello');
    await run.do({ type: 'thread.stop' });
    const versions = run.ticks.flatMap((tick) =>
      tick.threads.flatMap((thread) => thread.entries.map((entry) => entry.version)),
    );
    expect(versions).toEqual(versions.map((_, index) => index + 1));
    const sequences = run.ticks.map((tick) => tick.sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    expect(sequences.at(-1)).toBe(run.journal.lastSequence());
  });

  test('with the state of the machines only where somebody watches', async () => {
    const { run } = await startThread();
    await run.create({ threadId: 't2' });
    const from = run.ticks.length;
    const unwatch = run.runtime.watch(T1);
    const again = run.runtime.watch(T1);
    await run.submit('hi');
    await run.submit('hi', { threadId: 't2' });
    const watched = run.ticks.slice(from).flatMap((tick) => tick.threads);
    expect(
      watched
        .filter((each) => each.threadId === T1 && each.state === null)
        .every((each) => each.entries.every((entry) => entry.kind === 'delta')),
    ).toBe(true);
    expect(
      watched.filter((each) => each.threadId === T1).some((each) => each.state?.status === 'running'),
    ).toBe(true);
    expect(watched.filter((each) => each.threadId !== T1).every((each) => each.state === null)).toBe(true);
    unwatch();
    unwatch();
    await run.do({ type: 'thread.setTitle', title: 'a' });
    expect(run.ticks.at(-1)?.threads[0]?.state).not.toBeNull();
    again();
    await run.do({ type: 'thread.setTitle', title: 'b' });
    expect(run.ticks.at(-1)?.threads[0]?.state).toBeNull();
  });

  test('with rows only where they changed', async () => {
    const { run } = await startThread();
    const from = run.ticks.length;
    await run.submit('hello');
    const ticks = run.ticks.slice(from);
    const rows = ticks.flatMap((tick) =>
      tick.threads.map((each) => `${each.entries.at(-1)?.kind} ${each.row === null ? '-' : 'row'}`),
    );
    expect(rows).toContain('delta -');
    expect(rows).not.toContain('delta row');
    const instances = ticks.flatMap((tick) => tick.instances.map((row) => row.state));
    expect(instances).toEqual(['ready']);
    const later = run.ticks.length;
    await run.submit('again');
    await run.do({ type: 'thread.stop' });
    expect(run.ticks.slice(later).flatMap((tick) => tick.instances)).toEqual([]);
  });

  test('with the removal of a thread, once', async () => {
    const { run } = await startThread();
    await run.submit('one');
    await run.do({ type: 'thread.delete' });
    const removed = run.ticks.flatMap((tick) => tick.threads).filter((each) => each.removed);
    expect(removed.length).toBeGreaterThan(0);
    expect(removed.every((each) => each.row === null)).toBe(true);
  });

  test('to every listener until it leaves, though one throws', async () => {
    const { run } = await startThread();
    const seen: CommittedTick[] = [];
    const leaveBad = run.runtime.onCommitted(() => {
      throw new Error('a planted defect');
    });
    const leave = run.runtime.onCommitted((tick) => void seen.push(tick));
    await run.do({ type: 'thread.setTitle', title: 'a' });
    expect(seen).toHaveLength(1);
    expect(run.warnings).toContain('a listener threw');
    leave();
    leaveBad();
    await run.do({ type: 'thread.setTitle', title: 'b' });
    expect(seen).toHaveLength(1);
  });
});

describe('reads', () => {
  test('agree with what has been announced', async () => {
    const { run } = await startThread();
    run.runtime.onCommitted((tick) => {
      for (const thread of tick.threads) {
        const { version, sequence } = run.runtime.reads.version(thread.threadId);
        expect(version).toBe(thread.entries.at(-1)?.version);
        expect(sequence).toBe(tick.sequence);
        if (thread.row !== null) expect(run.runtime.reads.row(thread.threadId)).toEqual(thread.row);
      }
    });
    await run.submit('long ask');
    await run.do({ type: 'turn.interrupt' });
    expect(run.warnings).toEqual([]);
  });

  test('page through items, entries and changes', async () => {
    const { run } = await startThread();
    await run.submit('a b c d');
    const { reads } = run.runtime;
    const page = reads.snapshot(T1, { before: null, limit: 2 }).snapshot.items;
    expect(page.map((item) => item.text)).toEqual(['c', 'd']);
    const older = reads.snapshot(T1, { before: page[0]!.ordinal, limit: 2 }).snapshot.items;
    expect(older.map((item) => item.text)).toEqual(['a', 'b']);
    const all = reads.entries(T1, 0, { limit: 1000, deltas: true }).entries;
    const rest = reads.entries(T1, 5, { limit: 1000, deltas: true }).entries;
    expect(rest).toEqual(all.slice(5));
    expect(reads.changedSince(run.journal.lastSequence())).toEqual([]);
    expect(reads.changedSince(1)).toEqual([T1]);
  });
});

describe('an adapter that throws', () => {
  test('loses its own effect only', async () => {
    const { run } = await startThread();
    await run.create({ threadId: 't2' });
    let isThrown = false;
    run.world.onPerform = (effect) => {
      if (effect.type !== 'connection.open' || isThrown) return;
      isThrown = true;
      throw new Error('a planted defect');
    };
    void run.send({ type: 'turn.submit', text: 'one' });
    void run.send({ type: 'turn.submit', text: 'two', threadId: 't2' });
    run.settle();
    expect(run.warnings).toContain('an effect threw');
    expect(run.snapshot(threadId('t2')).thread.status).toBe('ready');
    run.pass(31_000);
    expect(run.snapshot().turn?.failure?.code).toBe('OPEN_TIMED_OUT');
  });
});
