import { JsonRpcError, type RemoteError } from './json-rpc-error.ts';

/** An id that either side gave to a request. The two sides count on their own, so the same id may be open both ways. */
export type JsonRpcId = number | string;

/** What the owner of a peer must take. The methods run inside `receive`; a throw of theirs comes out of it. */
export interface JsonRpcHandlers {
  notification(method: string, params: unknown): void;
  /** Answer once with `respond` or `respondError`, at any later time. The other side may send the same id again. */
  request(id: JsonRpcId, method: string, params: unknown): void;
  /** A line that is no message, or a response that nobody waits for (any more); nothing else is dropped. */
  malformed(line: string, reason: string): void;
}

/** The way out, and the limits. */
export interface JsonRpcOptions {
  /** Writes one message; the newline is the transport's. `kept` is the same line without its secrets, for logs. */
  readonly writeLine: (line: string, kept: string) => void;
  readonly handlers: JsonRpcHandlers;
  /** Put into every message as its `jsonrpc` member; default: left out. */
  readonly version?: '2.0';
  /** Requests of ours without an answer at one time; further ones wait in order. Default 32. */
  readonly maxInFlight?: number;
}

const DEFAULT_MAX_IN_FLIGHT = 32;

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: JsonRpcError) => void;
  timer: NodeJS.Timeout | undefined;
}

type Message = Readonly<Record<string, unknown>>;

/**
 * One end of a JSON-RPC conversation over lines. The owner feeds it lines with `receive` and closes it when the transport
 * ends.
 */
export class JsonRpcPeer {
  readonly #options: JsonRpcOptions;
  readonly #waiting = new Set<Call>();
  readonly #inFlight = new Map<unknown, Call>();
  readonly #toAnswer = new Set<JsonRpcId>();
  #lastId = 0;
  #closedBecause: string | null = null;

  constructor(options: JsonRpcOptions) {
    this.#options = options;
  }

  /** Requests of ours that were sent and not answered. */
  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  /**
   * Asks the other side. The timeout counts from this call, the wait for a free place included.
   * @throws {JsonRpcError} `timeout`, `closed`, or `remote` with what the other side said
   */
  request(method: string, params: unknown, options: { readonly timeoutMs: number }): Promise<unknown> {
    if (this.#closedBecause !== null)
      return Promise.reject(new JsonRpcError('closed', method, this.#closedBecause));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#lastId += 1;
    const call: Call = { id: this.#lastId, method, params, resolve, reject, timer: undefined };
    call.timer = setTimeout(() => this.#timeOut(call, options.timeoutMs), options.timeoutMs);
    this.#waiting.add(call);
    this.#sendWaiting();
    return promise;
  }

  /** Tells the other side something; nothing is sent once closed. */
  notify(method: string, params?: unknown): void {
    this.#write({ method, params });
  }

  /** Answers a request of the other side; `kept` is what logs have of the result. False when it is not open: already answered, withdrawn or closed. */
  respond(id: JsonRpcId, result: unknown, kept = result): boolean {
    if (!this.#toAnswer.delete(id)) return false;
    this.#write({ id, result: result ?? null }, { id, result: kept ?? null });
    return true;
  }

  /** Refuses a request of the other side. False as for `respond`. */
  respondError(id: JsonRpcId, error: RemoteError): boolean {
    if (!this.#toAnswer.delete(id)) return false;
    this.#write({ id, error });
    return true;
  }

  /** The other side has settled its request by itself: no answer is due any more. */
  withdraw(id: JsonRpcId): void {
    this.#toAnswer.delete(id);
  }

  /** Takes one line from the other side. Nothing is taken once closed. */
  receive(line: string): void {
    if (this.#closedBecause !== null) return;
    const message = parseMessage(line);
    if (message === null) return this.#options.handlers.malformed(line, 'not a JSON object');
    const { id, method, params } = message;
    if (typeof method !== 'string') return this.#takeResponse(line, message);
    if (id === undefined) return this.#options.handlers.notification(method, params);
    if (!isId(id)) return this.#options.handlers.malformed(line, 'a request with a bad id');
    this.#toAnswer.add(id);
    this.#options.handlers.request(id, method, params);
  }

  /** The transport has ended: rejects what waits for an answer and every later request. */
  close(reason: string): void {
    if (this.#closedBecause !== null) return;
    this.#closedBecause = reason;
    const calls = [...this.#inFlight.values(), ...this.#waiting];
    this.#inFlight.clear();
    this.#waiting.clear();
    this.#toAnswer.clear();
    for (const call of calls) {
      clearTimeout(call.timer);
      call.reject(new JsonRpcError('closed', call.method, reason));
    }
  }

  #takeResponse(line: string, message: Message): void {
    const { id, result, error } = message;
    const call = this.#inFlight.get(id);
    if (!call) return this.#options.handlers.malformed(line, 'an answer to nothing');
    if (result === undefined && error === undefined) {
      return this.#options.handlers.malformed(line, 'an answer without a result');
    }
    this.#inFlight.delete(call.id);
    clearTimeout(call.timer);
    if (error === undefined || error === null) call.resolve(result);
    else call.reject(new JsonRpcError('remote', call.method, parseRemoteError(error)));
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    const maxInFlight = this.#options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT;
    for (const call of this.#waiting) {
      if (this.#inFlight.size >= maxInFlight) return;
      this.#waiting.delete(call);
      this.#inFlight.set(call.id, call);
      this.#write({ id: call.id, method: call.method, params: call.params });
    }
  }

  #timeOut(call: Call, timeoutMs: number): void {
    const wasSent = !this.#waiting.delete(call);
    this.#inFlight.delete(call.id);
    const what = wasSent ? `no answer within ${timeoutMs} ms` : `not sent within ${timeoutMs} ms`;
    call.reject(new JsonRpcError('timeout', call.method, what));
    this.#sendWaiting();
  }

  #write(message: Message, kept = message): void {
    if (this.#closedBecause !== null) return;
    const line = this.#lineOf(message);
    this.#options.writeLine(line, kept === message ? line : this.#lineOf(kept));
  }

  #lineOf(message: Message): string {
    const { version } = this.#options;
    return JSON.stringify(version === undefined ? message : { jsonrpc: version, ...message });
  }
}

function isId(value: unknown): value is JsonRpcId {
  return typeof value === 'number' || typeof value === 'string';
}

function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseMessage(line: string): Message | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function parseRemoteError(error: unknown): RemoteError {
  const { code, message, data }: Message = isObject(error) ? error : {};
  return {
    code: typeof code === 'number' ? code : 0,
    message: typeof message === 'string' ? message : JSON.stringify(error),
    ...(data !== undefined && { data }),
  };
}
