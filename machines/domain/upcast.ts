/** Lifts entries that older releases stored to the current shapes; the only place that knows the old ones. */

/** An entry as it was stored: JSON, not yet parsed. A base is lifted with its entry. */
export interface StoredEntry {
  readonly kind: unknown;
  readonly input: unknown;
  readonly facts: unknown;
}

/** Makes the shapes of one format from those of the format before. Pure; keeps what it does not know. */
export type Lift = (entry: StoredEntry) => StoredEntry;

/** Append-only: the lift at index 0 makes format 2 from format 1. */
const LIFTS: readonly Lift[] = [];

/** The format in which entries are written now; stored with each. */
export const ENTRY_FORMAT = LIFTS.length + 1;

/** Applies every lift from the entry's format on; without one the entry is returned as it is. */
export function upcast(entry: StoredEntry, format: number, lifts: readonly Lift[] = LIFTS): StoredEntry {
  return lifts.slice(format - 1).reduce((lifted, lift) => lift(lifted), entry);
}
