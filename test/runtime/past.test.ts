import { describe, expect, onTestFinished, test } from 'vitest';
import type { Drawn } from '../../machines/charts.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { ThreadSnapshot } from '../../machines/domain/snapshot.ts';
import { LiveCharts } from '../../machines/live.ts';
import { PAST_LIMITS } from '../../server/runtime/past.ts';
import { sabotage } from '../helpers/sabotage.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';
import { THREAD, type RuntimeRun } from '../helpers/start-runtime.ts';
import { RandomRun } from './random-run.ts';

const PAGE = { before: null, limit: 200, contexts: false };

/** What a client saw of a thread right after a commit. */
interface Seen {
  readonly threadId: ThreadId;
  readonly sequence: number;
  readonly snapshot: ThreadSnapshot;
}

/** Keeps what every commit has left, as long as it is in the journal. */
class Witness {
  seen: Seen[] = [];
  run: RuntimeRun | null = null;

  readonly watch = (run: RuntimeRun): void => {
    this.run = run;
    const last = run.journal.lastSequence();
    this.seen = this.seen.filter(({ sequence }) => sequence <= last);
    run.runtime.onCommitted(({ threads }) => {
      for (const { threadId, removed, entries } of threads) {
        const sequence = entries.at(-1)?.sequence ?? 0;
        if (!removed && sequence > 0)
          this.seen.push({ threadId, sequence, snapshot: run.snapshot(threadId) });
      }
    });
  };

  /** @returns how many moments were compared. */
  async compare(): Promise<number> {
    const { run } = this;
    if (run === null) throw new Error('no server ran');
    let count = 0;
    for (const { threadId, sequence, snapshot } of this.seen) {
      if (run.runtime.reads.row(threadId) === null) continue;
      const past = await run.runtime.past.stateAt(threadId, sequence, PAGE);
      const isPruned = past.version < (past.prunedBefore ?? 0);
      // a delta that was the last entry of its commit may be gone itself
      expect(past).toMatchObject({ sequence: isPruned ? past.sequence : sequence, unsure: null });
      expect(comparable(past.snapshot, isPruned)).toEqual(comparable(snapshot, isPruned));
      count += 1;
    }
    return count;
  }
}

/** Whether the instance was in service is not part of a thread's past, nor is text that was pruned. */
function comparable({ machine, items, roster, ...rest }: ThreadSnapshot, isPruned: boolean): object {
  const { can: _, barred: _barred, ...state } = machine;
  const textless = (each: (typeof items)[number]) => ({ ...each, text: '' });
  const shown = isPruned ? items.map(textless) : items;
  const shownRoster = isPruned ? roster.map(textless) : roster;
  return JSON.parse(JSON.stringify({ ...rest, machine: state, items: shown, roster: shownRoster })) as object;
}

/** The sequence of the first entry with such a fact. */
function sequenceOf(run: RuntimeRun, type: string): number {
  const entry = run.entries().find(({ facts }) => facts.some((fact) => fact.type === type));
  if (entry === undefined) throw new Error(`no ${type}`);
  return entry.sequence;
}

const stateAt = (run: RuntimeRun, sequence: number, more: Partial<typeof PAGE> = {}) =>
  run.runtime.past.stateAt(THREAD, sequence, { ...PAGE, ...more });

const codeOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => null,
    (error: { code: unknown }) => error.code,
  );

