import { LineSplitter } from '../../adapters/shared/ndjson.ts';
import type { OwnedChild } from '../../adapters/shared/child-process.ts';

/** Reads a child's stdout line by line, as far as a test wants it. */
export class ChildLines {
  readonly #splitter = new LineSplitter();
  readonly #lines: string[] = [];
  readonly #readers: ((line: string) => void)[] = [];
  /** Lines that came so far, taken or not. */
  count = 0;

  constructor(child: OwnedChild) {
    child.onStdout((chunk) => {
      for (const line of this.#splitter.push(chunk)) if (line.kind === 'line') this.#take(line.text);
    });
  }

  /** The next line, waiting for it. */
  next(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  #take(line: string): void {
    this.count += 1;
    const reader = this.#readers.shift();
    if (reader) reader(line);
    else this.#lines.push(line);
  }
}
