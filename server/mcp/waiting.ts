import type { Call } from './tool.ts';

/** Looks again after each commit that has to do with the agent's thread. @returns `false`: not in time */
export function waitUntil(call: Call, isDone: () => boolean, timeoutMs: number): Promise<boolean> {
  const { runtime, principal, signal } = call;
  if (isDone()) return Promise.resolve(true);
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const stop = runtime.onCommitted(({ threads }) => {
    if (!threads.some(({ threadId }) => threadId === principal.threadId)) return;
    try {
      if (isDone()) resolve(true);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
  const timer = setTimeout(() => resolve(false), timeoutMs);
  const leave = (): void => resolve(false);
  signal.addEventListener('abort', leave);
  return promise.finally(() => {
    stop();
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
  });
}
