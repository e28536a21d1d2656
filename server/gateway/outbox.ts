/** What goes out to one client: counts how far it is behind, and ends it when that is too far. */
import type { Flush, Wire } from './flush.ts';
import type { Limits } from './limits.ts';

/** The part of a WebSocket that an outbox writes to. */
export interface OutboxSocket {
  readonly bufferedAmount: number;
  send(text: string, written: (error?: Error) => void): void;
}

export interface OutboxOptions {
  readonly limits: Limits;
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** Called once, when the client is more than 8 MiB or 30 s behind. */
  readonly onOverrun: () => void;
  /** The connection below the socket. */
  readonly wire: Wire;
  readonly flush: Flush;
}

/**
 * A client is behind by what waits in the process for its socket, or by what it has not acknowledged, whichever is more.
 * Memory is bounded: big answers and backlogs are sent only to a client that is not behind, deltas only below 1 MiB,
 * and at 8 MiB the socket is closed.
 */
export class Outbox {
  readonly #socket: OutboxSocket;
  readonly #options: OutboxOptions;
  readonly #untilClear = new Set<() => void>();
  readonly #untilWritten = new Set<() => void>();
  #unacknowledgedBytes = 0;
  #laggingSince: number | null = null;
  #isClosed = false;
  /** In which something was sent last. */
  #lastFlush: number | null = null;

  constructor(socket: OutboxSocket, options: OutboxOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  get behindBytes(): number {
    return Math.max(this.#socket.bufferedAmount, this.#unacknowledgedBytes);
  }

  /** Nothing but a few unacknowledged bytes is on its way: time for the next page. */
  get isClear(): boolean {
    const { drainedBytes } = this.#options.limits;
    return this.#socket.bufferedAmount === 0 && this.#unacknowledgedBytes <= drainedBytes;
  }

  /**
   * Most of what was sent has left the process: time for the next request. What is not acknowledged does not count here,
   * since the acknowledgement is a request too.
   */
  get isWritten(): boolean {
    return this.#socket.bufferedAmount <= this.#options.limits.drainedBytes;
  }

  /** Deltas are dropped now. */
  get isLagging(): boolean {
    this.observe();
    return this.#laggingSince !== null;
  }

  send(text: string): void {
    if (this.#isClosed) return;
    const { wire, flush, limits } = this.#options;
    const { current } = flush;
    const isOneOfMany = current !== null && current === this.#lastFlush;
    this.#lastFlush = current;
    if (isOneOfMany) flush.join(wire);
    this.#socket.send(text, this.#onWritten);
    // what is only held back must not count as lag
    if (isOneOfMany && this.#socket.bufferedAmount > limits.writeBytes) flush.cut(wire);
    this.observe();
  }

  /** Calls back once, when `isClear`; never if it is closed before. */
  whenClear(resume: () => void): void {
    this.#untilClear.add(resume);
  }

  /** Calls back once, when `isWritten`; never if it is closed before. */
  whenWritten(resume: () => void): void {
    this.#untilWritten.add(resume);
  }

  /** Counts bytes that await an acknowledgement, or, below zero, that have got it. */
  addUnacknowledged(bytes: number): void {
    this.#unacknowledgedBytes += bytes;
    this.observe();
  }

  /** Looks how far the client is behind; called before each flush, and from time to time. */
  observe(): void {
    if (this.#isClosed) return;
    const { limits, now } = this.#options;
    const behindBytes = this.behindBytes;
    if (behindBytes > limits.lagBytes) this.#laggingSince ??= now();
    else if (behindBytes <= limits.drainedBytes) this.#laggingSince = null;
    const isTooLong = this.#laggingSince !== null && now() - this.#laggingSince > limits.lagCloseMs;
    if (isTooLong || behindBytes > limits.lagCloseBytes) this.#overrun();
    else this.#resume();
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#untilClear.clear();
    this.#untilWritten.clear();
  }

  readonly #onWritten = (): void => this.observe();

  #overrun(): void {
    this.close();
    this.#options.onOverrun();
  }

  #resume(): void {
    if (this.#untilClear.size > 0 && this.isClear) takeAll(this.#untilClear);
    if (this.#untilWritten.size > 0 && this.isWritten) takeAll(this.#untilWritten);
  }
}

function takeAll(waiting: Set<() => void>): void {
  const all = [...waiting];
  waiting.clear();
  for (const resume of all) resume();
}
