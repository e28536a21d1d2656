import type { z } from 'zod';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { JsonRpcPeer, type JsonRpcId } from '../shared/json-rpc.ts';
import { LineProcess } from '../shared/line-process.ts';
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

/** One process of `codex app-server`: frames in and out, in order. */
export class AppServer {
  readonly #host: ProviderHost;
  readonly #events: AppServerEvents;
  readonly #process: LineProcess;
  readonly #peer: JsonRpcPeer;
  #rawRef = '';
  #isAnswer = false;

  constructor(spec: ProcessSpec, host: ProviderHost, events: AppServerEvents) {
    this.#host = host;
    this.#events = events;
    this.#peer = new JsonRpcPeer({
      writeLine: (line, kept) => this.#process.writeLine(line, kept),
      maxInFlight: MAX_IN_FLIGHT,
      handlers: {
        notification: (method, params) => this.#take({ method, params }),
        request: (id, method, params) => this.#take({ method, params }, id),
        malformed: (line, reason) => this.#takeMalformed(line, reason),
      },
    });
    this.#process = new LineProcess(spec, {
      host,
      name: 'codex',
      onLine: (line, rawRef) => this.#takeLine(line, rawRef),
      onExit: (exit, error) => {
        this.#peer.close('codex app-server has ended');
        events.onExit(exit, error);
      },
    });
  }

  /** The end of what the process said on stderr. */
  get stderrTail(): string {
    return this.#process.stderrTail;
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
    this.#process.setPaused(isPaused);
  }

  /** Resolves when it and all that came of it are gone. */
  end(force: boolean): Promise<void> {
    return this.#process.end(force);
  }

  /**
   * What follows an answer waits until whoever asked has acted on it: codex names a turn in the answer to its start, and
   * the next line may already tell of that turn.
   */
  #takeLine(line: string, rawRef: string): void {
    this.#rawRef = rawRef;
    this.#isAnswer = true;
    this.#peer.receive(line);
    if (this.#isAnswer) this.#process.holdNext();
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
}
