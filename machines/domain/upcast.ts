/** Lifts entries that older releases stored to the current shapes; the only place that knows the old ones. */
import { z } from 'zod';

/** An entry as it was stored: JSON, not yet parsed. A base is lifted with its entry. */
export interface StoredEntry {
  readonly kind: unknown;
  readonly input: unknown;
  readonly facts: unknown;
}

/** Makes the shapes of one format from those of the format before. Pure; keeps what it does not know. */
export type Lift = (entry: StoredEntry) => StoredEntry;

/** What a thread's context has had since format 2, as it was before there was anything of it. */
const SINCE_2 = {
  opening: { type: 'resume' },
  transfers: [],
  otherSessions: {},
  captures: [],
  capturedTurnId: null,
  rollback: null,
  switching: null,
  lineage: null,
  mergedTurnOrdinal: 0,
} as const;

/** The same since format 3. */
const SINCE_3 = { adoption: null, tasks: [] } as const;

/** Append-only: the lift at index 0 makes format 2 from format 1. */
const LIFTS: readonly Lift[] = [baseWith(SINCE_2), baseWith(SINCE_3)];

function baseWith(defaults: object): Lift {
  return (entry) =>
    entry.kind === 'base' ? { ...entry, input: withDefaults(entry.input, defaults) } : entry;
}

/** The format in which entries are written now; stored with each. */
export const ENTRY_FORMAT = LIFTS.length + 1;

/** Applies every lift from the entry's format on; without one the entry is returned as it is. */
export function upcast(entry: StoredEntry, format: number, lifts: readonly Lift[] = LIFTS): StoredEntry {
  return lifts.slice(format - 1).reduce((lifted, lift) => lift(lifted), entry);
}

const storedBaseSchema = z.looseObject({
  charts: z.looseObject({ root: z.looseObject({ context: z.looseObject({}) }) }),
});

/** A base whose thread has these fields as well; what is no base stays as it is, for its parser to say so. */
function withDefaults(base: unknown, defaults: object): unknown {
  const { data } = storedBaseSchema.safeParse(base);
  if (data === undefined) return base;
  const { root } = data.charts;
  const context = { ...defaults, ...root.context };
  return { ...data, charts: { ...data.charts, root: { ...root, context } } };
}
