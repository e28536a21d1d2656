import type * as acp from '@agentclientprotocol/sdk';
import type { z } from 'zod';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import { JsonRpcProcess, type JsonRpcProcessOptions } from '../shared/json-rpc-process.ts';

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

/**
 * One process of an agent. The connection of the protocol's SDK is not used for this: 2.4.0 drops updates of a kind that
 * it does not know, answers some requests by itself, and takes notifications in no order.
 */
export class AgentProcess extends JsonRpcProcess {
  constructor(spec: ProcessSpec, options: Omit<JsonRpcProcessOptions, 'version' | 'maxInFlight'>) {
    super(spec, { ...options, version: '2.0' });
  }

  /** Asks the agent and reads its answer. @throws {JsonRpcError} as the peer does @throws {ZodError} */
  ask<S extends z.ZodType>({ timeoutMs = DEFAULT_TIMEOUT_MS, ...ask }: Ask<S>): Promise<z.output<S>> {
    return this.request({ ...ask, timeoutMs: timeoutMs ?? FOREVER_MS });
  }

  override notify(method: acp.AgentNotificationMethod, params: object): void {
    super.notify(method, params);
  }
}
