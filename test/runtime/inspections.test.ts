import { describe, expect, test } from 'vitest';
import type { ThreadId } from '../../machines/domain/ids.ts';
import { LiveCharts } from '../../machines/live.ts';
import type { InspectedEntry } from '../../server/runtime/api.ts';
import { sabotage } from '../helpers/sabotage.ts';
import { makeServer, startThread, threadId } from '../helpers/server-runs.ts';
import { THREAD, type RuntimeRun } from '../helpers/start-runtime.ts';
import { RandomRun } from './random-run.ts';

const THREADS = ['t1', 't2', 't3', 't4', 't5', 't6'].map(threadId);
const PAGE_COUNT = 50;

const seenIn = (run: RuntimeRun, id: ThreadId = THREAD): InspectedEntry[] =>
  run.ticks
    .flatMap(({ threads }) => threads.filter((thread) => thread.threadId === id))
    .flatMap((thread) => thread.inspected ?? []);

async function readAll(run: RuntimeRun, id: ThreadId): Promise<InspectedEntry[]> {
  const all: InspectedEntry[] = [];
  for (;;) {
    const page = await run.runtime.past.entries(id, all.at(-1)?.version ?? 0, PAGE_COUNT);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

/** Nobody looks: a loaded thread has no observer. */
const inspectorOf = (run: RuntimeRun, id: ThreadId = THREAD) => run.runtime.threads.peek(id)?.inspector;

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

describe('a look inside', () => {
  test.each([11, 12])(
    'shows live what the charts do when they are stepped again (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const seen = new Map<number, InspectedEntry>();
      let last: RuntimeRun | null = null;
      const random = new RandomRun(seed, (run) => {
        last = run;
        const lastSequence = run.journal.lastSequence();
        for (const sequence of seen.keys()) if (sequence > lastSequence) seen.delete(sequence);
        for (const id of THREADS) run.runtime.inspect(id);
        run.runtime.onCommitted(({ threads }) => {
          for (const { inspected = [] } of threads)
            for (const entry of inspected) seen.set(entry.sequence, entry);
        });
      });
      await random.play(300);
      const run = last as RuntimeRun | null;
      if (run === null) throw new Error('no server ran');
      let count = 0;
      for (const id of THREADS) {
        if (run.runtime.reads.row(id) === null) continue;
        // a thread that is made while somebody waits for it has no actor yet to look into
        for (const entry of (await readAll(run, id)).slice(1)) {
          expect(plain(seen.get(entry.sequence))).toEqual(plain(entry));
          count += 1;
        }
      }
      expect(count).toBeGreaterThan(100);
    },
  );

  test('shows which actor took which event, where each went, and what it asked for', async () => {
    const { run } = await startThread();
    run.runtime.inspect(THREAD);
    await run.submit('wait');
    const begun = seenIn(run).find(({ input }) => (input as { type: string }).type === 'turn.submit');
    expect(begun).toMatchObject({
      taken: [{ actor: 'root', event: 'turn.submit' }],
      facts: expect.arrayContaining(['turn.began', 'thread.statusChanged']) as unknown,
      timers: expect.arrayContaining([expect.objectContaining({ op: 'arm' })]) as unknown,
    });
    expect(begun?.changes).toContainEqual({
      actor: 'root',
      from: { unbound: 'ready' },
      to: { bound: { working: 'starting' } },
    });
    expect(begun?.changes).toContainEqual({ actor: 'connection', from: null, to: 'opening' });
    const opened = seenIn(run).find(({ input }) => (input as { type: string }).type === 'connection.opened');
    expect(opened?.taken.map(({ actor }) => actor)).toEqual(
      expect.arrayContaining(['root', 'connection', 'turn']),
    );
    expect(opened?.effects).toContainEqual(expect.objectContaining({ type: 'turn.start' }));
  });

  test('costs a thread nothing that nobody looks at: no observer, nothing in what is told of a commit', async () => {
    const { run } = await startThread();
    await run.create({ threadId: 't2' });
    const end = run.runtime.inspect(THREAD);
    const endOther = run.runtime.inspect(THREAD);
    await run.submit('hi');
    await run.submit('hi', { threadId: 't2' });
    expect(inspectorOf(run)).not.toBeNull();
    expect(inspectorOf(run, threadId('t2'))).toBeNull();
    expect(seenIn(run, threadId('t2'))).toEqual([]);
    endOther();
    endOther();
    expect(inspectorOf(run)).not.toBeNull();
    end();
    expect(inspectorOf(run)).toBeNull();
    const before = seenIn(run).length;
    await run.submit('hi');
    expect(seenIn(run)).toHaveLength(before);
  });

  test('goes on when a commit fails, and shows only what was committed', async () => {
    const { run, server } = await startThread();
    run.runtime.inspect(THREAD);
    server.store.failNextCommit = 'before';
    expect(await run.refusal({ type: 'thread.setTitle', title: 'lost' })).toBe('STORE_UNAVAILABLE');
    expect(seenIn(run)).toEqual([]);
    run.pass(1_000);
    await run.do({ type: 'thread.setTitle', title: 'kept' });
    expect(seenIn(run)).toMatchObject([
      { input: { title: 'kept' }, taken: [{ actor: 'root', event: 'thread.setTitle' }], changes: [] },
    ]);
  });

  test('shows of an input that threw only that it did', async () => {
    const { run, server } = await startThread();
    run.runtime.inspect(THREAD);
    sabotage(LiveCharts, 'send', (_, [event], send) => {
      const drawn = send(event);
      if ((event as { title?: string }).title === 'poison') throw new Error('a planted defect');
      return drawn;
    });
    const sent = [
      run.send({ type: 'thread.setTitle', title: 'good' }),
      run.send({ type: 'thread.setTitle', title: 'poison' }),
    ];
    run.settle();
    await Promise.all(sent);
    server.failedCount = 1;
    expect(seenIn(run)).toMatchObject([
      { outcome: 'applied', taken: [{ actor: 'root' }] },
      { outcome: 'failed', taken: [], changes: [], effects: [] },
    ]);
  });

  test('follows a thread that is put to sleep and woken', async () => {
    const server = makeServer();
    const run = await server.start();
    await run.create();
    run.runtime.inspect(THREAD);
    await run.submit('hi');
    await run.do({ type: 'thread.stop' });
    run.pass(7_200_000);
    expect(run.runtime.threads.peek(THREAD)).toBeNull();
    const before = seenIn(run).length;
    await run.do({ type: 'thread.setTitle', title: 'awake' });
    expect(seenIn(run).slice(before)).toMatchObject([
      { taken: [{ actor: 'root', event: 'thread.setTitle' }] },
    ]);
  });

  test('has no secrets in it', async () => {
    const { run } = await startThread({ redact: (text) => text.replaceAll('hunter2', '[redacted]') });
    run.runtime.inspect(THREAD);
    await run.submit('hunter2 wait');
    const told = JSON.stringify([seenIn(run), await readAll(run, THREAD)]);
    expect(told).toContain('[redacted]');
    expect(told).not.toContain('hunter2');
  });
});
