import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Gates } from './gate.ts';
import type { Dialect, DialectReply } from './dialect.ts';
import type { ControlStep, HttpErrorStep, MakeId, OutputStep, Step, StreamEvent, Usage } from './step.ts';

const DEFAULT_USAGE: Usage = { inputTokens: 10, outputTokens: 5 };

/** What a reply needs of its endpoint. */
export interface ReplyParts {
  readonly gates: Gates;
  readonly makeId: MakeId;
  readonly dialect: Dialect;
  readonly onSent: (event: StreamEvent) => void;
}

/** Plays the steps of one reply into one HTTP response, and stops when the client goes. */
export class ReplyStream {
  readonly #response: ServerResponse;
  readonly #parts: ReplyParts;
  readonly #reply: DialectReply;
  readonly #gone = new AbortController();
  #usage = DEFAULT_USAGE;
  #ended = false;

  constructor(response: ServerResponse, parts: ReplyParts) {
    this.#response = response;
    this.#parts = parts;
    this.#reply = parts.dialect.reply(parts.makeId);
    response.once('close', () => this.#gone.abort());
  }

  /** Ends with the reply: completed, broken off by a step, or left by the client. */
  async play(steps: readonly Step[]): Promise<void> {
    try {
      for (const step of steps) {
        if (this.#ended) break;
        await (isOutput(step) ? this.#output(step) : this.#control(step));
      }
      for (const event of this.#ended ? [] : this.#reply.end(this.#usage)) await this.#send(event);
      this.#response.end();
    } catch (error) {
      if (!this.#gone.signal.aborted) throw error;
    }
  }

  async #output(step: OutputStep): Promise<void> {
    for (const { event, delayMs } of this.#reply.output(step)) {
      if (delayMs > 0) await wait(delayMs, undefined, { signal: this.#gone.signal });
      await this.#send(event);
    }
  }

  async #control(step: ControlStep): Promise<void> {
    switch (step.kind) {
      case 'usage':
        this.#usage = step.usage;
        return;
      case 'delay':
        await wait(step.durationMs, undefined, { signal: this.#gone.signal });
        return;
      case 'gate':
        await this.#unlessGone(this.#parts.gates.get(step.name).pass());
        return;
      case 'httpError':
        this.#fail(step);
        return;
      case 'drop':
        await this.#drop();
        return;
      case 'hang':
        await this.#unlessGone(new Promise<never>(() => {}));
    }
  }

  async #send(event: StreamEvent): Promise<void> {
    this.#gone.signal.throwIfAborted();
    if (!this.#response.headersSent) {
      this.#response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      const start = this.#reply.start(this.#usage);
      if (event.type !== start.type) await this.#send(start);
    }
    this.#parts.onSent(event);
    const { encode = namedEvent } = this.#parts.dialect;
    const taken = this.#response.write(encode(event));
    if (!taken) await once(this.#response, 'drain', { signal: this.#gone.signal });
    if (this.#parts.dialect.lastEventTypes.has(event.type)) this.#ended = true;
  }

  #fail({ status, headers, body: given }: HttpErrorStep): void {
    const body = given ?? this.#parts.dialect.errorBody(status, `scripted ${status}`);
    const isText = typeof body === 'string';
    const contentType = isText ? 'text/plain' : 'application/json';
    this.#response.writeHead(status, { 'content-type': contentType, ...headers });
    this.#response.end(isText ? body : JSON.stringify(body));
    this.#ended = true;
  }

  async #drop(): Promise<void> {
    // An SSE comment, so that a callback tells when everything before it has left.
    if (this.#response.headersSent)
      await new Promise<void>((left) => this.#response.write(':\n\n', () => left()));
    this.#response.destroy();
    this.#ended = true;
  }

  async #unlessGone(waiting: Promise<unknown>): Promise<void> {
    const { signal } = this.#gone;
    signal.throwIfAborted();
    await Promise.race([waiting, once(signal, 'abort').then(() => signal.throwIfAborted())]);
  }
}

const namedEvent = (event: StreamEvent): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

function isOutput(step: Step): step is OutputStep {
  return ['text', 'reasoning', 'functionCall', 'customToolCall', 'event'].includes(step.kind);
}
