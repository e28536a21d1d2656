/** One thread at any of its entries: marks along its journal, from which the few entries up to a moment are folded. */
import { setImmediate } from 'node:timers/promises';
import type { Drawn } from '../../machines/charts.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { evolve } from '../../machines/domain/evolve.ts';
import { failureOf, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import {
  BEGINNING,
  EntryStepper,
  isSameOutcome,
  momentOf,
  recordedOutcome,
  type Moment,
} from '../../machines/replay.ts';
import type { Stepper } from '../../machines/step.ts';
import { PastRows, TablesAt, type TablesMark } from './past-tables.ts';

/** Entries between two marks: as many as are folded in a few milliseconds. */
const MARK_COUNT = 64;

/** The charts of this release make something else of an entry than what it holds. They are sure again from the next base on. */
export interface Unsure {
  readonly sequence: number;
  /** Of the charts that recorded the entry. */
  readonly machineHash: string;
  readonly failure: Failure;
}

/** Which entry it was. */
type Place = Pick<ThreadEntry, 'sequence' | 'version' | 'at' | 'machineHash'>;

interface Mark {
  /** Of the last entry that is in it. */
  readonly place: Place | null;
  readonly tables: TablesMark;
  readonly moment: Moment;
  readonly unsure: Unsure | null;
}

const START: Mark = {
  place: null,
  tables: { version: 0, state: null, openItems: new Set(), openRequests: new Set(), latestTurn: null },
  moment: BEGINNING,
  unsure: null,
};

/** A thread between two entries, by the folds that make it live. */
export class ThreadAt {
  readonly tables: TablesAt;
  readonly #stepper: Stepper | undefined;
  #charts: EntryStepper;
  #unsure: Unsure | null;
  #place: Place | null;

  /** `stepper`: one that tells of each transition. */
  constructor(rows: PastRows, { place, tables, moment, unsure }: Mark, stepper?: Stepper) {
    this.#place = place;
    this.tables = new TablesAt(rows, tables);
    this.#stepper = stepper;
    this.#charts = new EntryStepper(moment, stepper);
    this.#unsure = unsure;
  }

  /** Of the last entry that is in it; `null`: there is none. */
  get place(): Place | null {
    return this.#place;
  }

  get moment(): Moment {
    return this.#charts.moment;
  }

  /** From the last entry; `null`: the charts did not take it, or are unsure. */
  get drawn(): Drawn | null {
    return this.#unsure === null ? this.#charts.drawn : null;
  }

  /** `null`: the charts are as they were. */
  get unsure(): Unsure | null {
    return this.#unsure;
  }

  take(entry: ThreadEntry): void {
    this.#step(entry);
    const { sequence, version, at, machineHash, facts } = entry;
    for (const fact of facts) evolve(this.tables, { sequence, version, at, fact });
    this.#place = { sequence, version, at, machineHash };
  }

  mark(version: number): Mark {
    return {
      place: this.#place,
      tables: this.tables.mark(version),
      moment: this.moment,
      unsure: this.#unsure,
    };
  }

  #step(entry: ThreadEntry): void {
    const { input } = entry;
    if (this.#unsure !== null) {
      if (input.type !== 'thread.based') return;
      this.#charts = new EntryStepper(momentOf(input), this.#stepper);
      this.#unsure = null;
      return;
    }
    try {
      const outcome = this.#charts.step(entry);
      const isSure = outcome === null || isQuicklySame(outcome, entry);
      if (!isSure) throw new RuntimeError('THREAD_QUARANTINED', 'it draws other facts than it has');
    } catch (error) {
      const { sequence, machineHash } = entry;
      this.#unsure = { sequence, machineHash, failure: failureOf(error) };
    }
  }
}

type Outcome = NonNullable<ReturnType<EntryStepper['step']>>;

function isQuicklySame(outcome: Outcome, entry: ThreadEntry): boolean {
  const recorded = recordedOutcome(entry);
  return JSON.stringify(outcome) === JSON.stringify(recorded) || isSameOutcome(recorded, outcome);
}

/** Reads what is committed, and only that; in pieces, between which everything else goes on. */
export class Timeline {
  readonly #journal: Journal;
  readonly #threadId: ThreadId;
  readonly #rows = new PastRows();
  readonly #marks: Mark[] = [START];
  #growing: Promise<void> = Promise.resolve();

  constructor(journal: Journal, threadId: ThreadId) {
    this.#journal = journal;
    this.#threadId = threadId;
  }

  /**
   * The thread after the entry of that version.
   * @throws {RuntimeError} STORE_CORRUPT when an entry up to there cannot be read
   */
  async at(version: number, stepper?: Stepper): Promise<ThreadAt> {
    this.#growing = this.#growing.then(
      () => this.#grow(version),
      () => this.#grow(version),
    );
    await this.#growing;
    const mark = this.#marks.findLast((each) => each.tables.version <= version) ?? START;
    const thread = new ThreadAt(this.#rows, mark, stepper);
    const entries = this.#read(mark.tables.version).filter((entry) => entry.version <= version);
    for (const entry of entries) thread.take(entry);
    const reached = entries.at(-1)?.version ?? mark.tables.version;
    // what is missing is damaged, and says so when it is read
    if (reached < version) this.#journal.readThread(this.#threadId, reached, { limit: 1, deltas: true });
    return thread;
  }

  /** Up to the last mark that the version has passed. */
  async #grow(version: number): Promise<void> {
    for (;;) {
      const mark = this.#marks.at(-1) ?? START;
      if (mark.tables.version >= version) return;
      const entries = this.#read(mark.tables.version);
      const last = entries.at(-1);
      if (last === undefined || entries.length < MARK_COUNT) return;
      const thread = new ThreadAt(this.#rows, mark);
      for (const entry of entries) thread.take(entry);
      this.#rows.keep(thread.tables, last.version);
      this.#marks.push(thread.mark(last.version));
      await setImmediate();
    }
  }

  /** Where one of them is damaged, those before it. @throws {RuntimeError} STORE_CORRUPT when the first one is */
  #read(after: number): ThreadEntry[] {
    const options = { limit: MARK_COUNT, deltas: true };
    try {
      return this.#journal.readThread(this.#threadId, after, options);
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'STORE_CORRUPT') throw error;
      return this.#readSingly(after);
    }
  }

  #readSingly(after: number): ThreadEntry[] {
    const entries: ThreadEntry[] = [];
    const one = { limit: 1, deltas: true };
    try {
      for (let next = this.#journal.readThread(this.#threadId, after, one); next[0] !== undefined;) {
        entries.push(next[0]);
        next = this.#journal.readThread(this.#threadId, next[0].version, one);
      }
    } catch (error) {
      if (entries.length === 0) throw error;
    }
    return entries;
  }
}
