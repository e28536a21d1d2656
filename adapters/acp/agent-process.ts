import type * as acp from '@agentclientprotocol/sdk';
import type { z } from 'zod';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { JsonRpcPeer, type JsonRpcId } from '../shared/json-rpc.ts';
import { LineProcess } from '../shared/line-process.ts';
import type { Frame } from './wire.ts';

/** A frame with its place in the protocol log. */
export interface LoggedFrame extends Frame {
  readonly rawRef: string;
}

/** What is heard of a process. */
export interface AgentEvents {
  onNotification(frame: LoggedFrame): void;
  onRequest(id: JsonRpcId, frame: LoggedFrame): void;
  /** Exactly once, after its last frame; `error` is set when it never ran. */
  onExit(exit: ProcessExit, error: Error | null): void;
}

/**
 * The methods of the protocol, one that is not stable yet, and one that is in no schema any more: some agents choose models
 * by nothing else.
 */
export type AgentMethod = acp.AgentRequestMethod | 'session/fork' | 'session/set_model';

/** A request of ours: its method, its parameters, and how to read the answer. */
export interface Ask<S extends z.ZodType> {
  readonly method: AgentMethod;
  readonly params: object;
  readonly answer: S;
  /** Default 20 s; `null`: as long as it takes. */
  readonly timeoutMs?: number | null;
}

/** Shorter than the chart's bound for opening, so that a failure has a reason. */
const DEFAULT_TIMEOUT_MS = 20_000;
/** The longest that a timer takes: 24 days. */
const FOREVER_MS = 2 ** 31 - 1;

const INTERNAL_ERROR = -32_603;

/**
 * One process of an agent: frames in and out, in order. The connection of the protocol's SDK is not used for this: 2.4.0
 * drops updates of a kind that it does not know, answers some requests by itself, and takes notifications in no order.
 */
export class AgentProcess {
  readonly #host: ProviderHost;
  readonly #name: string;
  readonly #events: AgentEvents;
  readonly #process: LineProcess;
  readonly #peer: JsonRpcPeer;
  #rawRef = '';
  #isAnswer = false;

  constructor(
    spec: ProcessSpec,
    { host, name, ...events }: { readonly host: ProviderHost; readonly name: string } & AgentEvents,
  ) {
    this.#host = host;
    this.#name = name;
    this.#events = events;
    this.#peer = new JsonRpcPeer({
      version: '2.0',
      writeLine: (line, kept) => this.#process.writeLine(line, kept),
      handlers: {
        notification: (method, params) => this.#take({ method, params }),
        request: (id, method, params) => this.#take({ method, params }, id),
        malformed: (line, reason) => this.#takeMalformed(line, reason),
      },
    });
    this.#process = new LineProcess(spec, {
      host,
      name,
      onLine: (line, rawRef) => this.#takeLine(line, rawRef),
      onExit: (exit, error) => {
        this.#peer.close(`${name} has ended`);
        events.onExit(exit, error);
      },
    });
  }

  /** The end of what the process said on stderr. */
  get stderrTail(): string {
    return this.#process.stderrTail;
  }

  /** Asks the agent and reads its answer. @throws {JsonRpcError} as the peer does @throws {ZodError} */
  async ask<S extends z.ZodType>(ask: Ask<S>): Promise<z.output<S>> {
    const { method, params, answer, timeoutMs = DEFAULT_TIMEOUT_MS } = ask;
    return answer.parse(await this.#peer.request(method, params, { timeoutMs: timeoutMs ?? FOREVER_MS }));
  }

  notify(method: acp.AgentNotificationMethod, params: object): void {
    this.#peer.notify(method, params);
  }

  /** False when nobody waits for it any more. `kept`: what logs may have of it. */
  respond(id: JsonRpcId, result: object, kept = result): boolean {
    return this.#peer.respond(id, result, kept);
  }

  /** Says no to a request, so that the agent goes on. */
  refuse(id: JsonRpcId, code: number, message: string): boolean {
    return this.#peer.respondError(id, { code, message });
  }

  setPaused(isPaused: boolean): void {
    this.#process.setPaused(isPaused);
  }

  /** Resolves when it and all that came of it are gone. */
  end(force: boolean): Promise<void> {
    return this.#process.end(force);
  }

  /** What follows an answer waits until whoever asked has acted on it: the end of a turn is told in nothing else. */
  #takeLine(line: string, rawRef: string): void {
    this.#rawRef = rawRef;
    this.#isAnswer = true;
    this.#peer.receive(line);
    if (this.#isAnswer) this.#process.holdNext();
  }

  #take(frame: Frame, id?: JsonRpcId): void {
    this.#isAnswer = false;
    const logged = { ...frame, rawRef: this.#rawRef };
    try {
      if (id === undefined) this.#events.onNotification(logged);
      else this.#events.onRequest(id, logged);
    } catch (error) {
      const { method, rawRef } = logged;
      const details = { method, rawRef, error: String(error) };
      this.#host.warn(`a frame of ${this.#name} could not be handled`, details);
      if (id !== undefined) this.refuse(id, INTERNAL_ERROR, 'the request could not be handled');
    }
  }

  #takeMalformed(line: string, reason: string): void {
    this.#isAnswer = false;
    this.#host.warn(`${this.#name} sent a line that is no message`, { reason, line: line.slice(0, 500) });
  }
}
