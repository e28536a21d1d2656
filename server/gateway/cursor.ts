/** Where a client that was here before stands in the journal. */
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
