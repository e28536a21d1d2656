import type { HostedProcess, ProcessEvents, ProcessExit } from '../../machines/ports/process-host.ts';
import { LineSplitter } from '../shared/ndjson.ts';

/** What a played process tells the tape. */
export interface PlayedProcessOwner {
  take(line: string): void;
  ended(): void;
  setPaused(isPaused: boolean): void;
}

const ENDED: ProcessExit = { code: 0, signal: null };

/** A process that is none: it says what was recorded, and takes what is written. */
export class PlayedProcess implements HostedProcess {
  readonly pid = 0;
  readonly #events: ProcessEvents;
  readonly #owner: PlayedProcessOwner;
  readonly #splitter = new LineSplitter();
  #hasExited = false;
  #ending: Promise<void> | null = null;

  constructor(events: ProcessEvents, owner: PlayedProcessOwner) {
    this.#events = events;
    this.#owner = owner;
  }

  /** We have ended it, or it has exited by itself. */
  get isEnded(): boolean {
    return this.#hasExited || this.#ending !== null;
  }

  say(line: string): void {
    if (!this.isEnded) this.#events.onStdout(Buffer.from(`${line}\n`));
  }

  sayOnStderr(text: string): void {
    if (!this.isEnded) this.#events.onStderr(Buffer.from(text));
  }

  exit({ code, signal, error }: ProcessExit & { readonly error?: RecordedError | undefined }): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    this.#events.onExit({ code, signal }, error === undefined ? null : errorOf(error));
  }

  write(text: string): boolean {
    if (this.isEnded) return false;
    for (const line of this.#splitter.push(Buffer.from(text))) {
      if (line.kind === 'line') this.#owner.take(line.text);
    }
    return true;
  }

  pause(): void {
    this.#owner.setPaused(true);
  }

  resume(): void {
    this.#owner.setPaused(false);
  }

  end(): Promise<void> {
    this.#ending ??= new Promise((resolve) => {
      // not by the clock of the playback: whoever ends it may have stopped that
      setImmediate(() => {
        this.exit(ENDED);
        resolve();
        this.#owner.ended();
      });
    });
    return this.#ending;
  }
}

interface RecordedError {
  readonly message: string;
  readonly code?: string | undefined;
}

const errorOf = ({ message, code }: RecordedError): Error => Object.assign(new Error(message), { code });
