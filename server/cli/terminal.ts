/** Where a command writes: results to stdout, everything else to stderr; with `--json` one document per line. */
import { styleText } from 'node:util';
import { Keyboard, type Input } from './keyboard.ts';
import { columnsOf, type Output } from './output.ts';
import { Spinner } from './spinner.ts';

/** What a command sees of its process. */
export interface Streams {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Without it nobody can be asked. */
  readonly stdin?: Input;
  /** Where `NO_COLOR`, `FORCE_COLOR` and `TERM` stand. Default: none is set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where Ctrl-C arrives. Default: this process. */
  readonly signals?: Signals;
}

export interface Signals {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  /** `false`: nobody listens. */
  emit(signal: 'SIGINT', name: 'SIGINT'): boolean;
}

export type Style = Parameters<typeof styleText>[0];

export class Terminal {
  readonly isJson: boolean;
  /** A person sits there, sees what is written and can be asked. */
  readonly isInteractive: boolean;
  readonly signals: Signals;
  readonly #streams: Streams;
  readonly #spinner: Spinner;
  #keyboard: Keyboard | null = null;

  constructor(isJson: boolean, streams: Streams) {
    const { stdin, stderr, signals = process } = streams;
    this.isJson = isJson;
    this.isInteractive = !isJson && stdin?.isTTY === true && stderr.isTTY === true;
    this.signals = signals;
    this.#streams = streams;
    this.#spinner = new Spinner(stderr, !isJson && stderr.isTTY === true);
  }

  /** Width of what is printed; `null`: nobody looks at it. */
  get columns(): number | null {
    const { stdout } = this.#streams;
    return stdout.isTTY === true ? columnsOf(stdout) : null;
  }

  /** As it is, without a line end: streamed text. */
  write(text: string): void {
    if (this.isJson) return;
    this.#spinner.clear();
    this.#streams.stdout.write(text);
    if (this.#streams.stdout.isTTY === true) this.#spinner.isLineOpen = !text.endsWith('\n');
  }

  /** One result: the text for people, the value for programs. */
  print(text: string, value: unknown): void {
    this.#spinner.clear();
    this.#streams.stdout.write(this.isJson ? `${JSON.stringify(value)}\n` : `${text}\n`);
  }

  /** For people only. */
  note(text: string): void {
    if (this.isJson) return;
    this.#spinner.clear();
    this.#streams.stderr.write(`${text}\n`);
  }

  /** Shows on a terminal what is being waited for, until something else or `null` is. */
  wait(what: string | null): void {
    this.#spinner.show(what);
  }

  /** Asks for a line, which a terminal does not show if it is secret; `null`: there is none, or it is not wanted any more. */
  ask(question: string, signal: AbortSignal, isSecret = false): Promise<string | null> {
    const { stdin, stderr, signals = process } = this.#streams;
    if (stdin === undefined) return Promise.resolve(null);
    this.wait(null);
    this.#keyboard ??= new Keyboard(
      stdin,
      (text) => stderr.write(text),
      () => void (signals.emit('SIGINT', 'SIGINT') || process.kill(process.pid, 'SIGINT')),
    );
    return isSecret ? this.#keyboard.askSecret(question, signal) : this.#keyboard.ask(question, signal);
  }

  /** For what goes to stdout: in that style where a terminal shows it. */
  style(format: Style, text: string): string {
    return this.#styled(this.#streams.stdout, format, text);
  }

  /** For what goes to stderr. */
  styleNote(format: Style, text: string): string {
    return this.#styled(this.#streams.stderr, format, text);
  }

  /** Nothing is shown or read any more. */
  close(): void {
    this.wait(null);
    this.#keyboard?.close();
  }

  #styled(output: Output, format: Style, text: string): string {
    const { env = {} } = this.#streams;
    return hasColours(output, env) ? styleText(format, text, { validateStream: false }) : text;
  }
}

/** `FORCE_COLOR` goes before `NO_COLOR`, as in Node itself. */
function hasColours({ isTTY }: Output, env: NonNullable<Streams['env']>): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: none, TERM: term } = env;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (none !== undefined && none !== '') return false;
  return isTTY === true && term !== 'dumb';
}
