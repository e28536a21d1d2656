/**
 * The one writer: takes what waits, in order, decides, sends, stages, commits once, and releases. Effects and frames
 * leave only after the commit.
 */
import { failureOf, RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { Clock } from './clock.ts';
import type { Arrival, Ingress } from './ingress.ts';
import { seal } from './seal.ts';
import { Staging } from './staging.ts';
import { Intake, type IntakeParts } from './take.ts';

export const TICK_LIMITS = {
  /** Deltas, which bypass the machines, do not count. */
  lifecycleInputs: 64,
  deltas: 2048,
  durationMs: 4,
  /** How long a store that cannot be written is tried again before the server gives up. */
  storeRetryMs: 30_000,
  storeRetryEveryMs: 250,
} as const;

export interface TickParts extends IntakeParts {
  readonly ingress: Ingress;
  readonly clock: Clock;
  /** After the commit: effects, answers, frames. */
  readonly release: (staging: Staging) => void;
  /** The actors of these threads were dropped: load them at once, or their deadlines would never fire. */
  readonly reload: (threadIds: readonly ThreadId[]) => void;
  /** The store works again, or does not: provider pipes are paused meanwhile. */
  readonly storeFailing: (isFailing: boolean) => void;
  /** The store did not come back: close all connections and exit. */
  readonly giveUp: (cause: RuntimeError) => void;
  readonly schedule: (run: () => void) => void;
}

/** The store fails: since when, and the tick of which it is not known whether it was committed. */
interface Outage {
  /** Monotonic time of the first commit that failed in a row. */
  readonly since: number;
  cause: RuntimeError;
  undecided: Staging | null;
}

export class TickLoop {
  readonly #parts: TickParts;
  #isScheduled = false;
  #isStopped = false;
  /** `null`: the store works. */
  #outage: Outage | null = null;
  /** Threads that were loaded when a tick came to nothing, and have not been loaded again. */
  readonly #dropped = new Set<ThreadId>();
  /** After a tick that a defect broke, so many arrivals go one by one, until the culprit is found. */
  #singleCount = 0;
  commitCount = 0;
  failedCommitCount = 0;

  constructor(parts: TickParts) {
    this.#parts = parts;
  }

  /** Something waits: a tick will come, after what is now under way. */
  wake(): void {
    if (this.#isScheduled || this.#isStopped || this.#outage !== null) return;
    this.#isScheduled = true;
    this.#parts.schedule(() => {
      this.#isScheduled = false;
      if (this.#outage !== null) return;
      this.run();
      if (this.#parts.ingress.length > 0) this.wake();
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Commands that come while the store fails are refused at once: nothing could be promised. */
  get isStoreFailing(): boolean {
    return this.#outage !== null;
  }

  /** One tick; for the loop, and for tests that go step by step. */
  run(): void {
    const { ingress, clock, journal, machineHash } = this.#parts;
    if (ingress.length === 0 || this.#isStopped) return;
    let staging = null;
    let write;
    try {
      const times = { at: clock.now(), monotonicAt: clock.monotonic() };
      staging = new Staging({ ...times, sequence: journal.lastSequence() });
      this.#takeBatch(new Intake(this.#parts, staging));
      write = seal(staging, machineHash);
    } catch (error) {
      const taken = staging?.taken ?? [];
      return taken.length === 0 || isUnavailable(error)
        ? this.#postpone(taken, error)
        : this.#isolate(taken, error);
    }
    if (write.entries.length > 0) {
      try {
        journal.commit(write);
      } catch (error) {
        if (!this.#wasCommitted(staging, error)) return;
      }
      this.commitCount += 1;
      this.#storeWorks();
    }
    this.#parts.release(staging);
  }

  #takeBatch(intake: Intake): void {
    const { ingress, clock } = this.#parts;
    const { monotonicAt, taken } = intake.staging;
    const limit = this.#singleCount > 0 ? 1 : Infinity;
    let lifecycle = 0;
    for (let deltas = 0; lifecycle < TICK_LIMITS.lifecycleInputs && deltas < TICK_LIMITS.deltas;) {
      const arrival = ingress.shift();
      if (arrival === undefined) return;
      taken.push(arrival);
      intake.take(arrival);
      if (arrival.kind === 'delta') deltas += 1;
      else lifecycle += 1;
      this.#singleCount = Math.max(0, this.#singleCount - 1);
      if (taken.length >= limit || clock.monotonic() - monotonicAt >= TICK_LIMITS.durationMs) return;
    }
  }

  /** A failure may be reported of a commit that was made. Until the store can be asked nothing else happens. */
  #wasCommitted(staging: Staging, error: unknown): boolean {
    this.failedCommitCount += 1;
    const isCommitted = this.#isInJournal(staging);
    if (isCommitted === true) return true;
    if (isCommitted === null) {
      this.#drop();
      this.#failStore(error, staging);
    } else if (error instanceof RuntimeError && error.code === 'INTERNAL') {
      this.#isolate(staging.taken, error);
    } else {
      this.#postpone(staging.taken, error);
    }
    return false;
  }

  /** `null`: the store does not even say that. */
  #isInJournal({ sequence }: Staging): boolean | null {
    try {
      return this.#parts.journal.lastSequence() === sequence;
    } catch {
      return null;
    }
  }

  /** The store fails: what is in memory may be ahead of it. Commands are refused, everything else is kept. */
  #postpone(taken: readonly Arrival[], error: unknown): void {
    this.#drop();
    this.#refuse(taken, error);
    this.#failStore(error);
  }

  /** A defect: arrivals go one by one, and one that cannot be taken alone is the culprit. */
  #isolate(taken: readonly Arrival[], cause: unknown): void {
    this.#drop();
    const [culprit] = taken;
    if (taken.length === 1 && culprit !== undefined) {
      this.#giveUpOn(culprit, cause);
    } else {
      this.#singleCount = taken.length;
      this.#parts.ingress.putBack(taken);
    }
    try {
      this.#reload();
    } catch (error) {
      return this.#failStore(error);
    }
    this.wake();
  }

  #giveUpOn(culprit: Arrival, cause: unknown): void {
    const { counters, warn } = this.#parts;
    counters.failed += 1;
    warn('what came in could not be taken and was dropped', {
      kind: culprit.kind,
      type: 'input' in culprit ? culprit.input.type : culprit.kind,
      failure: failureOf(cause),
    });
    if (culprit.kind !== 'command') return;
    culprit.reject(new RuntimeError('INTERNAL', `${culprit.command.type} failed`, { cause }));
  }

  #refuse(taken: readonly Arrival[], cause: unknown): void {
    const refusal = new RuntimeError('STORE_UNAVAILABLE', 'the journal could not be written', { cause });
    for (const arrival of taken) if (arrival.kind === 'command') arrival.reject(refusal);
    this.#parts.ingress.putBack(taken.filter((arrival) => arrival.kind !== 'command'));
  }

  #drop(): void {
    for (const threadId of this.#parts.threads.dropAll()) this.#dropped.add(threadId);
  }

  #reload(): void {
    this.#parts.instances.reloadAll();
    this.#parts.reload([...this.#dropped]);
    this.#dropped.clear();
  }

  #failStore(error: unknown, undecided: Staging | null = null): void {
    const cause =
      error instanceof RuntimeError
        ? error
        : new RuntimeError('STORE_UNAVAILABLE', 'the journal could not be written', { cause: error });
    if (this.#outage === null) {
      this.#outage = { since: this.#parts.clock.monotonic(), cause, undecided };
      this.#parts.storeFailing(true);
    } else {
      this.#outage.cause = cause;
      this.#outage.undecided ??= undecided;
    }
    this.#parts.clock.after(TICK_LIMITS.storeRetryEveryMs, () => this.#retry());
  }

  #retry(): void {
    const outage = this.#outage;
    if (outage === null || this.#isStopped) return;
    const { clock, giveUp, ingress } = this.#parts;
    if (clock.monotonic() - outage.since >= TICK_LIMITS.storeRetryMs) {
      this.#refuse(outage.undecided?.taken ?? [], outage.cause);
      return giveUp(outage.cause);
    }
    try {
      const committed = this.#decide(outage);
      this.#reload();
      if (committed !== null) this.#parts.release(committed);
    } catch (error) {
      return this.#failStore(error);
    }
    const { failedCommitCount } = this;
    this.run();
    if (this.#outage === null || this.failedCommitCount > failedCommitCount) return;
    if (ingress.length === 0) this.#storeWorks();
    else clock.after(TICK_LIMITS.storeRetryEveryMs, () => this.#retry());
  }

  /** The tick that was committed after all, if there is one. @throws while the store cannot be asked */
  #decide(outage: Outage): Staging | null {
    const staging = outage.undecided;
    if (staging === null) return null;
    const isCommitted = this.#parts.journal.lastSequence() === staging.sequence;
    outage.undecided = null;
    if (isCommitted) return staging;
    this.#refuse(staging.taken, outage.cause);
    return null;
  }

  #storeWorks(): void {
    if (this.#outage === null) return;
    this.#outage = null;
    this.#parts.storeFailing(false);
    this.wake();
  }
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof RuntimeError && error.code === 'STORE_UNAVAILABLE';
