import type { z } from 'zod';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { JsonRpcProcess, type JsonRpcProcessEvents } from '../shared/json-rpc-process.ts';
import type { ClientRequests } from './wire.gen.ts';

/** A request of ours: its method, its parameters, and how to read the answer. */
export interface Ask<M extends keyof ClientRequests, S extends z.ZodType> {
  readonly method: M;
  readonly params: ClientRequests[M]['params'];
  readonly answer: S;
  readonly timeoutMs?: number;
}

/** As long as a chart waits for the slowest of its answers. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** codex 0.169.0 drops requests, without an answer, when hundreds come at once. */
const MAX_IN_FLIGHT = 32;
/** codex answers it out of its memory. */
const PING = { method: 'account/read', params: {} };

/** One process of `codex app-server`. */
export class AppServer extends JsonRpcProcess {
  constructor(spec: ProcessSpec, host: ProviderHost, events: JsonRpcProcessEvents) {
    super(spec, { ...events, host, name: 'codex', maxInFlight: MAX_IN_FLIGHT, ping: PING });
  }

  /** Asks codex and reads its answer. @throws {JsonRpcError} as the peer does @throws {ZodError} */
  ask<M extends keyof ClientRequests, S extends z.ZodType>(ask: Ask<M, S>): Promise<z.output<S>> {
    return this.request({ timeoutMs: DEFAULT_TIMEOUT_MS, ...ask });
  }
}
