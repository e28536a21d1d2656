/** Threads as they were: any entry of any thread, by the folds that make them live. */
import { storeCharts, type StoredCharts } from '../../machines/charts.ts';
import { rosterOf } from '../../machines/domain/evolve-items.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import { inheritance } from '../../machines/domain/lineage.ts';
import type { MachineState, ThreadSnapshot, ThreadState } from '../../machines/domain/snapshot.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { Moment } from '../../machines/replay.ts';
import type { Stepper } from '../../machines/step.ts';
import { changesOf, observedStepper, type TakenEvent } from '../../machines/taken.ts';
import type { InspectedEntry, Past, PastQuery, PastRead } from './api.ts';
import { redactValue, type Redact } from '../redact-value.ts';
import type { Clock } from './clock.ts';
import { inspectedEntry, NOTHING_SEEN } from './inspected.ts';
import { machineStateAt } from './machine-state.ts';
import type { Reads } from './reads.ts';
import type { Threads } from './threads.ts';
import { Timeline, type ThreadAt } from './timeline.ts';
import { itemsOf, type TranscriptRows } from './transcript.ts';
import { shownState } from './shown-state.ts';

export const PAST_LIMITS = {
  /** Threads whose marks are in memory. */
  timelines: 4,
  /** After the last look at a thread its marks are let go. */
  idleMs: 300_000,
  /** Looks at one thread that wait for each other. */
  waiting: 32,
  /** Threads that a page has inherited from; further ones are shown as they are. */
  ancestors: 8,
} as const;

interface PastParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly reads: Pick<Reads, 'version' | 'snapshot' | 'rows'>;
  readonly threads: Pick<Threads, 'peek'>;
  readonly redact: Redact;
}

/** A timeline in use. */
interface Kept {
  readonly timeline: Timeline;
  waitingCount: number;
  endIdle: () => void;
}

export class StoredPast implements Past {
  readonly #parts: PastParts;
  /** The one that was looked at last is the last. */
  readonly #kept = new Map<ThreadId, Kept>();

  constructor(parts: PastParts) {
    this.#parts = parts;
  }

  /** Threads whose marks are in memory. */
  get size(): number {
    return this.#kept.size;
  }

  async stateAt(threadId: ThreadId, sequence: number, query: PastQuery): Promise<PastRead> {
    const now = this.#now(threadId, sequence, query);
    if (now !== null) return now;
    const thread = await this.#threadAt(threadId, sequence);
    const { place, tables, unsure, moment } = thread;
    const { state } = tables;
    if (place === null || state === null) throw notThere(threadId, sequence);
    const rows = rowsAt(await this.#familyAt(threadId, thread, { sequence, query }), this.#parts.reads.rows);
    return {
      ...place,
      prunedBefore: this.#parts.journal.prunedBefore(threadId),
      unsure,
      contexts: query.contexts && unsure === null ? this.#contextsOf(moment) : null,
      snapshot: snapshotOf(thread, state, itemsOf(rows, threadId, query)),
    };
  }

  /** After its last entry a thread is as it is: nothing has to be read for that. `null`: it has gone on, or is quarantined. */
  #now(threadId: ThreadId, sequence: number, query: PastQuery): PastRead | null {
    const { journal, reads, threads } = this.#parts;
    const { version } = reads.version(threadId);
    if (sequence > journal.lastSequence() || journal.versionAt(threadId, sequence) !== version) return null;
    const [entry] = journal.readThread(threadId, version - 1, { limit: 1, deltas: true });
    const { snapshot } = reads.snapshot(threadId, query);
    const thread = threads.peek(threadId);
    if (thread === null || entry === undefined) return null;
    const { at, machineHash } = entry;
    return {
      sequence: entry.sequence,
      version,
      at,
      machineHash,
      snapshot,
      prunedBefore: journal.prunedBefore(threadId),
      unsure: null,
      contexts: query.contexts ? this.#contextsOf(thread.actor) : null,
    };
  }

  #contextsOf({ charts }: Pick<Moment, 'charts'>): StoredCharts | null {
    if (charts === null) return null;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only texts in it are replaced
    return redactValue(storeCharts(charts), this.#parts.redact) as StoredCharts;
  }

  async entries(threadId: ThreadId, after: number, limit: number): Promise<InspectedEntry[]> {
    const { journal, redact } = this.#parts;
    let taken: TakenEvent[] = [];
    const stepper = observedStepper((event) => void taken.push(event));
    const thread = await this.#look(threadId, after, stepper);
    return journal.readThread(threadId, after, { limit, deltas: true }).map((entry) => {
      taken = [];
      const before = thread.moment.charts;
      thread.take(entry);
      const { drawn, moment } = thread;
      if (drawn === null || moment.charts === null) return inspectedEntry(entry, NOTHING_SEEN, redact);
      const changes = changesOf(before, moment.charts);
      return inspectedEntry(entry, { taken, changes, effects: drawn.effects, timers: drawn.timers }, redact);
    });
  }

