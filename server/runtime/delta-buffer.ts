/** Text of open items on its way in: the first piece passes at once, the others are merged per window. */
import type { ItemId, ThreadId } from '../../machines/domain/ids.ts';
import type { DeltaInput } from '../../machines/domain/input.ts';
import type { Clock } from './clock.ts';

interface Window {
  /** By item, in the order of their first piece. */
  readonly pending: Map<ItemId, DeltaInput>;
  cancel: () => void;
}

/** One window per thread that streams. `flush` before any other input of the thread keeps the order. */
export class DeltaBuffer {
  readonly #windowMs: number;
  readonly #clock: Clock;
  readonly #out: (threadId: ThreadId, input: DeltaInput) => void;
  readonly #windows = new Map<ThreadId, Window>();

  constructor(windowMs: number, clock: Clock, out: (threadId: ThreadId, input: DeltaInput) => void) {
    this.#windowMs = windowMs;
    this.#clock = clock;
    this.#out = out;
  }

  add(threadId: ThreadId, delta: DeltaInput): void {
    const window = this.#windows.get(threadId);
    if (window === undefined) {
      this.#out(threadId, delta);
      if (this.#windowMs > 0) this.#open(threadId);
      return;
    }
    const before = window.pending.get(delta.itemId);
    window.pending.set(
      delta.itemId,
      before === undefined ? delta : { ...before, text: before.text + delta.text },
    );
  }

  /** Lets everything of the thread through and ends its window. */
  flush(threadId: ThreadId): void {
    const window = this.#windows.get(threadId);
    if (window === undefined) return;
    this.#windows.delete(threadId);
    window.cancel();
    for (const delta of window.pending.values()) this.#out(threadId, delta);
  }

  flushAll(): void {
    for (const threadId of this.#windows.keys()) this.flush(threadId);
  }

  #open(threadId: ThreadId): void {
    const cancel = this.#clock.after(this.#windowMs, () => this.#close(threadId));
    this.#windows.set(threadId, { pending: new Map(), cancel });
  }

  #close(threadId: ThreadId): void {
    const window = this.#windows.get(threadId);
    if (window === undefined) return;
    const isStreaming = window.pending.size > 0;
    this.flush(threadId);
    if (isStreaming) this.#open(threadId);
  }
}
