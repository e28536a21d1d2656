/** A page of a thread's entries, with all that is known of each, for those who look inside. */
import type { Runtime } from '../runtime/api.ts';
import { fit } from './fit.ts';
import { wire } from './inspection-subscription.ts';
import type { Limits } from './limits.ts';
import type { ParamsOf, ResultOf } from './protocol.ts';

type Method = 'inspection.readEntries';

const ENVELOPE_BYTES = 1_024;

/** A page that would be longer than a message ends early. @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_DELETED, RATE_LIMITED, STORE_CORRUPT */
export async function readInspected(
  { runtime, limits }: { readonly runtime: Runtime; readonly limits: Limits },
  { threadId, after, limit }: ParamsOf<Method>,
): Promise<ResultOf<Method>> {
  const latest = runtime.reads.version(threadId).version;
  const read = await runtime.past.entries(threadId, after, limit);
  const entries: ResultOf<Method>['entries'] = [];
  let leftBytes = limits.messageBytes - ENVELOPE_BYTES;
  for (const entry of read) {
    const { value, sizeBytes } = fit(wire(entry), { bytes: leftBytes, textBytes: limits.textBytes });
    // what does not fit beside others fits on a page of its own
    if (entries.length > 0 && sizeBytes * 2 > leftBytes) break;
    entries.push(value);
    leftBytes -= sizeBytes;
  }
  const last = entries.at(-1)?.version;
  return { entries, next: last === undefined || last >= latest ? null : last };
}
