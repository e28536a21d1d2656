/** The end of what a command puts out, at most so many bytes, cut between characters. */
export class OutputTail {
  readonly #mostBytes: number;
  #bytes = Buffer.alloc(0);
  #isTruncated = false;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get isTruncated(): boolean {
    return this.#isTruncated;
  }

  get text(): string {
    return this.#bytes.toString('utf8', this.#isTruncated ? this.#firstCharacter() : 0);
  }

  add(bytes: Uint8Array): void {
    const all = Buffer.concat([this.#bytes, bytes]);
    const excessBytes = Math.max(0, all.length - this.#mostBytes);
    this.#isTruncated ||= excessBytes > 0;
    this.#bytes = excessBytes > 0 ? Buffer.from(all.subarray(excessBytes)) : all;
  }

  /** The cut may have left the rest of a character. */
  #firstCharacter(): number {
    let index = 0;
    while (index < Math.min(3, this.#bytes.length) && isContinuation(this.#bytes[index])) index += 1;
    return index;
  }
}

const isContinuation = (byte = 0): boolean => (byte & 0xc0) === 0x80;