  /** The thread, and those that a page of it has inherited from as they were then; what was purged since is not known. */
  async #familyAt(
    threadId: ThreadId,
    thread: ThreadAt,
    { sequence, query }: { readonly sequence: number; readonly query: PastQuery },
  ): Promise<ReadonlyMap<ThreadId, ThreadAt>> {
    const family = new Map([[threadId, thread]]);
    let before = query.before ?? Infinity;
    let missing = query.limit;
    for (let at = thread; family.size <= PAST_LIMITS.ancestors;) {
      missing -= at.tables.itemsBelow(before, missing).length;
      const from = inheritance(at.tables.state?.lineage ?? null);
      if (from === null || missing <= 0) break;
      const version = this.#parts.journal.versionAt(from.threadId, sequence);
      if (version === 0) break;
      const source = await this.#look(from.threadId, version).catch(unlessDamaged);
      if (source === null) break;
      at = source;
      family.set(from.threadId, at);
      before = Math.min(before, from.until + 1);
    }
    return family;
  }

  async #threadAt(threadId: ThreadId, sequence: number): Promise<ThreadAt> {
    const { journal } = this.#parts;
    const version = sequence > journal.lastSequence() ? 0 : journal.versionAt(threadId, sequence);
    if (version === 0) throw notThere(threadId, sequence);
    return this.#look(threadId, version);
  }

  async #look(threadId: ThreadId, version: number, stepper?: Stepper): Promise<ThreadAt> {
    const kept = this.#keep(threadId);
    if (kept.waitingCount >= PAST_LIMITS.waiting) {
      throw new RuntimeError('RATE_LIMITED', `too many looks at the past of thread ${threadId} at once`);
    }
    kept.waitingCount += 1;
    try {
      return await kept.timeline.at(version, stepper);
    } finally {
      kept.waitingCount -= 1;
    }
  }

  /** The thread was purged. */
  forget(threadId: ThreadId): void {
    this.#kept.get(threadId)?.endIdle();
    this.#kept.delete(threadId);
  }

  stop(): void {
    for (const threadId of this.#kept.keys()) this.forget(threadId);
  }

  #keep(threadId: ThreadId): Kept {
    const { journal, clock } = this.#parts;
    const known = this.#kept.get(threadId);
    known?.endIdle();
    const kept = known ?? { timeline: new Timeline(journal, threadId), waitingCount: 0, endIdle: () => {} };
    kept.endIdle = clock.after(PAST_LIMITS.idleMs, () => this.#kept.delete(threadId));
    this.#kept.delete(threadId);
    this.#kept.set(threadId, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > PAST_LIMITS.timelines && oldest !== undefined) this.forget(oldest);
    return kept;
  }
}

function unlessDamaged(error: unknown): null {
  if (error instanceof RuntimeError && error.code === 'STORE_CORRUPT') return null;
  throw error;
}

/** Rows of these threads as they were; of others as they are. */
function rowsAt(family: ReadonlyMap<ThreadId, ThreadAt>, now: TranscriptRows): TranscriptRows {
  const tablesOf = (threadId: ThreadId) => family.get(threadId)?.tables;
  return {
    threadState: (id) => tablesOf(id)?.state ?? now.threadState(id),
    items: (id, before, limit) => tablesOf(id)?.itemsBelow(before, limit) ?? now.items(id, before, limit),
    item: (id, itemId) => {
      const tables = tablesOf(id);
      return tables === undefined ? now.item(id, itemId) : (tables.items.get(itemId) ?? null);
    },
  };
}

function snapshotOf(thread: ThreadAt, state: ThreadState, items: ThreadSnapshot['items']): ThreadSnapshot {
  const { tables } = thread;
  const { activeTurnId } = state.row;
  const active = activeTurnId === null ? undefined : tables.turns.get(activeTurnId);
  return {
    thread: { ...state.row, ...state.settings },
    machine: machineOf(thread, state),
    turn: active ?? tables.latestTurn,
    items,
    roster: rosterOf(tables),
    requests: tables.openRequests(),
    ...shownState(state),
  };
}

/** What the instance allowed then is not looked up: it has a journal of its own. */
function machineOf({ moment, unsure, tables }: ThreadAt, state: ThreadState): MachineState {
  const { charts, timers } = moment;
  const { status, activeTurnId } = state.row;
  if (charts === null || unsure !== null) return { ...UNSURE, status, activeTurnId };
  const { completedTurnOrdinal, turnOrdinal } = state;
  const requests = tables.openRequests();
  return machineStateAt({ charts, timers, requests, completedTurnOrdinal, turnOrdinal }, null);
}

/** Facts tell the status whatever the charts say. */
const UNSURE: Omit<MachineState, 'status' | 'activeTurnId'> = {
  value: 'unsure',
  tags: ['unsure'],
  can: [],
  children: {},
  timers: [],
  closing: null,
};

const notThere = (threadId: ThreadId, sequence: number): RuntimeError =>
  new RuntimeError('ENTRY_NOT_FOUND', `thread ${threadId} has no entry at ${sequence} or before`, {
    details: { threadId, sequence },
  });
