import type { ThreadId } from '../../machines/domain/ids.ts';

/** Who wants to know of which thread, counted. */
export class Watchers {
  readonly #counts = new Map<ThreadId, number>();

  get counts(): ReadonlyMap<ThreadId, number> {
    return this.#counts;
  }

  /** Returns the end of the watch, which counts once. */
  add(threadId: ThreadId): () => void {
    this.#counts.set(threadId, (this.#counts.get(threadId) ?? 0) + 1);
    let isWatching = true;
    return () => {
      if (!isWatching) return;
      isWatching = false;
      const count = (this.#counts.get(threadId) ?? 1) - 1;
      if (count > 0) this.#counts.set(threadId, count);
      else this.#counts.delete(threadId);
    };
  }
}
