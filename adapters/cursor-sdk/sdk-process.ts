import type { z } from 'zod';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { JsonRpcPeer } from '../shared/json-rpc.ts';
import { LineProcess } from '../shared/line-process.ts';

/** A frame with its place in the protocol log. */
export interface LoggedFrame {
  readonly method: string;
  readonly params: unknown;
  readonly rawRef: string;
}

/** What is heard of a process. */
export interface SdkProcessEvents {
  onNotification(frame: LoggedFrame): void;
  /** Exactly once, after its last frame; `error` is set when it never ran. */
  onExit(exit: ProcessExit, error: Error | null): void;
}

/** A request of ours: its method, its parameters, and how to read the answer. */
export interface Ask<S extends z.ZodType> {
  readonly method: string;
  readonly params: object;
  readonly answer: S;
  readonly timeoutMs?: number;
}

/** As long as a chart waits for the slowest of its answers. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** One process of the SDK: frames in and out, in order. */
export class SdkProcess {
  readonly #host: ProviderHost;
  readonly #events: SdkProcessEvents;
  readonly #process: LineProcess;
  readonly #peer: JsonRpcPeer;
  #rawRef = '';
  #isAnswer = false;

  constructor(spec: ProcessSpec, host: ProviderHost, events: SdkProcessEvents) {
    this.#host = host;
    this.#events = events;
    this.#peer = new JsonRpcPeer({
      writeLine: (line, kept) => this.#process.writeLine(line, kept),
      handlers: {
        notification: (method, params) => this.#take(method, params),
        request: (id, method) =>
          void this.#peer.respondError(id, { code: -32_601, message: `unknown method ${method}` }),
        malformed: (line, reason) => this.#takeMalformed(line, reason),
      },
    });
    this.#process = new LineProcess(spec, {
      host,
      name: 'cursor',
      onLine: (line, rawRef) => this.#takeLine(line, rawRef),
      onExit: (exit, error) => {
        this.#peer.close('the process of the SDK has ended');
        events.onExit(exit, error);
      },
    });
  }

  /** The end of what the process said on stderr. */
  get stderrTail(): string {
    return this.#process.stderrTail;
  }

  /** Asks the SDK and reads its answer. @throws {JsonRpcError} as the peer does @throws {ZodError} */
  async ask<S extends z.ZodType>(ask: Ask<S>): Promise<z.output<S>> {
    const { method, params, answer, timeoutMs = DEFAULT_TIMEOUT_MS } = ask;
    return answer.parse(await this.#peer.request(method, params, { timeoutMs }));
  }

  setPaused(isPaused: boolean): void {
    this.#process.setPaused(isPaused);
  }

  /** Resolves when it and all that came of it are gone. */
  end(force: boolean): Promise<void> {
    return this.#process.end(force);
  }

  /** What follows an answer waits until whoever asked has acted on it: the answer to a prompt names its run. */
  #takeLine(line: string, rawRef: string): void {
    this.#rawRef = rawRef;
    this.#isAnswer = true;
    this.#peer.receive(line);
    if (this.#isAnswer) this.#process.holdNext();
  }

  #take(method: string, params: unknown): void {
    this.#isAnswer = false;
    const rawRef = this.#rawRef;
    try {
      this.#events.onNotification({ method, params, rawRef });
    } catch (error) {
      this.#host.warn('a frame of cursor could not be handled', { method, rawRef, error: String(error) });
    }
  }

  #takeMalformed(line: string, reason: string): void {
    this.#isAnswer = false;
    this.#host.warn('cursor sent a line that is no message', { reason, line: line.slice(0, 500) });
  }
}
