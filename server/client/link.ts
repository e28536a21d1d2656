/** One connection to the server that comes back by itself: requests, answers and notifications. */
import { ERRORS, knownCode, RuntimeError } from '../../machines/domain/error.ts';
import type { NotificationName } from '../gateway/frame.ts';
import type { OpenSocket, Socket, SocketEnd } from './socket.ts';

export interface LinkOptions {
  readonly openSocket: OpenSocket;
  /** Of the pause before the `n`-th new try: random between 0 and `min(most, base · 2ⁿ)`. Defaults 250 and 10,000 ms. */
  readonly backoff?: { readonly baseMs: number; readonly mostMs: number };
  /** A request without an answer after it ends the connection, which is then opened again. Default 30,000 ms. */
  readonly timeoutMs?: number;
  /** From 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Closes the link for good, one that never was open too: without it, it is tried for ever. */
  readonly signal?: AbortSignal;
}

/** `lost`: the connection ended before the answer; whether the request was handled is not known. */
export type Outcome =
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: RuntimeError }
  | { readonly type: 'lost' };

/** A notification, before anybody knows which frames it carries. */
export interface Notification {
  readonly subscriptionId: string;
  readonly after: number;
  readonly frames: readonly unknown[];
}

interface ServerMessage {
  readonly id?: number | string | null;
  readonly result?: unknown;
  readonly error?: { message: string; data?: { code?: unknown; details?: Record<string, unknown> } };
  readonly method?: NotificationName;
  readonly params?: Notification;
}

export interface ServerInfo {
  readonly version: string;
  readonly protocol: number;
  readonly epoch: string;
  readonly machineHash: string;
}

/** `sizeUnits`: length of the message in UTF-16 code units. */
type NotificationListener = (notification: Notification, sizeUnits: number) => void;

const UNAUTHORIZED = 4401;
const MOST_MESSAGE_BYTES = 1024 * 1024;
const MOST_DOUBLINGS = 10;
const DEFAULT_BACKOFF = { baseMs: 250, mostMs: 10_000 };
const DEFAULT_TIMEOUT_MS = 30_000;

export class Link {
  /** Of the connection that is open, or of the last one. */
  info: ServerInfo | null = null;
  readonly #options: LinkOptions;
  readonly #pending = new Map<number, (outcome: Outcome) => void>();
  readonly #listeners = new Map<string, NotificationListener>();
  readonly #openListeners = new Set<() => void>();
  readonly #endListeners = new Set<(error: RuntimeError) => void>();
  readonly #onAbort = (): void => this.close();
  #socket: Socket | null = null;
  #isOpen = false;
  #end: RuntimeError | null = null;
  #requestNumber = 0;
  #tryCount = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { signal } = options;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) this.close();
    else this.#connect();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Calls back at each opening, at once if it is open now. Returns its own removal. */
  onOpen(listener: () => void): () => void {
    this.#openListeners.add(listener);
    if (this.#isOpen) listener();
    return () => this.#openListeners.delete(listener);
  }

  /** Calls back when the link is closed for good. Returns its own removal. */
  onEnd(listener: (error: RuntimeError) => void): () => void {
    if (this.#end === null) this.#endListeners.add(listener);
    else listener(this.#end);
    return () => this.#endListeners.delete(listener);
  }

  /** @throws {RuntimeError} UNAUTHORIZED or FORBIDDEN when the server refuses us, CONNECTION_CLOSED after `close` */
  async whenOpen(): Promise<void> {
    if (this.#end !== null) throw this.#end;
    if (this.#isOpen) return;
    await new Promise<void>((resolve, reject) => {
      const removals = [
        this.onOpen(() => finish(resolve)),
        this.onEnd((error) => finish(() => reject(error))),
      ];
      function finish(settle: () => void): void {
        for (const remove of removals) remove();
        settle();
      }
    });
  }

  /**
   * Calls back synchronously with the answer, so that no notification can overtake what it starts. An error of the
   * server comes as one of the catalogue; an unknown code as INTERNAL.
   */
  request(method: string, params: unknown, done: (outcome: Outcome) => void): void {
    if (this.#end !== null) return done({ type: 'error', error: this.#end });
    if (!this.#isOpen) return done({ type: 'lost' });
    this.#send(method, params, done);
  }

  /** A request that asks for no answer; forgotten where no connection is open. */
  notify(method: string, params: unknown): void {
    if (this.#isOpen) this.#socket?.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  listen(subscriptionId: string, listener: NotificationListener): void {
    this.#listeners.set(subscriptionId, listener);
  }

  unlisten(subscriptionId: string): void {
    this.#listeners.delete(subscriptionId);
  }

  /** Ends the connection; it is opened again after a pause. */
  drop(): void {
    this.#socket?.close();
    this.#onClose({ code: 1006, refusal: null });
  }

  close(): void {
    this.#finish(new RuntimeError('CONNECTION_CLOSED', 'the client was closed'));
  }

  #connect(): void {
    this.#retry = null;
    let own: Socket | null = null;
    const isCurrent = (): boolean => own !== null && own === this.#socket;
    own = this.#options.openSocket({
      onOpen: () => isCurrent() && this.#greet(),
      onMessage: (text) => isCurrent() && this.#onMessage(text),
      onClose: (end) => isCurrent() && this.#onClose(end),
    });
    this.#socket = own;
  }

  #greet(): void {
    this.#send('server.info', {}, (outcome) => {
      if (outcome.type === 'error') return this.#onRefused(outcome.error);
      if (outcome.type === 'lost') return;
      this.info = serverInfoOf(outcome.result);
      this.#tryCount = 0;
      this.#isOpen = true;
      for (const listener of this.#openListeners) listener();
    });
  }

  /** A server that ends or starts may let us in later. */
  #onRefused(error: RuntimeError): void {
    if (ERRORS[error.code].retryable) this.drop();
    else this.#finish(error);
  }

  #send(method: string, params: unknown, done: (outcome: Outcome) => void): void {
    this.#requestNumber += 1;
    const id = this.#requestNumber;
    const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    const tooLarge = sizeError(text, method);
    if (tooLarge !== null) return done({ type: 'error', error: tooLarge });
    const timer = setTimeout(() => this.drop(), this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    this.#pending.set(id, (outcome) => {
      clearTimeout(timer);
      done(outcome);
    });
    this.#socket?.send(text);
  }

