/** Messages of one client that wait for their turn, in their order. */
import type { Limits } from './limits.ts';

export class Inbox {
  readonly #texts: string[] = [];
  /** UTF-16 code units. */
  #sizeUnits = 0;

  get length(): number {
    return this.#texts.length;
  }

  /** Time to stop reading from the client. */
  isFull({ inboxCount, inboxBytes }: Pick<Limits, 'inboxCount' | 'inboxBytes'>): boolean {
    return this.#texts.length >= inboxCount || this.#sizeUnits >= inboxBytes;
  }

  push(text: string): void {
    this.#texts.push(text);
    this.#sizeUnits += text.length;
  }

  shift(): string | undefined {
    const text = this.#texts.shift();
    this.#sizeUnits -= text?.length ?? 0;
    return text;
  }

  clear(): void {
    this.#texts.length = 0;
    this.#sizeUnits = 0;
  }
}
