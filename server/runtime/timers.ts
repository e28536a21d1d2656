/** Deadlines in, timer arrivals out. What is armed is a fold of the journal; here stands only when it is next due. */
import type { ArmedTimer, ArmedTimers } from '../../machines/domain/timer.ts';
import type { Clock } from './clock.ts';
import type { Stream } from './ingress.ts';

interface Armed {
  readonly stream: Stream;
  readonly timers: ArmedTimers;
  /** Wall time of the last progress: what an idle deadline is counted from. */
  readonly progressAt: () => number;
}

/** Between two looks the wall clock may differ from the monotonic one by at most so much. */
const JUMP_MS = 2_000;
const LOOK_EVERY_MS = 15_000;

export class Timers {
  readonly #clock: Clock;
  readonly #fire: (stream: Stream, timer: ArmedTimer) => void;
  readonly #jumped: (byMs: number) => void;
  readonly #armed = new Map<string, Armed>();
  /** Fired and not yet taken in, so that a busy queue is not filled with the same firing. */
  readonly #fired = new Map<string, number>();
  #cancel: (() => void) | null = null;
  #dueAt = Infinity;
  /** Wall minus monotonic time. */
  #offset: number;

  constructor(
    clock: Clock,
    fire: (stream: Stream, timer: ArmedTimer) => void,
    jumped: (byMs: number) => void,
  ) {
    this.#clock = clock;
    this.#fire = fire;
    this.#jumped = jumped;
    this.#offset = clock.now() - clock.monotonic();
    this.#schedule();
  }

  /** Replaces what is armed for the stream. */
  set(stream: Stream, timers: ArmedTimers, progressAt: () => number): void {
    if (Object.keys(timers).length === 0) this.#armed.delete(keyOf(stream));
    else this.#armed.set(keyOf(stream), { stream, timers, progressAt });
    const next = Math.min(...Object.values(timers).map((timer) => dueAt(timer, progressAt())), Infinity);
    if (next < this.#dueAt) this.#schedule();
  }

  clear(): void {
    this.#armed.clear();
    this.#fired.clear();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.clear();
  }

  /** Looks at the clock now. */
  look(): void {
    const offset = this.#clock.now() - this.#clock.monotonic();
    const jump = offset - this.#offset;
    this.#offset = offset;
    if (Math.abs(jump) >= JUMP_MS) this.#jumped(jump);
    else this.#fireDue();
    this.#schedule();
  }

  #fireDue(): void {
    const now = this.#clock.now();
    for (const { stream, timers, progressAt } of this.#armed.values()) {
      for (const timer of Object.values(timers)) {
        const key = `${keyOf(stream)}\n${timer.name}`;
        if (dueAt(timer, progressAt()) > now || this.#fired.get(key) === timer.armedBy) continue;
        this.#fired.set(key, timer.armedBy);
        this.#fire(stream, timer);
      }
    }
  }

  #schedule(): void {
    this.#cancel?.();
    const now = this.#clock.now();
    let next = now + LOOK_EVERY_MS;
    for (const { stream, timers, progressAt } of this.#armed.values()) {
      for (const timer of Object.values(timers)) {
        if (this.#fired.get(`${keyOf(stream)}\n${timer.name}`) === timer.armedBy) continue;
        next = Math.min(next, dueAt(timer, progressAt()));
      }
    }
    this.#dueAt = next;
    this.#cancel = this.#clock.after(next - now, () => this.look());
  }
}

const keyOf = ({ kind, id }: Stream): string => `${kind} ${id}`;

const dueAt = (timer: ArmedTimer, progressAt: number): number =>
  timer.idle ? Math.max(timer.dueAt, progressAt + timer.afterMs) : timer.dueAt;
