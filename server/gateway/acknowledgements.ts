/** What one subscription was sent and has not acknowledged. Counts from the first acknowledgement on: it is optional. */
import type { Outbox } from './outbox.ts';

/** Messages are counted together up to this size, which bounds the list. */
const MARK_BYTES = 4 * 1024;

interface Mark {
  sequence: number;
  bytes: number;
}

export class Acknowledgements {
  readonly #outbox: Outbox;
  #marks: Mark[] = [];
  #isUsed = false;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  sent(sequence: number, bytes: number): void {
    if (!this.#isUsed) return;
    const last = this.#marks.at(-1);
    if (last === undefined || last.bytes + bytes > MARK_BYTES) this.#marks.push({ sequence, bytes });
    else Object.assign(last, { sequence, bytes: last.bytes + bytes });
    this.#outbox.addUnacknowledged(bytes);
  }

  /** Everything up to the sequence was handled. */
  acknowledge(sequence: number): void {
    this.#isUsed = true;
    const index = this.#marks.findIndex((mark) => mark.sequence > sequence);
    const handled = this.#marks.splice(0, index === -1 ? this.#marks.length : index);
    this.#release(handled);
  }

  /** The subscription has ended. */
  end(): void {
    this.#isUsed = false;
    this.#release(this.#marks.splice(0));
  }

  #release(marks: readonly Mark[]): void {
    const bytes = marks.reduce((sum, mark) => sum + mark.bytes, 0);
    if (bytes > 0) this.#outbox.addUnacknowledged(-bytes);
  }
}
