/** Housekeeping of the store in idle moments: deltas that are told elsewhere go, and deleted threads are purged. */
import { failureOf, RuntimeError } from '../../machines/domain/error.ts';
import type { AttachmentId, ThreadId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { Clock } from './clock.ts';
import { endPurges } from './purge.ts';
import type { Log } from './runtime-options.ts';

const CHORE_LIMITS = {
  /** Entries and rows that one step removes: some 2 ms. */
  rows: 256,
  /** Nothing may have been committed for so long. */
  quietMs: 20,
  /** A server that is never quiet does a step as often as this. */
  patienceMs: 1_000,
  /** After the store has failed. */
  retryMs: 30_000,
  /** Each writes the files anew, if there is anything to purge. */
  retentionEveryMs: 86_400_000,
  retentionThreads: 1_000,
} as const;

export interface ChoresParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  /** Grows with every commit. */
  readonly commitCount: () => number;
  /** Something waits for the next tick, or the store fails. */
  readonly isBusy: () => boolean;
  /** The thread is about to lose its entries: nothing of it may stay in memory. */
  readonly forget: (threadId: ThreadId) => void;
  readonly removeAttachment: (id: AttachmentId) => void;
  /** Deltas are kept for so long after the base that makes them needless: for clients that come back. */
  readonly deltaRetentionMs: number;
  /** A deleted thread is purged after so long; `null`: it is kept. */
  readonly deletedAfterMs: number | null;
}

/** One step at a time, each a short transaction, between ticks and never instead of one. */
export class Chores {
  readonly #parts: ChoresParts;
  /** Threads that are being purged, with who waits for it. */
  readonly #purges = new Map<ThreadId, (() => void)[]>();
  /** Those of them that have no rows any more. */
  readonly #emptied = new Set<ThreadId>();
  #cancelStep: (() => void) | null = null;
  #cancelPrune: (() => void) | null = null;
  #cancelRetention: (() => void) | null = null;
  /** There was another base while the timer ran: another one is needed. */
  #isNoted = false;
  #isStarted = false;
  #seenCommits = 0;
  /** How long the next step has waited for a quiet moment. */
  #waitedMs = 0;

  constructor(parts: ChoresParts) {
    this.#parts = parts;
  }

  /** Goes on with what the last run has left. */
  start(): void {
    this.#isStarted = true;
    for (const threadId of this.#parts.journal.purges()) this.#purges.set(threadId, []);
    this.#keepTerm();
    this.#wake();
    this.noteBase();
  }

  stop(): void {
    this.#isStarted = false;
    for (const cancel of [this.#cancelStep, this.#cancelPrune, this.#cancelRetention]) cancel?.();
    this.#cancelStep = null;
    this.#cancelPrune = null;
  }

  /** The deltas before it can go when their time is over. */
  noteBase(): void {
    if (!this.#isStarted) return;
    if (this.#cancelPrune !== null) {
      this.#isNoted = true;
      return;
    }
    this.#cancelPrune = this.#parts.clock.after(this.#parts.deltaRetentionMs + 1, () => {
      this.#cancelPrune = null;
      const isNoted = this.#isNoted;
      this.#isNoted = false;
      if (isNoted) this.noteBase();
      this.#wake();
    });
  }

  /**
   * Resolves when nothing of the thread is left but its tombstone.
   * @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_NOT_DELETED
   */
  purge(threadId: ThreadId): Promise<void> {
    this.#parts.journal.beginPurge(threadId);
    this.#parts.forget(threadId);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#purges.set(threadId, [...(this.#purges.get(threadId) ?? []), resolve]);
    this.#wake();
    return promise;
  }

  #wake(afterMs: number = CHORE_LIMITS.quietMs): void {
    if (!this.#isStarted || this.#cancelStep !== null) return;
    this.#seenCommits = this.#parts.commitCount();
    this.#cancelStep = this.#parts.clock.after(afterMs, () => {
      this.#cancelStep = null;
      this.#waitedMs += afterMs;
      this.#stepIfQuiet();
    });
  }

  #stepIfQuiet(): void {
    const { commitCount, isBusy } = this.#parts;
    const isQuiet = commitCount() === this.#seenCommits && !isBusy();
    if (!isQuiet && this.#waitedMs < CHORE_LIMITS.patienceMs) return this.#wake();
    this.#waitedMs = 0;
    try {
      if (!this.#step()) this.#wake(isQuiet ? 1 : CHORE_LIMITS.quietMs);
    } catch (error) {
      this.#parts.log.warn({ failure: failureOf(error) }, 'housekeeping of the store failed');
      this.#wake(CHORE_LIMITS.retryMs);
    }
  }

  /** @returns whether nothing is left to do. */
  #step(): boolean {
    const { journal, clock, deltaRetentionMs } = this.#parts;
    const threadId = this.#purges.keys().find((each) => !this.#emptied.has(each));
    if (threadId !== undefined) {
      if (journal.purge(threadId, CHORE_LIMITS.rows).isDone) this.#emptied.add(threadId);
      return false;
    }
    if (this.#emptied.size === 0) {
      return journal.prune(CHORE_LIMITS.rows, clock.now() - deltaRetentionMs).isDone;
    }
    this.#endPurges();
    return false;
  }

  /** Once for all that wait for it: it writes the files anew. */
  #endPurges(): void {
    const { journal, removeAttachment, log } = this.#parts;
    const threadIds = [...this.#emptied];
    endPurges(journal, threadIds, removeAttachment);
    this.#emptied.clear();
    for (const threadId of threadIds) {
      log.info({ threadId }, 'a deleted thread was purged');
      for (const resolve of this.#purges.get(threadId) ?? []) resolve();
      this.#purges.delete(threadId);
    }
  }

  /** Deleted threads whose time is over are purged, now and every day. */
  #keepTerm(): void {
    const { clock, deletedAfterMs } = this.#parts;
    if (deletedAfterMs === null) return;
    this.#purgeDeleted(clock.now() - deletedAfterMs);
    this.#cancelRetention = clock.after(CHORE_LIMITS.retentionEveryMs, () => this.#keepTerm());
  }

  #purgeDeleted(before: number): void {
    const { journal, log } = this.#parts;
    try {
      for (const threadId of journal.deletedThreads(before, CHORE_LIMITS.retentionThreads)) {
        void this.purge(threadId);
      }
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      log.warn({ failure: failureOf(error) }, 'deleted threads could not be purged');
    }
  }
}
