/** Lines that a person types, for one question at a time. */
import { createInterface, type Interface } from 'node:readline';

export type Input = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  /** Of a terminal. `true`: keys come one by one, and are not shown. */
  setRawMode?(isRaw: boolean): unknown;
};

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const BACKSPACES: ReadonlySet<string> = new Set(['\u007F', '\b']);

export class Keyboard {
  readonly #input: Input;
  readonly #write: (text: string) => void;
  readonly #interrupt: () => void;
  readonly #lines: Interface;
  /** Lines of a file or a pipe that have come before their question. */
  readonly #early: string[] = [];
  #answer: ((line: string | null) => void) | null = null;
  #hasEnded = false;

  /** `interrupt`: what Ctrl-C does. */
  constructor(input: Input, write: (text: string) => void, interrupt: () => void) {
    this.#input = input;
    this.#write = write;
    this.#interrupt = interrupt;
    // the terminal itself edits lines, and turns Ctrl-C into a signal
    this.#lines = createInterface({ input, terminal: false });
    this.#lines.on('line', (line) => this.#take(line));
    this.#lines.on('close', () => this.#end());
  }

  /** `null`: the input has ended, or the signal says that the answer is not wanted any more. */
  ask(question: string, signal: AbortSignal): Promise<string | null> {
    const early = this.#early.shift();
    if (early !== undefined) return Promise.resolve(early);
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

  /** The same, but what is typed is not shown. */
  async askSecret(question: string, signal: AbortSignal): Promise<string | null> {
    const input = this.#input;
    if (input.isTTY !== true || input.setRawMode === undefined) return this.ask(question, signal);
    const onKeys = (keys: Buffer | string): void => this.#onRawKeys(String(keys));
    input.setRawMode(true);
    input.on('data', onKeys);
    try {
      const line = await this.ask(question, signal);
      if (!signal.aborted) this.#write('\n');
      return line === null ? null : edited(line);
    } finally {
      input.off('data', onKeys);
      input.setRawMode(false);
    }
  }

  /** What the terminal itself does with these where it is not raw. */
  #onRawKeys(keys: string): void {
    if (keys.includes(CTRL_D)) this.#take(null);
    if (keys.includes(CTRL_C)) this.#interrupt();
  }

  close(): void {
    this.#lines.close();
    this.#input.pause();
  }

  /** A line that a person types and nobody asked for is nobody's answer. */
  #take(line: string | null): void {
    const answer = this.#answer;
    this.#answer = null;
    if (answer !== null) answer(line);
    else if (line !== null && this.#input.isTTY !== true) this.#early.push(line);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#take(null);
  }
}

/** Without what was taken back, and without what moves no text. */
function edited(line: string): string {
  const typed: string[] = [];
  for (const key of line) {
    if (BACKSPACES.has(key)) typed.pop();
    else if (key >= ' ') typed.push(key);
  }
  return typed.join('');
}
