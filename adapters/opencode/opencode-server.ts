import type { z } from 'zod';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { JsonRpcProcess, type JsonRpcProcessEvents, type LoggedMessage } from '../shared/json-rpc-process.ts';
import { HEALTH, type Call } from './requests.ts';
import * as wire from './wire.ts';
import type { Frame } from './wire.ts';

/** A frame with its place in the protocol log. */
export interface LoggedFrame extends Frame {
  readonly rawRef: string;
}

/** What is heard of a server. */
export interface ServerEvents extends Pick<JsonRpcProcessEvents, 'onExit' | 'onMute'> {
  onEvent(frame: LoggedFrame): void;
  /** Events were lost. */
  onLost(): void;
}

/** A request of ours, and how to read its answer. */
export type Ask<S extends z.ZodType> = Call & { readonly answer: S; readonly timeoutMs?: number };

/** As long as a chart waits for the slowest of its answers. */
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_IN_FLIGHT = 64;

/** One process of `opencode serve`: requests, and what it tells by itself. */
export class OpencodeServer extends JsonRpcProcess {
  constructor(spec: ProcessSpec, host: ProviderHost, events: ServerEvents) {
    super(spec, {
      host,
      name: 'opencode',
      maxInFlight: MAX_IN_FLIGHT,
      onNotification: (message) => take(message, host, events),
      onRequest: (_, { method }) => host.warn('opencode asked something', { method }),
      onExit: (exit, error) => events.onExit(exit, error),
      onMute: () => events.onMute?.(),
      ping: HEALTH,
    });
  }

  /** Asks opencode and reads its answer. @throws {JsonRpcError} as the peer does @throws {ZodError} */
  ask<S extends z.ZodType>(ask: Ask<S>): Promise<z.output<S>> {
    return this.request({ timeoutMs: DEFAULT_TIMEOUT_MS, ...ask });
  }
}

function take({ method, params, rawRef }: LoggedMessage, host: ProviderHost, events: ServerEvents): void {
  if (method === 'stream.lost') {
    host.warn('events of opencode were lost', { params });
    return events.onLost();
  }
  const { data } = wire.eventSchema.safeParse(params);
  if (data === undefined) {
    const line = JSON.stringify(params);
    return host.warn('opencode sent what is no event', { line: line.slice(0, 500) });
  }
  const { type, properties } = data.payload;
  events.onEvent({ type, properties, rawRef });
}
