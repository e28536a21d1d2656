/** A line of the stream, or the mark that one was too long to be held. */
export type Line =
  | { readonly kind: 'line'; readonly text: string }
  | {
      readonly kind: 'overlong';
      /** The beginning of the line, at most 1 KiB of it, to tell what was lost. */
      readonly head: string;
    };

/** 16 MiB: codex sends whole command outputs and file contents in one line. */
export const DEFAULT_MAX_LINE_BYTES = 16 * 1024 * 1024;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const HEAD_BYTES = 1024;
const FIRST_BUFFER_BYTES = 4096;
const EMPTY = Buffer.alloc(0);

/**
 * Cuts a byte stream into lines, wherever the chunks were split (UTF-8 characters included). Holds at most
 * `maxLineBytes` of an unfinished line: of a longer one it yields one `overlong` mark, at once, and skips the rest.
 * Empty lines are left out, a carriage return before the newline too.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #held = EMPTY;
  #heldBytes = 0;
  #isSkipping = false;

  constructor(maxLineBytes: number = DEFAULT_MAX_LINE_BYTES) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Bytes set aside for the unfinished line; never more than `maxLineBytes`. */
  get bufferedBytes(): number {
    return this.#held.length;
  }

  /** Takes the next chunk and gives the lines that it finished, in order. */
  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#take(chunk.subarray(start, end), lines);
      this.#finish(lines);
      start = end + 1;
    }
    this.#take(chunk.subarray(start), lines);
    return lines;
  }

  /** The stream is over: gives the last line if it lacked its newline. */
  end(): Line[] {
    const lines: Line[] = [];
    this.#finish(lines);
    return lines;
  }

  #take(part: Uint8Array, lines: Line[]): void {
    if (this.#isSkipping || part.length === 0) return;
    const sizeBytes = this.#heldBytes + part.length;
    if (sizeBytes > this.#maxLineBytes) {
      lines.push({ kind: 'overlong', head: this.#headWith(part) });
      this.#release();
      this.#isSkipping = true;
      return;
    }
    this.#reserve(sizeBytes);
    this.#held.set(part, this.#heldBytes);
    this.#heldBytes = sizeBytes;
  }

  #finish(lines: Line[]): void {
    const isLine = this.#heldBytes > 0;
    if (isLine) {
      const endsInReturn = this.#held[this.#heldBytes - 1] === CARRIAGE_RETURN;
      const text = this.#held.toString('utf8', 0, endsInReturn ? this.#heldBytes - 1 : this.#heldBytes);
      if (text !== '') lines.push({ kind: 'line', text });
    }
    this.#release();
    this.#isSkipping = false;
  }

  #headWith(part: Uint8Array): string {
    const head = Buffer.concat([
      this.#held.subarray(0, Math.min(this.#heldBytes, HEAD_BYTES)),
      part.subarray(0, HEAD_BYTES),
    ]);
    return head.toString('utf8', 0, HEAD_BYTES);
  }

  #reserve(sizeBytes: number): void {
    if (sizeBytes <= this.#held.length) return;
    const doubled = Math.max(sizeBytes, this.#held.length * 2, FIRST_BUFFER_BYTES);
    const grown = Buffer.allocUnsafeSlow(Math.min(doubled, this.#maxLineBytes));
    this.#held.copy(grown, 0, 0, this.#heldBytes);
    this.#held = grown;
  }

  /** Keeps a small buffer for the next line and gives a large one back. */
  #release(): void {
    this.#heldBytes = 0;
    if (this.#held.length > FIRST_BUFFER_BYTES) this.#held = EMPTY;
  }
}
