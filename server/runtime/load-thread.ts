/** A thread from the journal: its newest base or cache, then the entries since, stepped by the same charts. */
import { z } from 'zod';
import type { StoredCharts } from '../../machines/charts.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { ArmedTimers } from '../../machines/domain/timer.ts';
import { LiveCharts } from '../../machines/live.ts';
import type { Journal, LoadedThread as Found } from '../../machines/ports/journal.ts';
import { canonicalJson } from './fingerprint.ts';
import { LoadedThread } from './loaded-thread.ts';
import { ThreadProjection } from './projection.ts';

const PAGE = 1000;

/** What a base and a cache hold of the charts. */
interface Stored {
  readonly version: number;
  readonly charts: StoredCharts;
  readonly timers: ArmedTimers;
}

const chartSchema = z.object({ value: z.unknown(), context: z.unknown(), output: z.unknown().optional() });
const cachedSchema = z.object({
  charts: z.object({
    root: chartSchema,
    connection: chartSchema.optional(),
    turn: chartSchema.optional(),
  }),
  timers: z.record(z.string(), z.unknown()),
});

/**
 * `null`: there is no such thread.
 * @throws {RuntimeError} THREAD_QUARANTINED when an entry cannot be stepped, or draws other facts than it has.
 */
export function loadThread(journal: Journal, threadId: ThreadId, hash: string): LoadedThread | null {
  const found = journal.loadThread(threadId);
  if (found.version === 0) return null;
  const thread = fromCache(journal, found, hash) ?? fromBase(journal, threadId, { found, hash });
  // deltas are not stepped, but they are counted
  thread.version = found.version;
  appendStreamed(journal, thread, found.base?.version ?? 0);
  return thread;
}

/** `null`: there is none, or it is of other charts, or it does not lead to what the journal has. */
function fromCache(journal: Journal, { base, cache }: Found, hash: string): LoadedThread | null {
  if (cache === null || cache.machineHash !== hash || cache.version < (base?.version ?? 0)) return null;
  try {
    const stored = { version: cache.version, ...parseStored(JSON.parse(cache.charts)) };
    return stepTail(journal, restored(journal, cache.threadId, stored), hash);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'STORE_UNAVAILABLE') throw error;
    return null;
  }
}

function fromBase(
  journal: Journal,
  threadId: ThreadId,
  { found: { base }, hash }: { found: Found; hash: string },
): LoadedThread {
  const thread =
    base === null
      ? loadFirst(journal, threadId)
      : restored(journal, threadId, { version: base.version, ...parseStored(base.base) });
  return stepTail(journal, thread, hash);
}

/** The durable forms are written by us and keyed by hash or format; their insides are the charts' own types. */
function parseStored(given: unknown): Omit<Stored, 'version'> {
  const { charts, timers } = cachedSchema.parse(given);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return { charts, timers } as Omit<Stored, 'version'>;
}

function restored(journal: Journal, threadId: ThreadId, { charts, timers, version }: Stored): LoadedThread {
  const actor = new LiveCharts('thread', { stored: charts });
  const projection = new ThreadProjection(threadId, journal);
  return new LoadedThread({ threadId, actor, projection, version, timers });
}

function loadFirst(journal: Journal, threadId: ThreadId): LoadedThread {
  const [first] = journal.readThread(threadId, 0, { limit: 1, deltas: false });
  if (first?.input.type !== 'thread.create') {
    throw quarantined(threadId, 'its journal does not begin with its creation', {});
  }
  const actor = new LiveCharts('thread', { input: first.input });
  const projection = new ThreadProjection(threadId, journal);
  return new LoadedThread({ threadId, actor, projection, version: first.version, timers: {} });
}

function stepTail(journal: Journal, thread: LoadedThread, hash: string): LoadedThread {
  for (;;) {
    const entries = journal.readThread(thread.threadId, thread.version, { limit: PAGE, deltas: false });
    for (const entry of entries) {
      stepEntry(thread, entry, hash);
      thread.sinceStored += 1;
    }
    if (entries.length < PAGE) return thread;
  }
}

/** One entry again: it must draw what it drew when it was recorded by the same charts. */
export function stepEntry(thread: LoadedThread, entry: ThreadEntry, hash: string): void {
  if (entry.kind !== 'input' || entry.outcome !== 'applied') return thread.foldTimers(entry, []);
  const { threadId } = thread;
  const place = { sequence: entry.sequence, input: entry.input.type };
  let drawn;
  try {
    drawn = thread.actor.send(entry.input);
  } catch (cause) {
    throw quarantined(threadId, 'an entry throws when it is stepped again', { ...place, cause });
  }
  const actual = JSON.stringify(drawn.facts);
  const expected = JSON.stringify(entry.facts);
  if (entry.machineHash === hash && !isSameJson(actual, expected)) {
    throw quarantined(threadId, 'an entry draws other facts than it has', { ...place, expected, actual });
  }
  thread.foldTimers(entry, drawn.timers);
}

/** The order of keys is not part of a fact: a schema puts them into its own. */
function isSameJson(left: string, right: string): boolean {
  return left === right || canonicalJson(JSON.parse(left)) === canonicalJson(JSON.parse(right));
}

export function quarantined(threadId: ThreadId, why: string, details: Record<string, unknown>): RuntimeError {
  const { cause, ...rest } = details;
  return new RuntimeError('THREAD_QUARANTINED', `thread ${threadId}: ${why}`, { details: rest, cause });
}

/** Text that was streamed into items that are still open stands only in the journal's deltas. */
function appendStreamed(journal: Journal, { projection, threadId }: LoadedThread, after: number): void {
  if (projection.openItems(null).length === 0) return;
  let from = after;
  for (;;) {
    const entries = journal.readThread(threadId, from, { limit: PAGE, deltas: true });
    for (const fact of entries.flatMap((entry) => entry.facts)) amendStreamed(projection, fact);
    from = entries.at(-1)?.version ?? from;
    if (entries.length < PAGE) return;
  }
}

function amendStreamed(projection: ThreadProjection, fact: Fact): void {
  if (fact.type === 'item.delta') return projection.append(fact.itemId, fact.text);
  projection.noteText(fact);
  const told = 'item' in fact ? fact.item : fact.type === 'item.closed' ? fact : null;
  const item = told === null ? undefined : projection.items.cached(told.itemId);
  if (told !== null && item !== undefined) projection.items.amend(item.itemId, { ...item, text: told.text });
}
