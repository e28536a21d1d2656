import type { z } from 'zod';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { JsonRpcProcess, type JsonRpcProcessEvents, type TimedAsk } from '../shared/json-rpc-process.ts';

/** As long as a chart waits for the slowest of its answers. */
const DEFAULT_TIMEOUT_MS = 30_000;

type Ask<S extends z.ZodType> = Omit<TimedAsk<S>, 'timeoutMs'> & Partial<Pick<TimedAsk<S>, 'timeoutMs'>>;

/** One process of the SDK, which asks nothing. */
export class SdkProcess extends JsonRpcProcess {
  constructor(spec: ProcessSpec, host: ProviderHost, events: Omit<JsonRpcProcessEvents, 'onRequest'>) {
    super(spec, {
      ...events,
      host,
      name: 'cursor',
      onRequest: () => {
        throw new Error('the process of the SDK asks nothing');
      },
    });
  }

  /** Asks the SDK and reads its answer. @throws {JsonRpcError} as the peer does @throws {ZodError} */
  ask<S extends z.ZodType>(ask: Ask<S>): Promise<z.output<S>> {
    return this.request({ timeoutMs: DEFAULT_TIMEOUT_MS, ...ask });
  }
}
