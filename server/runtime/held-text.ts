/** Delivery mode `buffered`: text of assistant messages is held until the message, the turn or the session ends. */
import type { ItemId, ThreadId } from '../../machines/domain/ids.ts';
import type { DeltaInput } from '../../machines/domain/input.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';

/** More than this is sent at once, and buffering goes on. */
export const HELD_TEXT_LIMIT = 24_000;

/** Open messages, with what is held of them. */
type Messages = Map<ItemId, DeltaInput | null>;

export interface HeldTextParts {
  /** Whether a message that begins now is held. */
  readonly isBuffered: (threadId: ThreadId) => boolean;
  readonly out: (threadId: ThreadId, input: DeltaInput) => void;
}

export class HeldText {
  readonly #parts: HeldTextParts;
  readonly #threads = new Map<ThreadId, Messages>();

  constructor(parts: HeldTextParts) {
    this.#parts = parts;
  }

  /** `false`: the piece is none of a message that is held. */
  add(threadId: ThreadId, delta: DeltaInput): boolean {
    const messages = this.#threads.get(threadId);
    const before = messages?.get(delta.itemId);
    if (messages === undefined || before === undefined) return false;
    const held = before === null ? delta : { ...before, text: before.text + delta.text };
    const isFull = held.text.length > HELD_TEXT_LIMIT;
    messages.set(delta.itemId, isFull ? null : held);
    if (isFull) this.#parts.out(threadId, held);
    return true;
  }

  /** What the provider is about to say: what must stand before it is let out, and a message that begins is held. */
  before(threadId: ThreadId, input: Exclude<ProviderReport, DeltaInput>): void {
    if ('item' in input) {
      this.#release(threadId, input.item.itemId);
      const isMessage = input.item.body.kind === 'assistant_message' && input.item.status === 'open';
      if (isMessage) this.#begin(threadId, input.item.itemId);
    } else if (ENDS.has(input.type)) {
      this.releaseAll(threadId);
    }
  }

  releaseAll(threadId: ThreadId): void {
    const messages = this.#threads.get(threadId);
    for (const itemId of messages?.keys() ?? []) this.#release(threadId, itemId);
    this.#threads.delete(threadId);
  }

  releaseEverything(): void {
    for (const threadId of this.#threads.keys()) this.releaseAll(threadId);
  }

  #begin(threadId: ThreadId, itemId: ItemId): void {
    if (!this.#parts.isBuffered(threadId)) return;
    const messages: Messages = this.#threads.get(threadId) ?? new Map();
    this.#threads.set(threadId, messages.set(itemId, null));
  }

  #release(threadId: ThreadId, itemId: ItemId): void {
    const messages = this.#threads.get(threadId);
    const held = messages?.get(itemId);
    messages?.delete(itemId);
    if (held) this.#parts.out(threadId, held);
  }
}

/** After these nobody would wait for the text any more, or a person has to see it to decide. */
const ENDS: ReadonlySet<string> = new Set([
  'provider.textCut',
  'provider.turnEnded',
  'provider.turnRefused',
  'provider.turnAbsorbed',
  'provider.becameInactive',
  'provider.requestOpened',
  'connection.openFailed',
  'connection.closed',
  'connection.lost',
]);
