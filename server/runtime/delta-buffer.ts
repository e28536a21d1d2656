/** Text of open items on its way in: the first piece passes at once, the others are merged per window. */
import type { ItemId, ThreadId } from '../../machines/domain/ids.ts';
import type { DeltaInput } from '../../machines/domain/input.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { Clock } from './clock.ts';
import { HeldText, type HeldTextParts } from './held-text.ts';

interface Window {
  /** By item, in the order of their first piece. */
  readonly pending: Map<ItemId, DeltaInput>;
  cancel: () => void;
}

export interface DeltaBufferParts extends HeldTextParts {
  readonly windowMs: number;
  readonly clock: Clock;
  /** Text came that is held: progress that no chart sees. */
  readonly onHeld: (threadId: ThreadId) => void;
}

/** One window per thread that streams. `flush` before any other input of the thread keeps the order. */
export class DeltaBuffer {
  readonly #parts: DeltaBufferParts;
  readonly #held: HeldText;
  readonly #windows = new Map<ThreadId, Window>();

  constructor(parts: DeltaBufferParts) {
    this.#parts = parts;
    this.#held = new HeldText(parts);
  }

  add(threadId: ThreadId, delta: DeltaInput): void {
    if (this.#held.add(threadId, delta)) return this.#parts.onHeld(threadId);
    const window = this.#windows.get(threadId);
    if (window === undefined) {
      this.#parts.out(threadId, delta);
      if (this.#parts.windowMs > 0) this.#open(threadId);
      return;
    }
    const before = window.pending.get(delta.itemId);
    window.pending.set(
      delta.itemId,
      before === undefined ? delta : { ...before, text: before.text + delta.text },
    );
  }

  /** What the provider is about to say comes after the text that it said before. */
  before(threadId: ThreadId, input: Exclude<ProviderReport, DeltaInput>): void {
    this.flush(threadId);
    this.#held.before(threadId, input);
  }

  /** Lets through also what a buffered thread holds back: its turn may end. */
  release(threadId: ThreadId): void {
    this.flush(threadId);
    this.#held.releaseAll(threadId);
  }

  /** Lets everything of the thread's window through and ends it. */
  flush(threadId: ThreadId): void {
    const window = this.#windows.get(threadId);
    if (window === undefined) return;
    this.#windows.delete(threadId);
    window.cancel();
    for (const delta of window.pending.values()) this.#parts.out(threadId, delta);
  }

  releaseEverything(): void {
    for (const threadId of this.#windows.keys()) this.flush(threadId);
    this.#held.releaseEverything();
  }

  #open(threadId: ThreadId): void {
    const cancel = this.#parts.clock.after(this.#parts.windowMs, () => this.#close(threadId));
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
