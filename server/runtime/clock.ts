/** Time as the runtime sees it: injected, so that tests and replays own it. */
export interface Clock {
  /** Wall time, epoch ms. */
  now(): number;
  /** Never jumps; ms from an arbitrary start. */
  monotonic(): number;
  /** Calls once after `ms` (at least 0) of monotonic time. Returns its cancellation. */
  after(ms: number, call: () => void): () => void;
}

/** Node refuses longer timers. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(LONGEST_TIMER_MS, Math.max(0, ms)));
    return () => clearTimeout(timer);
  },
};
