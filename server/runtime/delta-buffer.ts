/** Text of open items on its way in: the first piece passes at once, the others are merged per window. */
import type { ItemId, ThreadId } from '../../machines/domain/ids.ts';
import type { DeltaInput } from '../../machines/domain/input.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { Clock } from './clock.ts';
import { HeldText, type HeldTextParts } from './held-text.ts';

/** What waits of one thread, by item, in the order of their first piece. */
type Window = Map<ItemId, DeltaInput>;

export interface DeltaBufferParts extends HeldTextParts {
  readonly windowMs: number;
  readonly clock: Clock;
  /** Text came that is held: progress that no chart sees. */
  readonly onHeld: (threadId: ThreadId) => void;
}

/**
 * One window per thread that streams. `flush` before any other input of the thread keeps the order. All windows close
 * together, so that what many threads say goes into one commit; a thread's first one may be shorter for it.
 */
export class DeltaBuffer {
  readonly #parts: DeltaBufferParts;
  readonly #held: HeldText;
  readonly #windows = new Map<ThreadId, Window>();
  /** Ends the wait for the close of the windows. */
  #cancel: (() => void) | null = null;

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
    const before = window.get(delta.itemId);
    window.set(delta.itemId, before === undefined ? delta : { ...before, text: before.text + delta.text });
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
    this.#letOut(threadId, window);
  }

  releaseEverything(): void {
    for (const threadId of this.#windows.keys()) this.flush(threadId);
    this.#cancel?.();
    this.#cancel = null;
    this.#held.releaseEverything();
  }

  #open(threadId: ThreadId): void {
    this.#windows.set(threadId, new Map());
    this.#wait();
  }

  #wait(): void {
    const { clock, windowMs } = this.#parts;
    this.#cancel ??= clock.after(windowMs, () => this.#close());
  }

  /** A thread that has said nothing in its window has none any more: its next piece passes at once. */
  #close(): void {
    this.#cancel = null;
    for (const [threadId, window] of this.#windows) {
      if (window.size === 0) {
        this.#windows.delete(threadId);
      } else {
        this.#windows.set(threadId, new Map());
        this.#letOut(threadId, window);
      }
    }
    if (this.#windows.size > 0) this.#wait();
  }

  #letOut(threadId: ThreadId, window: Window): void {
    for (const delta of window.values()) this.#parts.out(threadId, delta);
  }
}
