/** Which threads are inspected, over loading, hibernation and failed commits. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { LoadedThread } from './loaded-thread.ts';

export class Inspections {
  readonly #counts = new Map<ThreadId, number>();

  has(threadId: ThreadId): boolean {
    return this.#counts.has(threadId);
  }

  /** `thread`: as it is loaded, now and when the inspection ends; `null`: it is not. Returns the end. */
  start(threadId: ThreadId, thread: () => LoadedThread | null): () => void {
    this.#counts.set(threadId, (this.#counts.get(threadId) ?? 0) + 1);
    thread()?.inspect();
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      const left = (this.#counts.get(threadId) ?? 1) - 1;
      if (left > 0) return void this.#counts.set(threadId, left);
      this.#counts.delete(threadId);
      thread()?.endInspection();
    };
  }
}
