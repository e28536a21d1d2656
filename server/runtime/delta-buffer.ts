/** Text of open items on its way in: the first piece passes at once, the others are merged per window. */
import type { InstanceId, ItemId, ThreadId } from '../../machines/domain/ids.ts';
import type { DeltaInput } from '../../machines/domain/input.ts';
import type { Clock } from './clock.ts';
import { HeldPlans } from './held-plans.ts';
import { HeldText, type HeldTextParts } from './held-text.ts';
import type { Arrival } from './ingress.ts';

interface Window {
  /** By item, in the order of their first piece. */
  readonly pending: Map<ItemId, DeltaInput>;
  cancel: () => void;
}

export interface DeltaBufferParts extends HeldTextParts {
  readonly windowMs: number;
  readonly clock: Clock;
  /** Everything but deltas. */
  readonly push: (arrival: Arrival) => void;
  /** Text came that is held: progress that no chart sees. */
  readonly onHeld: (threadId: ThreadId) => void;
}

/** One window per thread that streams. `flush` before any other input of the thread keeps the order. */
export class DeltaBuffer {
  readonly #parts: DeltaBufferParts;
  readonly #held: HeldText;
  readonly #plans = new HeldPlans();
  readonly #windows = new Map<ThreadId, Window>();

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
    const before = window.pending.get(delta.itemId);
    window.pending.set(
      delta.itemId,
      before === undefined ? delta : { ...before, text: before.text + delta.text },
    );
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
    window.cancel();
    for (const delta of window.pending.values()) this.#parts.out(threadId, delta);
  }

  /** `instanceId`: whose process has ended; `null`: the runtime ends. */
  releaseEverything(instanceId: InstanceId | null): void {
    for (const threadId of this.#windows.keys()) this.flush(threadId);
    this.#held.releaseEverything();
    for (const plan of this.#plans.releaseOf(instanceId)) this.#parts.push(plan);
  }

  #open(threadId: ThreadId): void {
    const cancel = this.#parts.clock.after(this.#parts.windowMs, () => this.#close(threadId));
    this.#windows.set(threadId, { pending: new Map(), cancel });
  }

  #close(threadId: ThreadId): void {
    const window = this.#windows.get(threadId);
    if (window === undefined) return;
    const isStreaming = window.pending.size > 0;
    this.flush(threadId);
    if (isStreaming) this.#open(threadId);
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
