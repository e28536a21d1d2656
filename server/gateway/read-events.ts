/** A page of a thread's facts, for clients that read instead of subscribing. */
import type { Entry } from '../../machines/domain/entry.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import type { RuntimeReads } from '../runtime/api.ts';
import { fit } from './fit.ts';
import type { Limits } from './limits.ts';
import type { ParamsOf, ResultOf } from './protocol.ts';

type Result = ResultOf<'orchestration.readEvents'>;
type Input = NonNullable<Result['inputs']>[number];

interface Page {
  readonly events: Result['events'];
  readonly inputs: Input[];
  /** Of the last entry that fits. */
  version: number;
  leftBytes: number;
}

const ENVELOPE_BYTES = 1_024;

/**
 * All facts of an entry are on one page; a page that would be longer than a message ends early. Texts are cut as in
 * frames.
 * @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_DELETED
 */
export function readEvents(
  reads: RuntimeReads,
  { threadId, after, limit }: ParamsOf<'orchestration.readEvents'>,
  options: { withInputs: boolean; limits: Limits },
): Result {
  const latest = reads.version(threadId).version;
  const { entries, prunedBefore } = reads.entries(threadId, after, { limit, deltas: true });
  const { messageBytes } = options.limits;
  const page: Page = { events: [], inputs: [], version: after, leftBytes: messageBytes - ENVELOPE_BYTES };
  for (const entry of entries) if (!addEntry(page, entry, options)) break;
  const isRead = page.version >= latest || entries.length === 0;
  return {
    events: page.events,
    ...(options.withInputs ? { inputs: page.inputs } : {}),
    next: isRead ? null : page.version,
    ...(prunedBefore === null ? {} : { prunedBefore }),
  };
}

function addEntry(page: Page, entry: Entry, options: { withInputs: boolean; limits: Limits }): boolean {
  const { sequence, version, at, outcome, commandId } = entry;
  const { messageBytes, textBytes } = options.limits;
  const input: Input = { sequence, version, at, outcome, commandId, input: entry.input };
  const told = { events: eventsOf(entry), inputs: options.withInputs ? [input] : [] };
  const { value, sizeBytes } = fit(told, { bytes: messageBytes - ENVELOPE_BYTES, textBytes });
  if (sizeBytes > page.leftBytes) return false;
  page.leftBytes -= sizeBytes;
  page.events.push(...value.events);
  page.inputs.push(...value.inputs);
  page.version = version;
  return true;
}

/** Streams of threads hold no facts of instances. */
function eventsOf({ kind, facts, sequence, version, at }: Entry): Result['events'] {
  if (kind === 'instance') return [];
  return facts.map((fact: Fact) => ({ sequence, version, at, fact }));
}
