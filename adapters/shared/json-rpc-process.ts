import type { z } from 'zod';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { INTERNAL_ERROR, JsonRpcError } from './json-rpc-error.ts';
import { JsonRpcPeer, type JsonRpcId, type JsonRpcOptions } from './json-rpc.ts';
import { LineProcess } from './line-process.ts';
import { Liveness } from './liveness.ts';
import { isTimeout } from './request-failures.ts';

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
  /** It answers nobody any more, and nothing more is heard of it; it still has to be ended. Needs a `ping`. */
  onMute?(): void;
}

/** A request that every process of its kind answers at once, if only with a refusal. */
export interface Ping {
  readonly method: string;
  readonly params: unknown;
}

/** `name`: as the log calls it. */
export interface JsonRpcProcessOptions
  extends JsonRpcProcessEvents, Pick<JsonRpcOptions, 'version' | 'maxInFlight'> {
  readonly host: ProviderHost;
  readonly name: string;
  /** Where many threads share the process; one that serves a single one is ended with it. */
  readonly ping?: Ping;
}

/** A request of ours, and how to read its answer. */
export interface TimedAsk<S extends z.ZodType> {
  readonly method: string;
  readonly params: unknown;
  readonly answer: S;
  readonly timeoutMs: number;
}

/** Nobody waits for the answer to a ping: any word will do. */
const PING_TIMEOUT_MS = 60_000;

/** A process that speaks JSON-RPC over stdio: messages in and out, in order. */
export class JsonRpcProcess {
  readonly #options: JsonRpcProcessOptions;
  readonly #process: LineProcess;
  readonly #peer: JsonRpcPeer;
  readonly #liveness: Liveness | null;
  #rawRef = '';
  #isAnswer = false;
  #isMute = false;

  constructor(spec: ProcessSpec, options: JsonRpcProcessOptions) {
    const { host, name, version, maxInFlight, ping } = options;
    this.#options = options;
    this.#liveness = ping === undefined ? null : this.#watch(ping);
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
        this.#liveness?.close();
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
    const asked = this.#peer.request(method, params, { timeoutMs });
    this.#liveness?.asked();
    return answer.parse(await asked.catch((error: unknown) => this.#lose(method, error)));
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
    this.#liveness?.setPaused(isPaused);
  }

  /** Resolves when it and all that came of it are gone. */
  end(force: boolean): Promise<void> {
    this.#liveness?.close();
    return this.#process.end(force);
  }

  #watch({ method, params }: Ping): Liveness {
    return new Liveness({
      ping: () => void this.#peer.request(method, params, { timeoutMs: PING_TIMEOUT_MS }).catch(() => {}),
      isAsked: () => this.#peer.inFlightCount > 0,
    });
  }

  /** Of a process that says nothing to anybody the request is lost as of one that has ended. */
  async #lose(method: string, error: unknown): Promise<never> {
    if (!isTimeout(error) || !(await this.#liveness?.isSilent())) throw error;
    const why = `${this.#options.name} does not answer`;
    if (!this.#isMute) {
      this.#isMute = true;
      this.#peer.close(why);
      this.#options.onMute?.();
    }
    throw new JsonRpcError('closed', method, why);
  }

  /**
   * What follows an answer waits until whoever asked has acted on it: an answer may name a turn that the next line tells
   * of, and the end of a turn may be told in nothing else.
   */
  #takeLine(line: string, rawRef: string): void {
    this.#rawRef = rawRef;
    this.#isAnswer = true;
    this.#peer.receive(line);
    this.#liveness?.heard();
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
