/** Text of open items on its way in: the first piece passes at once, the others are merged per window. */
import type { InstanceId, ItemId, ThreadId } from '../../machines/domain/ids.ts';
import type { DeltaInput } from '../../machines/domain/input.ts';
import type { Clock } from './clock.ts';
import { HeldPlans } from './held-plans.ts';
import { HeldText, type HeldTextParts } from './held-text.ts';
import type { Arrival } from './ingress.ts';

/** What waits of one thread, by item, in the order of their first piece. */
type Window = Map<ItemId, DeltaInput>;

export interface DeltaBufferParts extends HeldTextParts {
  readonly windowMs: number;
  readonly clock: Clock;
  /** Everything but deltas. */
  readonly push: (arrival: Arrival) => void;
  /** Text came that is held: progress that no chart sees. */
  readonly onHeld: (threadId: ThreadId) => void;
}

/**
 * One window per thread that streams. `flush` before any other input of the thread keeps the order. All windows close
 * together, so that what many threads say goes into one commit; a thread's first one may be shorter for it.
 */
export class DeltaBuffer {
  readonly #parts: DeltaBufferParts;
  readonly #held: HeldText;
  readonly #plans = new HeldPlans();
  readonly #windows = new Map<ThreadId, Window>();
  /** Ends the wait for the close of the windows. */
  #cancel: (() => void) | null = null;

  constructor(parts: DeltaBufferParts) {
    this.#parts = parts;
    this.#held = new HeldText(parts);
  }

  add(threadId: ThreadId, delta: DeltaInput): void {
    const isHeld = this.#plans.add(threadId, delta) || this.#held.add(threadId, delta);
    if (isHeld) return this.#parts.onHeld(threadId);
    const window = this.#windows.get(threadId);
    if (window === undefined) {
      this.#parts.out(threadId, delta);
      if (this.#parts.windowMs > 0) this.#open(threadId);
      return;
    }
    const before = window.get(delta.itemId);
    window.set(delta.itemId, before === undefined ? delta : { ...before, text: before.text + delta.text });
  }

  /** What the provider says comes after the text that it said before. */
  report(arrival: Extract<Arrival, { kind: 'provider' }>): void {
    const { threadId, input } = arrival;
    this.flush(threadId);
    this.#held.before(threadId, input);
    const reports = this.#plans.take(arrival);
    if (reports.length === 0) this.#parts.onHeld(threadId);
    for (const report of reports) this.#parts.push(report);
  }

  /** A deadline has passed: lets through also what is held back, where nobody would go on with it. */
  timedOut(threadId: ThreadId, timer: string): void {
    this.flush(threadId);
    this.#held.releaseAll(threadId);
    if (ENDING_TIMERS.has(timer)) for (const plan of this.#plans.release(threadId)) this.#parts.push(plan);
  }

  /** Lets everything of the thread's window through and ends it. */
  flush(threadId: ThreadId): void {
    const window = this.#windows.get(threadId);
    if (window === undefined) return;
    this.#windows.delete(threadId);
    this.#letOut(threadId, window);
  }

  /** `instanceId`: whose process has ended; `null`: the runtime ends. */
  releaseEverything(instanceId: InstanceId | null): void {
    for (const threadId of this.#windows.keys()) this.flush(threadId);
    this.#cancel?.();
    this.#cancel = null;
    this.#held.releaseEverything();
    for (const plan of this.#plans.releaseOf(instanceId)) this.#parts.push(plan);
  }

  #open(threadId: ThreadId): void {
    this.#windows.set(threadId, new Map());
    this.#wait();
  }

  #wait(): void {
    const { clock, windowMs } = this.#parts;
    this.#cancel ??= clock.after(windowMs, () => this.#close());
  }

  /** A thread that has said nothing in its window has none any more: its next piece passes at once. */
  #close(): void {
    this.#cancel = null;
    for (const [threadId, window] of this.#windows) {
      if (window.size === 0) {
        this.#windows.delete(threadId);
      } else {
        this.#windows.set(threadId, new Map());
        this.#letOut(threadId, window);
      }
    }
    if (this.#windows.size > 0) this.#wait();
  }

  #letOut(threadId: ThreadId, window: Window): void {
    for (const delta of window.values()) this.#parts.out(threadId, delta);
  }
}

/** After these the turn is over, whatever the provider says. */
const ENDING_TIMERS: ReadonlySet<string> = new Set([
  'turn.startTimedOut',
  'interrupt.timedOut',
  'steer.timedOut',
  'connection.openTimedOut',
  'connection.closeTimedOut',
]);
