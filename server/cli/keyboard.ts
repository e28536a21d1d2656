/** Lines that a person types, for one question at a time. */
import { createInterface, type Interface } from 'node:readline';

export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };

export class Keyboard {
  readonly #input: Input;
  readonly #write: (text: string) => void;
  readonly #lines: Interface;
  #answer: ((line: string | null) => void) | null = null;
  #hasEnded = false;

  constructor(input: Input, write: (text: string) => void) {
    this.#input = input;
    this.#write = write;
    // the terminal itself edits lines, and turns Ctrl-C into a signal
    this.#lines = createInterface({ input, terminal: false });
    this.#lines.on('line', (line) => this.#take(line));
    this.#lines.on('close', () => this.#end());
  }

  /** `null`: the input has ended, or the signal says that the answer is not wanted any more. */
  ask(question: string, signal: AbortSignal): Promise<string | null> {
    if (this.#hasEnded || signal.aborted) return Promise.resolve(null);
    const { promise, resolve } = Promise.withResolvers<string | null>();
    const onAbort = (): void => {
      this.#write('\n');
      this.#take(null);
    };
    this.#answer = resolve;
    this.#write(question);
    signal.addEventListener('abort', onAbort, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  close(): void {
    this.#lines.close();
    this.#input.pause();
  }

  /** A line that nobody asked for is nobody's answer. */
  #take(line: string | null): void {
    const answer = this.#answer;
    this.#answer = null;
    answer?.(line);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#take(null);
  }
}
