/** A process that talks in lines over stdio: each is logged and taken in order, also those that it said last. */
import { stripVTControlCharacters } from 'node:util';
import type { HostedProcess, ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { LineSplitter, type Line } from './ndjson.ts';

/** What is heard of it. */
export interface LineProcessEvents {
  /** `rawRef`: its place in the protocol log. */
  onLine(line: string, rawRef: string): void;
  /** Exactly once, after its last line; `error` is set when it never ran. */
  onExit(exit: ProcessExit, error: Error | null): void;
}

const STDERR_TAIL_LENGTH = 2000;

export class LineProcess {
  readonly #host: ProviderHost;
  /** As the log calls it. */
  readonly #name: string;
  readonly #events: LineProcessEvents;
  readonly #process: HostedProcess;
  readonly #splitter = new LineSplitter();
  readonly #lines: Line[] = [];
  #isHeld = false;
  #isPaused = false;
  #exit: { readonly exit: ProcessExit; readonly error: Error | null } | null = null;
  #stderrTail = '';

  constructor(
    spec: ProcessSpec,
    { host, name, ...events }: { readonly host: ProviderHost; readonly name: string } & LineProcessEvents,
  ) {
    this.#host = host;
    this.#name = name;
    this.#events = events;
    this.#process = host.processes.spawn(spec, {
      onStdout: (bytes) => this.#takeLines(this.#splitter.push(bytes)),
      onStderr: (bytes) => this.#takeStderr(stripVTControlCharacters(Buffer.from(bytes).toString())),
      onExit: (exit, error) => this.#takeExit(exit, error),
    });
  }

  /** The end of what the process said on stderr. */
  get stderrTail(): string {
    return this.#stderrTail;
  }

  /** `kept`: what the protocol log gets of it, without what nobody may keep. */
  writeLine(line: string, kept = line): void {
    this.#host.logFrame('out', kept);
    this.#process.write(`${line}\n`);
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#process.pause();
    else {
      this.#process.resume();
      this.#drain();
    }
  }

  /** The lines after the present one wait until whoever waits for that one has acted on it. */
  holdNext(): void {
    this.#isHeld = true;
    setImmediate(() => {
      this.#isHeld = false;
      this.#drain();
    });
  }

  /** Resolves when it and all that came of it are gone. */
  end(force: boolean): Promise<void> {
    return this.#process.end({ force });
  }

  #takeLines(lines: readonly Line[]): void {
    this.#lines.push(...lines);
    this.#drain();
  }

  #takeExit(exit: ProcessExit, error: Error | null): void {
    this.#exit = { exit, error };
    this.#takeLines(this.#splitter.end());
  }

  #drain(): void {
    while (!this.#isHeld && !this.#isPaused) {
      const line = this.#lines.shift();
      if (line === undefined) return this.#finish();
      this.#takeLine(line);
    }
  }

  #takeLine(line: Line): void {
    if (line.kind === 'line') this.#events.onLine(line.text, this.#host.logFrame('in', line.text));
    else this.#host.warn(`${this.#name} sent a line that is too long; it is lost`, { head: line.head });
  }

  #takeStderr(text: string): void {
    this.#stderrTail = (this.#stderrTail + text).slice(-STDERR_TAIL_LENGTH);
    this.#host.warn(`${this.#name} says on stderr`, { text: text.slice(0, STDERR_TAIL_LENGTH) });
  }

  #finish(): void {
    const ended = this.#exit;
    if (ended === null) return;
    this.#exit = null;
    this.#events.onExit(ended.exit, ended.error);
  }
}
