import { setTimeout as wait } from 'node:timers/promises';

/** Waits for what happens, but not for ever. Never rejects by time. */
export async function within(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  const timedOut = wait(timeoutMs, undefined, { signal: timer.signal }).catch(() => {});
  try {
    await Promise.race([promise, timedOut]);
  } finally {
    timer.abort();
  }
}