describe('a thread at an earlier entry', () => {
  test.each([1, 2])(
    'is what clients saw right after that commit (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const witness = new Witness();
      await new RandomRun(seed, witness.watch).play(300);
      expect(await witness.compare()).toBeGreaterThan(50);
    },
  );

  test('shows the turn, its streamed text and its request as they stood', async () => {
    const { run } = await startThread();
    await run.submit('ask');
    const asked = sequenceOf(run, 'request.opened');
    const [request] = run.snapshot().requests;
    await run.do({ type: 'request.respond', requestId: request?.requestId, decision: 'accept' });
    run.settle();
    const { snapshot, contexts } = await stateAt(run, asked);
    expect(snapshot).toMatchObject({
      thread: { status: 'running', openRequestCount: 1 },
      machine: { children: { turn: { live: 'awaiting' } } },
      requests: [{ status: 'open' }],
    });
    expect(contexts).toBeNull();
    expect(run.snapshot().requests).toEqual([]);
  });

  test('tells what the charts remembered, without secrets, to who asks for it', async () => {
    const { run } = await startThread({ redact: (text) => text.replaceAll('hunter2', '[redacted]') });
    await run.submit('wait hunter2');
    const began = sequenceOf(run, 'turn.began');
    const { contexts } = await stateAt(run, began, { contexts: true });
    expect(contexts).toMatchObject({ root: { context: { activeTurn: {} } }, turn: { context: {} } });
    expect(JSON.stringify(contexts)).not.toContain('hunter2');
  });

  test('has pages of items, the newest of that moment first', async () => {
    const { run } = await startThread();
    for (const text of ['one', 'two', 'three']) await run.submit(text);
    const all = (await stateAt(run, run.journal.lastSequence())).snapshot.items;
    const before = all.at(-2)?.ordinal ?? 0;
    const page = await stateAt(run, run.journal.lastSequence(), { limit: 2, before } as never);
    expect(page.snapshot.items).toEqual(all.filter(({ ordinal }) => ordinal < before).slice(-2));
  });

  test('is refused before its first entry and after the last commit', async () => {
    const { run } = await startThread();
    await run.create({ threadId: 't2' });
    const { past } = run.runtime;
    expect(await codeOf(past.stateAt(threadId('t2'), 1, PAGE))).toBe('ENTRY_NOT_FOUND');
    expect(await codeOf(stateAt(run, run.journal.lastSequence() + 1))).toBe('ENTRY_NOT_FOUND');
    expect(await codeOf(stateAt(run, 0))).toBe('ENTRY_NOT_FOUND');
  });

  test('says where the charts parted from the journal, and knows them again from the next settled moment on', async () => {
    const { run, server } = await startThread();
    server.broken.push(THREAD);
    sabotage(LiveCharts, 'send', (_, [event], send) => {
      const drawn = send(event) as Drawn;
      if ((event as { title?: string }).title === 'odd') drawn.facts.length = 0;
      return drawn;
    });
    await run.do({ type: 'thread.setTitle', title: 'odd' });
    const odd = run.journal.lastSequence();
    await run.submit('wait');
    const during = sequenceOf(run, 'turn.began');
    await run.do({ type: 'turn.interrupt' });
    run.pass(60_000);
    const [before, at, later, settled] = await Promise.all(
      [odd - 1, odd, during, run.journal.lastSequence()].map((sequence) => stateAt(run, sequence)),
    );
    expect(before?.unsure).toBeNull();
    for (const each of [at, later]) {
      expect(each).toMatchObject({ unsure: { sequence: odd, failure: { code: 'THREAD_QUARANTINED' } } });
      expect(each?.snapshot.machine).toMatchObject({ value: 'unsure', can: [] });
    }
    // what clients saw is known all the same
    expect(later?.snapshot.thread.status).toBe('starting');
    expect(settled).toMatchObject({ unsure: null, snapshot: { thread: { status: 'interrupted' } } });
  });

  test('is told of a quarantined thread up to where its journal can be read', async () => {
    const { run } = await startThread();
    await run.submit('hi');
    const last = run.journal.lastSequence();
    const readThread = run.journal.readThread.bind(run.journal);
    run.journal.readThread = (id, after, options) => {
      const entries = readThread(id, after, options);
      if (entries.some(({ sequence }) => sequence >= last))
        throw new RuntimeError('STORE_CORRUPT', 'an entry is damaged');
      return entries;
    };
    onTestFinished(() => void (run.journal.readThread = readThread));
    expect((await stateAt(run, last - 1)).sequence).toBe(last - 1);
    expect(await codeOf(stateAt(run, last))).toBe('STORE_CORRUPT');
  });

  test('lets go of what it keeps, and refuses a crowd', async () => {
    const { run } = await startThread();
    const created = run.journal.lastSequence();
    await run.do({ type: 'thread.setTitle', title: 'later' });
    const looks = Array.from({ length: PAST_LIMITS.waiting + 1 }, () => codeOf(stateAt(run, created)));
    expect((await Promise.all(looks)).filter((code) => code === 'RATE_LIMITED')).toHaveLength(1);
    expect(run.runtime.past.size).toBe(1);
    run.pass(PAST_LIMITS.idleMs);
    expect(run.runtime.past.size).toBe(0);
    for (let index = 0; index <= PAST_LIMITS.timelines; index += 1) {
      const id = `other${index}`;
      const { sequence } = await run.create({ threadId: id });
      await run.do({ type: 'thread.setTitle', title: 'later', threadId: id });
      await run.runtime.past.stateAt(threadId(id), sequence, PAGE);
    }
    expect(run.runtime.past.size).toBe(PAST_LIMITS.timelines);
  });

  test('is what it is after its last entry, and nothing is read for that', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    const { snapshot, version } = await stateAt(run, run.journal.lastSequence());
    expect(run.runtime.past.size).toBe(0);
    expect(snapshot).toEqual(run.snapshot());
    expect(version).toBe(run.runtime.reads.version(THREAD).version);
  });
});
