/** What is being waited for, on the last line of a terminal. */
import { stripVTControlCharacters } from 'node:util';
import { columnsOf, type Output } from './output.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const CLEAR_LINE = '\r\u001B[2K';

export class Spinner {
  /** Text stands on the line and must not be written over. */
  isLineOpen = false;
  readonly #output: Output;
  readonly #isShown: boolean;
  #what: string | null = null;
  #frame = 0;
  #isDrawn = false;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(output: Output, isShown: boolean) {
    this.#output = output;
    this.#isShown = isShown;
  }

  show(what: string | null): void {
    if (!this.#isShown || what === this.#what) return;
    this.clear();
    this.#what = what;
    if (what === null) return this.#stop();
    this.#draw();
    this.#timer ??= setInterval(() => this.#draw(), FRAME_MS).unref();
  }

  /** Something else is about to be written; it comes back by itself. */
  clear(): void {
    if (this.#isDrawn) this.#output.write(CLEAR_LINE);
    this.#isDrawn = false;
  }

  #draw(): void {
    if (this.#what === null || this.isLineOpen) return;
    const frame = FRAMES[this.#frame % FRAMES.length] ?? '';
    this.#frame += 1;
    const width = columnsOf(this.#output) - 1;
    // what it says comes from a provider in part, and must not move the cursor
    const line = stripVTControlCharacters(`${frame} ${this.#what}`).replaceAll(/\s+/g, ' ');
    this.#output.write(`${CLEAR_LINE}${line.slice(0, width)}`);
    this.#isDrawn = true;
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
