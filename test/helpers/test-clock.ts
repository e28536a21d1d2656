/** A clock that the test moves. Wall and monotonic time go together unless the test lets the wall clock jump. */
import type { Clock } from '../../server/runtime/clock.ts';

interface Pending {
  readonly at: number;
  readonly call: () => void;
}

export class TestClock implements Clock {
  #monotonic = 0;
  #offset: number;
  readonly #pending = new Set<Pending>();

  constructor(startAt = 1_800_000_000_000) {
    this.#offset = startAt;
  }

  now(): number {
    return this.#monotonic + this.#offset;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, call: () => void): () => void {
    const pending = { at: this.#monotonic + Math.max(0, ms), call };
    this.#pending.add(pending);
    return () => void this.#pending.delete(pending);
  }

  /** Calls what is due on the way, in the order of the due times. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    while (this.step(end));
    this.#monotonic = end;
  }

  /** Goes on to the next call that is due until `end` (monotonic), and makes it; `false`: there is none. */
  step(end: number): boolean {
    const next = this.#next(end);
    if (next === null) return false;
    this.#monotonic = Math.max(this.#monotonic, next.at);
    this.#pending.delete(next);
    next.call();
    return true;
  }

  /** When calls are due, monotonic, in the order in which they were asked for; the time itself first. */
  get dueAt(): readonly number[] {
    return [this.#monotonic, ...[...this.#pending].map(({ at }) => at)];
  }

  /** Time passes, and nobody looks. */
  skip(ms: number): void {
    this.#monotonic += ms;
  }

  /** The machine slept: the wall clock went on alone. */
  jump(ms: number): void {
    this.#offset += ms;
  }

  /** The server is gone, and its timers with it. */
  clear(): void {
    this.#pending.clear();
  }

  #next(end: number): Pending | null {
    let next: Pending | null = null;
    for (const pending of this.#pending) {
      if (pending.at <= end && (next === null || pending.at < next.at)) next = pending;
    }
    return next;
  }
}
