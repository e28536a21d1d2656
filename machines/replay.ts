/** Steps a journal again with the charts of this release, and finds the first entry that comes out otherwise. Pure. */
import { storeCharts, type Charts, type Drawn, type StoredCharts } from './charts.ts';
import { baseSchema, type Base, type ThreadEntry } from './domain/entry.ts';
import { factSchema } from './domain/fact.ts';
import type { DeltaInput } from './domain/input.ts';
import { evolveTimers, shiftTimers, type ArmedTimers } from './domain/timer.ts';
import { Stepper, type Stepped } from './step.ts';

/** What an entry holds of what was drawn: its facts, or the charts as they stood when the thread settled. */
export type Outcome =
  | { readonly facts: readonly unknown[] }
  | { readonly base: Pick<Base, 'charts' | 'timers'> };

/** The first entry that is not what its input gives. */
export interface Difference {
  readonly sequence: number;
  readonly version: number;
  readonly threadId: string;
  /** Type of the input. */
  readonly input: string;
  /** Of the charts that recorded the entry. */
  readonly machineHash: string;
  readonly expected: unknown;
  /** `{threw}` where the charts could not take the input at all. */
  readonly actual: unknown;
}

export interface Replayed {
  readonly entryCount: number;
  /** `null`: every entry is what its input gives. */
  readonly difference: Difference | null;
}

/** Where the charts of a thread stand between two entries. Nothing in it ever changes: it can be kept and gone on from. */
export interface Moment {
  /** `null`: before the first entry. */
  readonly charts: Charts | null;
  readonly timers: ArmedTimers;
}
export const BEGINNING: Moment = { charts: null, timers: {} };

const stepper = new Stepper('thread');

/** The charts as a base has them, whatever came before it. */
export function momentOf({ charts, timers }: Base): Moment {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by us, in our own format; its insides are the charts' own types
  const stored = { charts, timers } as { charts: StoredCharts; timers: ArmedTimers };
  return { charts: stepper.restore(stored.charts), timers: stored.timers };
}

/** Steps one thread's entries in their order. Owns the charts between them; nothing outside changes. */
export class EntryStepper {
  readonly #stepper: Stepper;
  #charts: Charts | null;
  #timers: ArmedTimers;
  #drawn: Drawn | null = null;

  /** `from`: as an earlier one has left it. `by`: one that also tells of each transition. */
  constructor({ charts, timers }: Moment = BEGINNING, by: Stepper = stepper) {
    this.#stepper = by;
    this.#charts = charts;
    this.#timers = timers;
  }

  /** After the last entry. */
  get moment(): Moment {
    return { charts: this.#charts, timers: this.#timers };
  }

  /** From the last entry; `null`: the charts did not take it. */
  get drawn(): Drawn | null {
    return this.#drawn;
  }

  /** What the entry should hold; `null`: as recorded, nobody is asked (failed and ignored inputs). */
  step(entry: ThreadEntry): Outcome | null {
    const { input, sequence, at, kind, outcome } = entry;
    this.#drawn = null;
    if (input.type === 'thread.based') return { base: this.#base() };
    if (input.type === 'provider.itemDelta') {
      return { facts: entry.facts.length === 0 ? [] : [deltaOf(input)] };
    }
    if (input.type === 'runtime.clockJumped') this.#timers = shiftTimers(this.#timers, input.byMs);
    if ('timer' in input) {
      const { [input.timer]: _, ...rest } = this.#timers;
      this.#timers = rest;
    }
    if (kind !== 'input' || outcome !== 'applied') return null;
    const by = this.#stepper;
    const stepped: Stepped = this.#charts === null ? by.start(input) : by.step(this.#charts, input);
    this.#charts = stepped.charts;
    this.#timers = evolveTimers(this.#timers, stepped.drawn.timers, { sequence, at });
    this.#drawn = stepped.drawn;
    return { facts: stepped.drawn.facts };
  }

  #base(): Pick<Base, 'charts' | 'timers'> {
    if (this.#charts === null) throw new Error('a base is not the first entry');
    const { root, connection } = storeCharts(this.#charts);
    return { charts: { root, ...(connection === undefined ? {} : { connection }) }, timers: this.#timers };
  }
}

/** What an entry has on record, to be compared with what `EntryStepper` gives. */
export function recordedOutcome({ input, facts }: ThreadEntry): Outcome {
  return input.type === 'thread.based' ? { base: { charts: input.charts, timers: input.timers } } : { facts };
}

/** Both as JSON, whatever the order of their keys. */
export function isSameOutcome(left: Outcome, right: Outcome): boolean {
  return isSame(plain(left), plain(right));
}

/** Steps whole journals, each from its first entry, and stops at the first difference. Several threads may be in it. */
export function replayEntries(entries: readonly ThreadEntry[]): Replayed {
  const again = new Map<string, EntryStepper>();
  for (const entry of entries) {
    const stepper = again.get(entry.stream) ?? new EntryStepper();
    again.set(entry.stream, stepper);
    const difference = differenceIn(entry, stepper);
    if (difference !== null) return { entryCount: entries.length, difference };
  }
  return { entryCount: entries.length, difference: null };
}

function differenceIn(entry: ThreadEntry, stepper: EntryStepper): Difference | null {
  const { sequence, version, stream: threadId, input, machineHash } = entry;
  const expected = recordedOutcome(entry);
  const place = { sequence, version, threadId, input: input.type, machineHash };
  try {
    const actual = stepper.step(entry);
    if (actual === null || isSameOutcome(expected, actual)) return null;
    return { ...place, expected: valueOf(expected), actual: valueOf(actual) };
  } catch (error) {
    const threw = error instanceof Error ? error.message : String(error);
    return { ...place, expected: valueOf(expected), actual: { threw } };
  }
}

const valueOf = (outcome: Outcome): unknown => plain('facts' in outcome ? outcome.facts : outcome.base);

const deltaOf = ({ itemId, text }: DeltaInput) => ({ type: 'item.delta', itemId, text });

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function isSame(left: unknown, right: unknown): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return left === right;
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => isSame(Reflect.get(left, name), Reflect.get(right, name)));
}

/** The entry with what was drawn replaced. */
export function withOutcome(entry: ThreadEntry, outcome: Outcome): ThreadEntry {
  if ('facts' in outcome) return { ...entry, facts: factSchema.array().parse(outcome.facts) };
  const base = baseSchema.parse({ type: 'thread.based', format: 1, ...outcome.base });
  return { ...entry, input: base };
}
