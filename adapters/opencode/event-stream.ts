import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { LineSplitter } from '../shared/ndjson.ts';
import type { HttpCalls } from './http-calls.ts';

export interface StreamEvents {
  /** The JSON of one event. */
  onEvent(json: string): void;
  /** What was told meanwhile is lost. */
  onLost(why: string): void;
}

const PATH = '/global/event';
const OPEN_TIMEOUT_MS = 5_000;
/** Heartbeats come every 10 s: a stream without them is dead. */
const SILENCE_TIMEOUT_MS = 30_000;
const REOPEN_DELAY_MS = 100;
const DRAIN_TIMEOUT_MS = 500;
/** Each durable event comes twice, once in this form. Within a text its quotes would be escaped. */
const SYNC = '"payload":{"type":"sync"';

/** What the server tells by itself. Opened again whenever it breaks off. */
export class EventStream {
  readonly #calls: HttpCalls;
  readonly #events: StreamEvents;
  #response: IncomingMessage | null = null;
  #ended: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #isPaused = false;

  constructor(calls: HttpCalls, events: StreamEvents) {
    this.#calls = calls;
    this.#events = events;
  }

  /** @throws {Error} when the server has no such stream */
  async open(): Promise<void> {
    if (this.#isClosed) return;
    const response = await this.#calls.get(PATH, OPEN_TIMEOUT_MS);
    if (!(response.headers['content-type'] ?? '').startsWith('text/event-stream')) {
      response.destroy();
      throw new Error(`opencode has no event stream at ${PATH}: it answers with HTTP ${response.statusCode}`);
    }
    if (this.#isClosed) return void response.destroy();
    this.#listen(response);
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#response?.pause();
    else this.#response?.resume();
  }

  close(): void {
    this.#isClosed = true;
    this.#response?.destroy();
  }

  /** Resolves when nothing more comes of a server that is gone. */
  async drained(): Promise<void> {
    this.#isClosed = true;
    const timer = new AbortController();
    const late = wait(DRAIN_TIMEOUT_MS, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([this.#ended, late]);
    timer.abort();
  }

  #listen(response: IncomingMessage): void {
    const splitter = new LineSplitter();
    this.#response = response;
    response.socket.setTimeout(SILENCE_TIMEOUT_MS, () => {
      if (!this.#isPaused) response.destroy();
    });
    response.on('data', (chunk: Buffer) => {
      for (const line of splitter.push(chunk)) {
        if (line.kind === 'overlong') this.#events.onLost('an event was too long');
        else if (line.text.startsWith('data:')) this.#take(line.text.slice('data:'.length));
      }
    });
    response.on('error', () => {});
    if (this.#isPaused) response.pause();
    this.#ended = once(response, 'close').catch(() => {});
    void this.#ended.then(() => this.#reopen());
  }

  #take(data: string): void {
    const json = data.trim();
    if (!json.includes(SYNC)) this.#events.onEvent(json);
  }

  async #reopen(): Promise<void> {
    while (!this.#isClosed) {
      await wait(REOPEN_DELAY_MS);
      const isOpen = await this.open().then(
        () => true,
        () => false,
      );
      if (isOpen && !this.#isClosed) return this.#events.onLost('the event stream broke off');
    }
  }
}
