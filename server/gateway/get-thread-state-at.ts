/** A thread as it was at an earlier entry. */
import type { Runtime } from '../runtime/api.ts';
import { fit } from './fit.ts';
import { fitSnapshot } from './frames.ts';
import type { Limits } from './limits.ts';
import type { ParamsOf, ResultOf } from './protocol.ts';

type Method = 'orchestration.getThreadStateAt';

/** @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_DELETED, ENTRY_NOT_FOUND, RATE_LIMITED, STORE_CORRUPT */
export async function getThreadStateAt(
  { runtime, limits }: { readonly runtime: Runtime; readonly limits: Limits },
  { threadId, sequence, contexts, ...page }: ParamsOf<Method>,
): Promise<ResultOf<Method>> {
  runtime.reads.version(threadId);
  const past = await runtime.past.stateAt(threadId, sequence, {
    before: page.before ?? null,
    limit: page.limit,
    contexts,
  });
  const { machineHash, prunedBefore, unsure, snapshot } = past;
  // half of a message for what clients saw, half for what the charts remembered
  const room = contexts ? { ...limits, messageBytes: limits.messageBytes / 2 } : limits;
  const half = { bytes: limits.messageBytes / 2 - 2_048, textBytes: limits.textBytes };
  return {
    sequence: past.sequence,
    version: past.version,
    at: past.at,
    machine: { ...snapshot.machine, machineHash },
    snapshot: fitSnapshot(snapshot, room),
    ...(prunedBefore !== null && { prunedBefore }),
    ...(unsure !== null && { unsure }),
    ...(past.contexts !== null && { contexts: fit(past.contexts, half).value }),
  };
}
