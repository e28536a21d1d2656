import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { JsonRpcError } from '../shared/json-rpc-error.ts';
import { LineProcess } from '../shared/line-process.ts';
import { controlResponseSchema, frameSchema, type Frame } from './wire.ts';

/** A frame with its place in the protocol log. */
export interface LoggedFrame {
  readonly frame: Frame;
  readonly rawRef: string;
}

/** What is heard of a process. */
export interface ClaudeProcessEvents {
  /** Everything but the answers to our own requests. */
  onFrame(logged: LoggedFrame): void;
  /** Exactly once, after its last frame; `error` is set when it never ran. */
  onExit(exit: ProcessExit, error: Error | null): void;
}

/** A request of ours: its subtype, the rest of it, and how to read the answer. */
export interface Ask<S extends z.ZodType> {
  readonly subtype: string;
  readonly params?: object;
  readonly answer: S;
  readonly timeoutMs?: number;
}

interface Call {
  readonly subtype: string;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: JsonRpcError) => void;
  readonly timer: NodeJS.Timeout;
}

const DEFAULT_TIMEOUT_MS = 20_000;

/** One process of claude: frames in and out, in order. */
export class ClaudeProcess {
  readonly #host: ProviderHost;
  readonly #events: ClaudeProcessEvents;
  readonly #process: LineProcess;
  readonly #calls = new Map<string, Call>();
  #isGone = false;

  constructor(spec: ProcessSpec, host: ProviderHost, events: ClaudeProcessEvents) {
    this.#host = host;
    this.#events = events;
    this.#process = new LineProcess(spec, {
      host,
      name: 'claude',
      onLine: (line, rawRef) => this.#takeLine(line, rawRef),
      onExit: (exit, error) => this.#takeExit(exit, error),
    });
  }

  /** The end of what the process said on stderr. */
  get stderrTail(): string {
    return this.#process.stderrTail;
  }

  /** Asks claude and reads its answer. @throws {JsonRpcError} `timeout`, `closed` or `remote` @throws {ZodError} */
  async ask<S extends z.ZodType>(ask: Ask<S>): Promise<z.output<S>> {
    const { subtype, params = {}, answer, timeoutMs = DEFAULT_TIMEOUT_MS } = ask;
    return answer.parse(await this.#request(subtype, params, timeoutMs));
  }

  /** Answers a request of claude. */
  answer(requestId: string, response: object): void {
    const answer = { subtype: 'success', request_id: requestId, response };
    this.say({ type: 'control_response', response: answer });
  }

  /** Says that this cannot be answered, so that claude goes on. */
  refuse(requestId: string, error: string): void {
    this.say({ type: 'control_response', response: { subtype: 'error', request_id: requestId, error } });
  }

  say(frame: object): void {
    this.#process.writeLine(JSON.stringify(frame));
  }

  setPaused(isPaused: boolean): void {
    this.#process.setPaused(isPaused);
  }

  /** Resolves when it and all that came of it are gone. */
  end(force: boolean): Promise<void> {
    return this.#process.end(force);
  }

  #request(subtype: string, params: object, timeoutMs: number): Promise<unknown> {
    if (this.#isGone) return Promise.reject(new JsonRpcError('closed', subtype, 'claude has ended'));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = randomUUID();
    const timer = setTimeout(() => {
      this.#calls.delete(id);
      reject(new JsonRpcError('timeout', subtype, `no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    this.#calls.set(id, { subtype, resolve, reject, timer });
    this.say({ type: 'control_request', request_id: id, request: { subtype, ...params } });
    return promise;
  }

  #takeLine(line: string, rawRef: string): void {
    const frame = parseFrame(line);
    if (frame === null) {
      this.#host.warn('claude sent a line that is no message', { line: line.slice(0, 500) });
      return;
    }
    try {
      if (frame.type === 'control_response') this.#takeAnswer(frame);
      else this.#events.onFrame({ frame, rawRef });
    } catch (error) {
      const { type, subtype } = frame;
      this.#host.warn('a frame of claude could not be handled', {
        type,
        subtype,
        rawRef,
        error: String(error),
      });
    }
  }

  #takeAnswer(frame: Frame): void {
    const { response } = controlResponseSchema.parse(frame);
    const call = this.#calls.get(response.request_id);
    // claude repeats the answers of its client
    if (call === undefined) return;
    this.#calls.delete(response.request_id);
    clearTimeout(call.timer);
    if (response.subtype === 'success') call.resolve(response.response);
    else call.reject(new JsonRpcError('remote', call.subtype, { code: 0, message: response.error }));
  }

  #takeExit(exit: ProcessExit, error: Error | null): void {
    this.#isGone = true;
    for (const call of this.#calls.values()) {
      clearTimeout(call.timer);
      call.reject(new JsonRpcError('closed', call.subtype, 'claude has ended'));
    }
    this.#calls.clear();
    this.#events.onExit(exit, error);
  }
}

function parseFrame(line: string): Frame | null {
  try {
    return frameSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
