import { stripVTControlCharacters } from 'node:util';
import type { z } from 'zod';
import type { HostedProcess, ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { JsonRpcPeer, type JsonRpcId } from '../shared/json-rpc.ts';
import { LineSplitter, type Line } from '../shared/ndjson.ts';
import type { ClientRequests } from './wire.gen.ts';
import type { Frame } from './wire.ts';

/** A frame with its place in the protocol log. */
export interface LoggedFrame extends Frame {
  readonly rawRef: string;
}

/** What is heard of a process. */
export interface AppServerEvents {
  onNotification(frame: LoggedFrame): void;
  onRequest(id: JsonRpcId, frame: LoggedFrame): void;
  /** Exactly once, after its last frame; `error` is set when it never ran. */
  onExit(exit: ProcessExit, error: Error | null): void;
}

/** A request of ours: its method, its parameters, and how to read the answer. */
export interface Ask<M extends keyof ClientRequests, S extends z.ZodType> {
  readonly method: M;
  readonly params: ClientRequests[M]['params'];
  readonly answer: S;
  readonly timeoutMs?: number;
}

/** As long as a chart waits for the slowest of its answers. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** codex 0.169.0 drops requests, without an answer, when hundreds come at once. */
const MAX_IN_FLIGHT = 32;
const STDERR_TAIL_LENGTH = 2000;

/** One process of `codex app-server`: frames in and out, in order. */
export class AppServer {
  readonly #host: ProviderHost;
  readonly #events: AppServerEvents;
  readonly #process: HostedProcess;
  readonly #peer: JsonRpcPeer;
  readonly #splitter = new LineSplitter();
  readonly #lines: Line[] = [];
  #rawRef = '';
  #isAnswer = false;
  #isHeld = false;
  #isPaused = false;
  #exit: { readonly exit: ProcessExit; readonly error: Error | null } | null = null;
  #stderrTail = '';

  constructor(spec: ProcessSpec, host: ProviderHost, events: AppServerEvents) {
    this.#host = host;
    this.#events = events;
    this.#peer = new JsonRpcPeer({
      writeLine: (line, kept) => this.#write(line, kept),
      maxInFlight: MAX_IN_FLIGHT,
      handlers: {
        notification: (method, params) => this.#take({ method, params }),
        request: (id, method, params) => this.#take({ method, params }, id),
        malformed: (line, reason) => this.#takeMalformed(line, reason),
      },
    });
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

  /** Asks codex and reads its answer. @throws {JsonRpcError} as the peer does @throws {ZodError} */
  async ask<M extends keyof ClientRequests, S extends z.ZodType>(ask: Ask<M, S>): Promise<z.output<S>> {
    const { method, params, answer, timeoutMs = DEFAULT_TIMEOUT_MS } = ask;
    return answer.parse(await this.#peer.request(method, params, { timeoutMs }));
  }

  notify(method: string): void {
    this.#peer.notify(method);
  }

  /** `kept` is what the protocol log has of it. False when nobody waits for it any more. */
  respond(id: JsonRpcId, result: unknown, kept = result): boolean {
    return this.#peer.respond(id, result, kept);
  }

  /** Says that this cannot be answered, so that codex goes on. */
  refuse(id: JsonRpcId, message: string): void {
    this.#peer.respondError(id, { code: -32_601, message });
  }

  withdraw(id: JsonRpcId): void {
    this.#peer.withdraw(id);
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#process.pause();
    else {
      this.#process.resume();
      this.#drain();
    }
  }

  /** Resolves when it and all that came of it are gone. */
  end(force: boolean): Promise<void> {
    return this.#process.end({ force });
  }

  #write(line: string, kept: string): void {
    this.#host.logFrame('out', kept);
    this.#process.write(`${line}\n`);
  }

  #takeLines(lines: readonly Line[]): void {
    this.#lines.push(...lines);
    this.#drain();
  }

  #takeExit(exit: ProcessExit, error: Error | null): void {
    this.#exit = { exit, error };
    this.#takeLines(this.#splitter.end());
  }

  /**
   * One line after the other. What follows an answer waits until whoever asked has acted on it: codex names a turn in
   * the answer to its start, and the next line may already tell of that turn.
   */
  #drain(): void {
    while (!this.#isHeld && !this.#isPaused) {
      const line = this.#lines.shift();
      if (line === undefined) return this.#finish();
      this.#takeLine(line);
    }
  }

  #takeLine(line: Line): void {
    if (line.kind === 'overlong') {
      this.#host.warn('codex sent a line that is too long; it is lost', { head: line.head });
      return;
    }
    this.#rawRef = this.#host.logFrame('in', line.text);
    this.#isAnswer = true;
    this.#peer.receive(line.text);
    if (!this.#isAnswer) return;
    this.#isHeld = true;
    setImmediate(() => {
      this.#isHeld = false;
      this.#drain();
    });
  }

  #take(frame: Frame, id?: JsonRpcId): void {
    this.#isAnswer = false;
    const logged = { ...frame, rawRef: this.#rawRef };
    try {
      if (id === undefined) this.#events.onNotification(logged);
      else this.#events.onRequest(id, logged);
    } catch (error) {
      const { method, rawRef } = logged;
      this.#host.warn('a frame of codex could not be handled', { method, rawRef, error: String(error) });
    }
  }

  #takeMalformed(line: string, reason: string): void {
    this.#isAnswer = false;
    this.#host.warn('codex sent a line that is no message', { reason, line: line.slice(0, 500) });
  }

  #takeStderr(text: string): void {
    this.#stderrTail = (this.#stderrTail + text).slice(-STDERR_TAIL_LENGTH);
    this.#host.warn('codex says on stderr', { text: text.slice(0, STDERR_TAIL_LENGTH) });
  }

  #finish(): void {
    const ended = this.#exit;
    if (ended === null) return;
    this.#exit = null;
    this.#peer.close('codex app-server has ended');
    this.#events.onExit(ended.exit, ended.error);
  }
}
