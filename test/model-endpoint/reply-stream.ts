import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Gates } from './gate.ts';
import { completedEvent, createdEvent, outputEvents, type MakeId } from './response-events.ts';
import type { ControlStep, HttpErrorStep, OutputStep, Step, StreamEvent, Usage } from './step.ts';

const DEFAULT_USAGE: Usage = { inputTokens: 10, outputTokens: 5 };
const LAST_EVENT_TYPES = new Set(['response.completed', 'response.failed', 'response.incomplete']);

/** What a reply has of its endpoint. */
interface Stage {
  readonly gates: Gates;
  readonly makeId: MakeId;
  readonly onSent: (event: StreamEvent) => void;
}

/** Plays the steps of one reply into one HTTP response, and stops when the client goes. */
export class ReplyStream {
  readonly #response: ServerResponse;
  readonly #stage: Stage;
  readonly #gone = new AbortController();
  readonly #responseId: string;
  #usage = DEFAULT_USAGE;
  #ended = false;

  constructor(response: ServerResponse, stage: Stage) {
    this.#response = response;
    this.#stage = stage;
    this.#responseId = stage.makeId('resp');
    response.once('close', () => this.#gone.abort());
  }

  /** Ends with the reply: completed, broken off by a step, or left by the client. */
  async play(steps: readonly Step[]): Promise<void> {
    try {
      for (const step of steps) {
        if (this.#ended) break;
        await (isOutput(step) ? this.#output(step) : this.#control(step));
      }
      if (!this.#ended) await this.#send(completedEvent(this.#responseId, this.#usage));
      this.#response.end();
    } catch (error) {
      if (!this.#gone.signal.aborted) throw error;
    }
  }

  async #output(step: OutputStep): Promise<void> {
    for (const { event, delayMs } of outputEvents(step, this.#stage.makeId)) {
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
        await this.#unlessGone(this.#stage.gates.get(step.name).pass());
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
      if (event.type !== 'response.created') await this.#send(createdEvent(this.#responseId));
    }
    this.#stage.onSent(event);
    const taken = this.#response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    if (!taken) await once(this.#response, 'drain', { signal: this.#gone.signal });
    if (LAST_EVENT_TYPES.has(event.type)) this.#ended = true;
  }

  #fail({ status, headers, body }: HttpErrorStep): void {
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

function isOutput(step: Step): step is OutputStep {
  return ['text', 'reasoning', 'functionCall', 'customToolCall', 'event'].includes(step.kind);
}
