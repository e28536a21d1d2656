/** Where a client that was here before stands in the journal. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { RuntimeReads } from '../runtime/api.ts';
import type { ResyncReason } from './frame.ts';

/** Absent: the client holds nothing. */
export interface Cursor {
  readonly afterSequence?: number | undefined;
  readonly epoch?: string | undefined;
}

/**
 * Why a cursor can not be honoured, or `null`. It is honoured if its sequence lies within its epoch; without an epoch
 * nobody knows what it counts, which is `unknown` too.
 */
export function refusalOf(cursor: Cursor, reads: RuntimeReads): ResyncReason | null {
  const { afterSequence = 0, epoch } = cursor;
  if (epoch === reads.epoch.epoch) return afterSequence > reads.sequence() ? 'ahead' : null;
  const known = reads.epochs().find((each) => each.epoch === epoch);
  if (known === undefined) return 'unknown';
  return afterSequence > known.lastSequence ? 'rewound' : null;
}

/** The last version of a thread at or below a sequence: a search in its entries, some 20 reads for a million. */
export function versionAt(reads: RuntimeReads, threadId: ThreadId, sequence: number): number {
  const latest = reads.version(threadId);
  if (latest.sequence <= sequence) return latest.version;
  let low = 0;
  let high = latest.version + 1;
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    const [entry] = reads.entries(threadId, middle - 1, { limit: 1, deltas: true }).entries;
    if (entry === undefined || entry.sequence > sequence) high = middle;
    else low = entry.version;
  }
  return low;
}
