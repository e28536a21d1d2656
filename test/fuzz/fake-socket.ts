/** The server's side of a WebSocket without a network: what `ws` gives to a client's socket, and no more. */
import { EventEmitter } from 'node:events';

const NOTIFICATION = '{"jsonrpc":"2.0","method":';

export class FakeSocket extends EventEmitter {
  /** Answers that were sent; notifications are not kept. */
  readonly answers: string[] = [];
  notificationCount = 0;
  readonly bufferedAmount = 0;
  isPaused = false;
  closedWith: number | null = null;
  readonly #held: string[] = [];

  /** A text frame of the client; held while the server does not read. */
  take(text: string): void {
    if (this.isPaused) this.#held.push(text);
    else this.emit('message', Buffer.from(text), false);
  }

  get isHeard(): boolean {
    return this.#held.length === 0;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    while (!this.isPaused && this.#held.length > 0) this.take(this.#held.shift() ?? '');
  }

  send(text: string, written: () => void): void {
    if (text.startsWith(NOTIFICATION)) this.notificationCount += 1;
    else this.answers.push(text);
    setImmediate(written);
  }

  /** There is no connection below it. */
  cork(): void {}
  uncork(): void {}

  ping(): void {
    this.emit('pong');
  }

  close(code: number): void {
    this.closedWith ??= code;
    this.emit('close');
  }

  terminate(): void {
    this.close(1006);
  }
}
