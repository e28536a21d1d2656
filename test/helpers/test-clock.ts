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
    for (let next = this.#next(end); next !== null; next = this.#next(end)) {
      this.#monotonic = Math.max(this.#monotonic, next.at);
      this.#pending.delete(next);
      next.call();
    }
    this.#monotonic = end;
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
    const due = [...this.#pending].filter((pending) => pending.at <= end);
    return due.toSorted((a, b) => a.at - b.at)[0] ?? null;
  }
}
