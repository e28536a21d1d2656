/** Threads that somebody watches, each as often as it is watched. */
import type { ThreadId } from '../../machines/domain/ids.ts';

export class Watches {
  readonly #counts = new Map<ThreadId, number>();
  readonly #onLast: (threadId: ThreadId) => void;

  /** `onLast`: nobody watches the thread any more. */
  constructor(onLast: (threadId: ThreadId) => void = () => {}) {
    this.#onLast = onLast;
  }

  has(threadId: ThreadId): boolean {
    return this.#counts.has(threadId);
  }

  keys(): MapIterator<ThreadId> {
    return this.#counts.keys();
  }

  /** Returns the end of the watch. */
  start(threadId: ThreadId): () => void {
    this.#counts.set(threadId, (this.#counts.get(threadId) ?? 0) + 1);
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      const left = (this.#counts.get(threadId) ?? 1) - 1;
      if (left > 0) return void this.#counts.set(threadId, left);
      this.#counts.delete(threadId);
      this.#onLast(threadId);
    };
  }
}
