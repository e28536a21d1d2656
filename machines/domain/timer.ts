/** Time is an input: charts arm named timers, the runtime fires them as inputs. Armed timers are a fold of the journal. */
import type { RequestId, TurnId } from './ids.ts';

export const DEADLINES_MS = {
  open: 30_000,
  /** For what goes with a prompt. */
  handOver: 20_000,
  close: 10_000,
  start: 30_000,
  /** Without an item or a delta; heartbeats do not count. */
  stall: 600_000,
  interrupt: 15_000,
  steer: 15_000,
  settle: 20_000,
  lookUp: 60_000,
  delivery: 10_000,
  /** With its setup command. */
  worktree: 900_000,
  /** Captures of the workspace, while the next prompt waits for them. */
  capture: 30_000,
  /** Files being put back. */
  restore: 120_000,
  instanceStart: 30_000,
  instanceIdle: 300_000,
  instanceDrain: 20_000,
  /** With another configuration it waits so long for a moment without a turn. */
  instanceOutdated: 300_000,
  /** Of an opening that has to wait for such a moment. */
  delayed: 3_600_000,
} as const;

/** The state or record whose end cancels the timer. */
export type TimerOwner = 'thread' | 'connection' | 'turn' | 'instance' | 'worktree';

export interface ArmTimer {
  /** Unique in the thread; arming it again replaces it. */
  readonly name: string;
  readonly owner: TimerOwner;
  readonly afterMs: number;
  /** Items and deltas of the turn push the due time; the push is not journaled. */
  readonly idle: boolean;
  /** The input to be taken in when it is due; the runtime adds `timer` and `armedBy`. */
  readonly fires: { readonly type: string; readonly [key: string]: unknown };
}

/** One timer by its name, or all timers of an owner. */
export type CancelTimer = { readonly name: string } | { readonly owner: TimerOwner };

export type TimerChange = ({ readonly op: 'arm' } & ArmTimer) | ({ readonly op: 'cancel' } & CancelTimer);

export interface ArmedTimer extends ArmTimer {
  /** Sequence of the entry that armed it. */
  readonly armedBy: number;
  /** Epoch ms. */
  readonly dueAt: number;
}

export type ArmedTimers = Readonly<Record<string, ArmedTimer>>;

/** When and by which entry a change was made. */
export interface TimerContext {
  readonly sequence: number;
  readonly at: number;
}

/** (timers, changes of one entry) → timers; the only fold of timers. */
export function evolveTimers(
  timers: ArmedTimers,
  changes: readonly TimerChange[],
  { sequence, at }: TimerContext,
): ArmedTimers {
  if (changes.length === 0) return timers;
  return changes.reduce((armed: ArmedTimers, change): ArmedTimers => {
    if (change.op === 'cancel') return without(armed, change);
    const { op: _, ...timer } = change;
    return { ...armed, [timer.name]: { ...timer, armedBy: sequence, dueAt: at + timer.afterMs } };
  }, timers);
}

function without(timers: ArmedTimers, cancel: CancelTimer): ArmedTimers {
  const isCancelled = (timer: ArmedTimer): boolean =>
    'name' in cancel ? timer.name === cancel.name : timer.owner === cancel.owner;
  return Object.fromEntries(Object.entries(timers).filter(([, timer]) => !isCancelled(timer)));
}

/** After the wall clock went on without us: everything is due as much later. */
export function shiftTimers(timers: ArmedTimers, byMs: number): ArmedTimers {
  return Object.fromEntries(
    Object.entries(timers).map(([name, timer]) => [name, { ...timer, dueAt: timer.dueAt + byMs }]),
  );
}

/** The timer that bounds the delivery of an answer. */
export const deliveryTimerOf = (requestId: RequestId): string => `request.deliveryTimedOut:${requestId}`;

/** The timer that bounds a steer. */
export const steerTimerOf = (steerId: TurnId): string => `steer.timedOut:${steerId}`;