  #onMessage(text: string): void {
    const { id, result, error, params }: ServerMessage = JSON.parse(text);
    if (params !== undefined) {
      this.#listeners.get(params.subscriptionId)?.(params, text.length);
      return;
    }
    if (typeof id !== 'number') return;
    const done = this.#pending.get(id);
    this.#pending.delete(id);
    done?.(
      error === undefined ? { type: 'result', result } : { type: 'error', error: runtimeErrorOf(error) },
    );
  }

  #onClose({ code, refusal }: SocketEnd): void {
    this.#socket = null;
    this.#isOpen = false;
    this.#listeners.clear();
    this.#lose();
    if (this.#end !== null) return;
    if (refusal !== null) return this.#finish(refusal);
    if (code === UNAUTHORIZED)
      return this.#finish(new RuntimeError('UNAUTHORIZED', 'no valid token or ticket'));
    this.#retry ??= setTimeout(() => this.#connect(), this.#pauseMs());
  }

  #pauseMs(): number {
    const { backoff = DEFAULT_BACKOFF, random = Math.random } = this.#options;
    const most = Math.min(backoff.mostMs, backoff.baseMs * 2 ** Math.min(this.#tryCount, MOST_DOUBLINGS));
    this.#tryCount += 1;
    return random() * most;
  }

  #lose(): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const done of pending) done({ type: 'lost' });
  }

  #finish(error: RuntimeError): void {
    if (this.#end !== null) return;
    this.#end = error;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    if (this.#retry !== null) clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    this.#isOpen = false;
    socket?.close();
    this.#lose();
    for (const listener of this.#endListeners) listener(error);
  }
}

function sizeError(text: string, method: string): RuntimeError | null {
  const isShort = text.length * 3 <= MOST_MESSAGE_BYTES;
  if (isShort || new TextEncoder().encode(text).byteLength <= MOST_MESSAGE_BYTES) return null;
  return new RuntimeError('PAYLOAD_TOO_LARGE', `the message of ${method} is over 1 MiB`, {
    details: { method },
  });
}

function runtimeErrorOf({ message, data }: NonNullable<ServerMessage['error']>): RuntimeError {
  return new RuntimeError(knownCode(data?.code), message, { details: data?.details ?? {} });
}

function serverInfoOf(result: unknown): ServerInfo {
  const given: Partial<ServerInfo> = typeof result === 'object' && result !== null ? result : {};
  const { version = '', protocol = 0, epoch = '', machineHash = '' } = given;
  return { version, protocol, epoch, machineHash };
}
