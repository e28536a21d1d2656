/** Deadlines in, timer arrivals out. What is armed is a fold of the journal; here stands only when it is next due. */
import type { ArmedTimer, ArmedTimers } from '../../machines/domain/timer.ts';
import type { Clock } from './clock.ts';
import type { Stream } from './ingress.ts';

/** A timer as a monotonic remainder: a jump of the wall clock does not move it. */
interface Deadline {
  readonly timer: ArmedTimer;
  /** Monotonic time, without the push of an idle timer. */
  readonly at: number;
  /** The due time for which it has fired, so that a busy queue is not filled with the same firing. */
  firedFor: number | null;
}

interface Armed {
  readonly stream: Stream;
  /** What the deadlines were made from. */
  readonly timers: ArmedTimers;
  readonly deadlines: ReadonlyMap<string, Deadline>;
  /** Monotonic time of the last progress: what an idle deadline is counted from. */
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
  #isStopped = false;
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

  /** Replaces what is armed for the stream; a timer that was armed before keeps its remainder. */
  set(stream: Stream, timers: ArmedTimers, progressAt: () => number): void {
    const key = keyOf(stream);
    const known = this.#armed.get(key);
    const deadlines = known?.timers === timers ? known.deadlines : this.#deadlines(timers, known?.deadlines);
    if (deadlines.size === 0) return void this.#armed.delete(key);
    this.#armed.set(key, { stream, timers, deadlines, progressAt });
    let next = Infinity;
    for (const deadline of deadlines.values()) next = Math.min(next, nextDue(deadline, progressAt));
    if (next < this.#dueAt) this.#schedule();
  }

  /** How many streams have something armed. */
  get size(): number {
    return this.#armed.size;
  }

  clear(): void {
    this.#armed.clear();
  }

  stop(): void {
    this.#isStopped = true;
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
    this.#fireDue();
    this.#schedule();
  }

  #deadlines(timers: ArmedTimers, before: Armed['deadlines'] | undefined): Armed['deadlines'] {
    return new Map(Object.values(timers).map((timer) => [timer.name, this.#deadline(timer, before)]));
  }

  /** Never later than its full length from now, whatever the wall clock did since it was armed. */
  #deadline(timer: ArmedTimer, before: Armed['deadlines'] | undefined): Deadline {
    const known = before?.get(timer.name);
    if (known?.timer.armedBy === timer.armedBy) return known;
    const remainderMs = Math.min(timer.afterMs, Math.max(0, timer.dueAt - this.#clock.now()));
    return { timer, at: this.#clock.monotonic() + remainderMs, firedFor: null };
  }

  #fireDue(): void {
    const now = this.#clock.monotonic();
    for (const { stream, deadlines, progressAt } of this.#armed.values()) {
      for (const deadline of deadlines.values()) {
        const due = nextDue(deadline, progressAt);
        if (due > now) continue;
        deadline.firedFor = due;
        this.#fire(stream, deadline.timer);
      }
    }
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#cancel?.();
    const now = this.#clock.monotonic();
    let next = now + LOOK_EVERY_MS;
    for (const { deadlines, progressAt } of this.#armed.values()) {
      for (const deadline of deadlines.values()) next = Math.min(next, nextDue(deadline, progressAt));
    }
    this.#dueAt = next;
    this.#cancel = this.#clock.after(next - now, () => this.look());
  }
}

const keyOf = ({ kind, id }: Stream): string => `${kind} ${id}`;

/** `Infinity`: it has fired, and nothing has pushed it since. */
function nextDue({ timer, at, firedFor }: Deadline, progressAt: () => number): number {
  const due = timer.idle ? Math.max(at, progressAt() + timer.afterMs) : at;
  return due === firedFor ? Infinity : due;
}
