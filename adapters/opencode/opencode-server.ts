import type { z } from 'zod';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { JsonRpcPeer } from '../shared/json-rpc.ts';
import { LineProcess } from '../shared/line-process.ts';
import type { Call } from './requests.ts';
import * as wire from './wire.ts';
import type { Frame } from './wire.ts';

/** A frame with its place in the protocol log. */
export interface LoggedFrame extends Frame {
  readonly rawRef: string;
}

/** What is heard of a server. */
export interface ServerEvents {
  onEvent(frame: LoggedFrame): void;
  /** Events were lost. */
  onLost(): void;
  /** Exactly once, after its last frame; `error` is set when it never ran. */
  onExit(exit: ProcessExit, error: Error | null): void;
}

/** A request of ours, and how to read its answer. */
export type Ask<S extends z.ZodType> = Call & { readonly answer: S; readonly timeoutMs?: number };

/** As long as a chart waits for the slowest of its answers. */
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_IN_FLIGHT = 64;

/** One process of `opencode serve`: requests, and what it tells by itself, in order. */
export class OpencodeServer {
  readonly #host: ProviderHost;
  readonly #events: ServerEvents;
  readonly #process: LineProcess;
  readonly #peer: JsonRpcPeer;
  #rawRef = '';
  #isAnswer = false;

  constructor(spec: ProcessSpec, host: ProviderHost, events: ServerEvents) {
    this.#host = host;
    this.#events = events;
    this.#peer = new JsonRpcPeer({
      writeLine: (line) => this.#process.writeLine(line),
      maxInFlight: MAX_IN_FLIGHT,
      handlers: {
        notification: (method, params) => this.#take(method, params),
        request: (_, method) => host.warn('opencode asked something', { method }),
        malformed: (line, reason) => this.#takeMalformed(line, reason),
      },
    });
    this.#process = new LineProcess(spec, {
      host,
      name: 'opencode',
      onLine: (line, rawRef) => this.#takeLine(line, rawRef),
      onExit: (exit, error) => {
        this.#peer.close('opencode serve has ended');
        events.onExit(exit, error);
      },
    });
  }

  /** The end of what the process said. */
  get stderrTail(): string {
    return this.#process.stderrTail;
  }

  /** Asks opencode and reads its answer. @throws {JsonRpcError} as the peer does @throws {ZodError} */
  async ask<S extends z.ZodType>(ask: Ask<S>): Promise<z.output<S>> {
    const { method, params, answer, timeoutMs = DEFAULT_TIMEOUT_MS } = ask;
    return answer.parse(await this.#peer.request(method, params, { timeoutMs }));
  }

  /** Of the frame that came last. */
  get rawRef(): string {
    return this.#rawRef;
  }

  setPaused(isPaused: boolean): void {
    this.#process.setPaused(isPaused);
  }

  /** Resolves when it and all that came of it are gone. */
  end(force: boolean): Promise<void> {
    return this.#process.end(force);
  }

  /** What follows an answer waits until whoever asked has acted on it. */
  #takeLine(line: string, rawRef: string): void {
    this.#rawRef = rawRef;
    this.#isAnswer = true;
    this.#peer.receive(line);
    if (this.#isAnswer) this.#process.holdNext();
  }

  #take(method: string, params: unknown): void {
    this.#isAnswer = false;
    try {
      if (method === 'stream.lost') return this.#takeLoss(params);
      const { data } = wire.eventSchema.safeParse(params);
      if (data === undefined) return this.#takeMalformed(JSON.stringify(params), 'no event');
      const { type, properties } = data.payload;
      this.#events.onEvent({ type, properties, rawRef: this.#rawRef });
    } catch (error) {
      const { rawRef } = this;
      this.#host.warn('an event of opencode could not be handled', { rawRef, error: String(error) });
    }
  }

  #takeLoss(params: unknown): void {
    this.#host.warn('events of opencode were lost', { params });
    this.#events.onLost();
  }

  #takeMalformed(line: string, reason: string): void {
    this.#isAnswer = false;
    this.#host.warn('opencode sent what is no message', { reason, line: line.slice(0, 500) });
  }
}
