/** Takes the secrets out of a journal so that it can still be stepped: facts are drawn again from what was redacted. */
import { threadEntrySchema, type ThreadEntry } from '../machines/domain/entry.ts';
import { RuntimeError } from '../machines/domain/error.ts';
import { EntryStepper, isSameOutcome, recordedOutcome, withOutcome } from '../machines/replay.ts';
import { redactValue, type Redact } from './redact-value.ts';

/** The journals of one or more threads, each from its first entry and one after the other. */
export function redactEntries(entries: readonly ThreadEntry[], redact: Redact): ThreadEntry[] {
  const redactor = new EntryRedactor(redact);
  const byThread = Map.groupBy(entries, ({ stream }) => stream);
  return [...byThread.values()].flat().map((entry) => redactor.take(entry));
}

/** Takes journals entry by entry, each thread's from its first one. */
export class EntryRedactor {
  readonly #redact: Redact;
  readonly #journals = new Map<string, JournalRedactor>();

  constructor(redact: Redact) {
    this.#redact = redact;
  }

  take(entry: ThreadEntry): ThreadEntry {
    const known = this.#journals.get(entry.stream);
    const journal = known ?? new JournalRedactor(this.#redact);
    if (known === undefined) this.#journals.set(entry.stream, journal);
    return journal.take(entry);
  }
}

/**
 * Where the journal is what its inputs give, so is what comes out; an entry
 * that differs already is redacted as it is, so that it goes on to differ.
 */
class JournalRedactor {
  readonly #redact: Redact;
  readonly #before = new EntryStepper();
  readonly #after = new EntryStepper();
  #isWhole = true;

  constructor(redact: Redact) {
    this.#redact = redact;
  }

  take(entry: ThreadEntry): ThreadEntry {
    const redacted = redactEntry(entry, this.#redact);
    if (!this.#isWhole) return redacted;
    try {
      const was = this.#before.step(entry);
      const is = this.#after.step(redacted);
      if (was === null || is === null) return redacted;
      this.#isWhole = isSameOutcome(was, recordedOutcome(entry));
      return this.#isWhole ? withOutcome(redacted, is) : redacted;
    } catch {
      // it cannot be stepped, redacted or not; who replays it is told
      this.#isWhole = false;
      return redacted;
    }
  }
}

/** @throws {RuntimeError} INTERNAL when what is left does not fit an entry any more: it is not given out then */
function redactEntry(entry: ThreadEntry, redact: Redact): ThreadEntry {
  const { sequence, input, facts } = entry;
  const cleaned = { ...entry, input: redactValue(input, redact), facts: redactValue(facts, redact) };
  const parsed = threadEntrySchema.safeParse(cleaned);
  if (parsed.success) return parsed.data;
  throw new RuntimeError('INTERNAL', `entry ${sequence} cannot be redacted: ${parsed.error.message}`);
}
