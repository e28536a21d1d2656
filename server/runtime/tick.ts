/**
 * The one writer: takes what waits, in order, decides, sends, stages, commits once, and releases. Effects and frames
 * leave only after the commit.
 */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { Clock } from './clock.ts';
import type { Ingress } from './ingress.ts';
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

export class TickLoop {
  readonly #parts: TickParts;
  #isScheduled = false;
  #isStopped = false;
  /** Monotonic time of the first commit that failed in a row; `null`: the store works. */
  #failingSince: number | null = null;
  /** Threads that were loaded when a commit failed and have not been loaded again. */
  readonly #dropped = new Set<ThreadId>();
  commitCount = 0;
  failedCommitCount = 0;

  constructor(parts: TickParts) {
    this.#parts = parts;
  }

  /** Something waits: a tick will come, after what is now under way. */
  wake(): void {
    if (this.#isScheduled || this.#isStopped || this.#failingSince !== null) return;
    this.#isScheduled = true;
    this.#parts.schedule(() => {
      this.#isScheduled = false;
      this.run();
      if (this.#parts.ingress.length > 0) this.wake();
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** One tick; for the loop, and for tests that go step by step. */
  run(): void {
    const { ingress, clock, journal, machineHash } = this.#parts;
    if (ingress.length === 0 || this.#isStopped) return;
    const staging = new Staging(clock.now(), journal.lastSequence());
    this.#takeBatch(new Intake(this.#parts, staging));
    const before = journal.lastSequence();
    const write = seal(staging, machineHash);
    if (write.entries.length > 0) {
      try {
        journal.commit(write);
        this.commitCount += 1;
      } catch (error) {
        if (!this.#recoverCommit(staging, before, error)) return;
      }
    }
    for (const instance of staging.instances) instance.isDirty = false;
    this.#storeWorks();
    this.#parts.release(staging);
  }

  #takeBatch(intake: Intake): void {
    const { ingress, clock } = this.#parts;
    const start = clock.monotonic();
    let lifecycle = 0;
    for (let deltas = 0; lifecycle < TICK_LIMITS.lifecycleInputs && deltas < TICK_LIMITS.deltas;) {
      const arrival = ingress.shift();
      if (arrival === undefined) return;
      intake.staging.taken.push(arrival);
      intake.take(arrival);
      if (arrival.kind === 'delta') deltas += 1;
      else lifecycle += 1;
      if (clock.monotonic() - start >= TICK_LIMITS.durationMs) return;
    }
  }

  /** `true`: it was committed after all, go on and release. */
  #recoverCommit(staging: Staging, before: number, error: unknown): boolean {
    this.failedCommitCount += 1;
    const { threads, journal } = this.#parts;
    const cause = error instanceof RuntimeError ? error : storeError(error);
    const isCommitted =
      sequenceOf(() => journal.lastSequence()) === staging.sequence && staging.sequence > before;
    for (const threadId of threads.dropAll()) this.#dropped.add(threadId);
    if (isCommitted) {
      this.#reload();
      return true;
    }
    this.#refuse(staging, cause);
    this.#parts.ingress.putBack(staging.taken.filter((arrival) => arrival.kind !== 'command'));
    if (this.#failingSince === null) {
      this.#failingSince = this.#parts.clock.monotonic();
      this.#parts.storeFailing(true);
    }
    this.#retryLater(cause);
    return false;
  }

  #reload(): void {
    this.#parts.instances.reloadAll();
    this.#parts.reload([...this.#dropped]);
    this.#dropped.clear();
  }

  #refuse(staging: Staging, cause: RuntimeError): void {
    const refusal = new RuntimeError('STORE_UNAVAILABLE', 'the journal could not be written', { cause });
    for (const arrival of staging.taken) if (arrival.kind === 'command') arrival.reject(refusal);
  }

  #retryLater(cause: RuntimeError): void {
    const { clock, giveUp } = this.#parts;
    clock.after(TICK_LIMITS.storeRetryEveryMs, () => {
      const since = this.#failingSince;
      if (since === null || this.#isStopped) return;
      if (clock.monotonic() - since >= TICK_LIMITS.storeRetryMs) return giveUp(cause);
      try {
        this.#reload();
      } catch {
        return this.#retryLater(cause);
      }
      this.run();
      if (this.#parts.ingress.length === 0) this.#storeWorks();
    });
  }

  #storeWorks(): void {
    if (this.#failingSince === null) return;
    this.#failingSince = null;
    this.#parts.storeFailing(false);
    this.wake();
  }

  /** Commands that come while the store fails are refused at once: nothing could be promised. */
  get isStoreFailing(): boolean {
    return this.#failingSince !== null;
  }
}

function sequenceOf(read: () => number): number {
  try {
    return read();
  } catch {
    return -1;
  }
}

const storeError = (cause: unknown): RuntimeError =>
  new RuntimeError('STORE_UNAVAILABLE', 'the journal could not be written', { cause });
