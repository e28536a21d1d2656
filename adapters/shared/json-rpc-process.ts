import type { z } from 'zod';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { INTERNAL_ERROR } from './json-rpc-error.ts';
import { JsonRpcPeer, type JsonRpcId, type JsonRpcOptions } from './json-rpc.ts';
import { LineProcess } from './line-process.ts';

/** A message without its id, and its place in the protocol log. */
export interface LoggedMessage {
  readonly method: string;
  readonly params: unknown;
  readonly rawRef: string;
}

/** What is heard of a process. */
export interface JsonRpcProcessEvents {
  onNotification(message: LoggedMessage): void;
  onRequest(id: JsonRpcId, message: LoggedMessage): void;
  /** Exactly once, after its last message; `error` is set when it never ran. */
  onExit(exit: ProcessExit, error: Error | null): void;
}

/** `name`: as the log calls it. */
export interface JsonRpcProcessOptions
  extends JsonRpcProcessEvents, Pick<JsonRpcOptions, 'version' | 'maxInFlight'> {
  readonly host: ProviderHost;
  readonly name: string;
}

/** A request of ours, and how to read its answer. */
export interface TimedAsk<S extends z.ZodType> {
  readonly method: string;
  readonly params: unknown;
  readonly answer: S;
  readonly timeoutMs: number;
}

/** A process that speaks JSON-RPC over stdio: messages in and out, in order. */
export class JsonRpcProcess {
  readonly #options: JsonRpcProcessOptions;
  readonly #process: LineProcess;
  readonly #peer: JsonRpcPeer;
  #rawRef = '';
  #isAnswer = false;

  constructor(spec: ProcessSpec, options: JsonRpcProcessOptions) {
    const { host, name, version, maxInFlight } = options;
    this.#options = options;
    this.#peer = new JsonRpcPeer({
      writeLine: (line, kept) => this.#process.writeLine(line, kept),
      ...(version !== undefined && { version }),
      ...(maxInFlight !== undefined && { maxInFlight }),
      handlers: {
        notification: (method, params) => this.#take(method, params),
        request: (id, method, params) => this.#take(method, params, id),
        malformed: (line, reason) => this.#takeMalformed(line, reason),
      },
    });
    this.#process = new LineProcess(spec, {
      host,
      name,
      onLine: (line, rawRef) => this.#takeLine(line, rawRef),
      onExit: (exit, error) => {
        this.#peer.close(`${name} has ended`);
        options.onExit(exit, error);
      },
    });
  }

  /** The end of what the process said on stderr. */
  get stderrTail(): string {
    return this.#process.stderrTail;
  }

  /** Of the line that came last. */
  get rawRef(): string {
    return this.#rawRef;
  }

  /** Asks the other side and reads its answer. @throws {JsonRpcError} as the peer does @throws {ZodError} */
  async request<S extends z.ZodType>(ask: TimedAsk<S>): Promise<z.output<S>> {
    const { method, params, answer, timeoutMs } = ask;
    return answer.parse(await this.#peer.request(method, params, { timeoutMs }));
  }

  notify(method: string, params?: object): void {
    this.#peer.notify(method, params);
  }

  /** False when nobody waits for it any more. `kept`: what logs may have of it. */
  respond(id: JsonRpcId, result: unknown, kept = result): boolean {
    return this.#peer.respond(id, result, kept);
  }

  /** Says no to a request, so that the other side goes on. */
  refuse(id: JsonRpcId, code: number, message: string): boolean {
    return this.#peer.respondError(id, { code, message });
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
   * What follows an answer waits until whoever asked has acted on it: an answer may name a turn that the next line tells
   * of, and the end of a turn may be told in nothing else.
   */
  #takeLine(line: string, rawRef: string): void {
    this.#rawRef = rawRef;
    this.#isAnswer = true;
    this.#peer.receive(line);
    if (this.#isAnswer) this.#process.holdNext();
  }

  #take(method: string, params: unknown, id?: JsonRpcId): void {
    this.#isAnswer = false;
    const { host, name } = this.#options;
    const rawRef = this.#rawRef;
    try {
      if (id === undefined) this.#options.onNotification({ method, params, rawRef });
      else this.#options.onRequest(id, { method, params, rawRef });
    } catch (error) {
      host.warn(`a frame of ${name} could not be handled`, { method, rawRef, error: String(error) });
      if (id !== undefined) this.refuse(id, INTERNAL_ERROR, 'the request could not be handled');
    }
  }

  #takeMalformed(line: string, reason: string): void {
    this.#isAnswer = false;
    const { host, name } = this.#options;
    host.warn(`${name} sent a line that is no message`, { reason, line: line.slice(0, 500) });
  }
}
