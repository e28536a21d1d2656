import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** No test waits so long for what comes at all, but a busy machine may stand still for seconds. */
const DEFAULT_TIMEOUT_MS = 30_000;
const IMMEDIATE_POLL_COUNT = 50;
const POLL_INTERVAL_MS = 5;

export interface UntilOptions {
  /** Give up after this long. Default 30,000 ms. */
  readonly timeoutMs?: number;
  /** What is awaited, for the error: a text, or a function that also tells what is there instead. */
  readonly describe?: string | (() => string);
}

/**
 * Awaits a state: resolves with the predicate's first truthy value. Tests wait with this and never by sleeping.
 * It looks at every turn of the event loop at first, then every 5 ms. What the predicate throws is passed on.
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  { timeoutMs = DEFAULT_TIMEOUT_MS, describe = predicate.toString() }: UntilOptions = {},
): Promise<NonNullable<T>> {
  const startedAt = performance.now();
  for (let pollCount = 0; ; pollCount += 1) {
    const value = await predicate();
    if (value) return value;
    if (performance.now() - startedAt >= timeoutMs) {
      throw new Error(
        `not reached within ${timeoutMs} ms: ${typeof describe === 'string' ? describe : describe()}`,
      );
    }
    await (pollCount < IMMEDIATE_POLL_COUNT ? nextTurn() : delay(POLL_INTERVAL_MS));
  }
}
