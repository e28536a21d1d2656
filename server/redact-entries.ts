/** Takes the secrets out of a journal so that it can still be stepped: facts are drawn again from what was redacted. */
import { threadEntrySchema, type ThreadEntry } from '../machines/domain/entry.ts';
import { RuntimeError } from '../machines/domain/error.ts';
import { EntryStepper, isSameOutcome, recordedOutcome, withOutcome } from '../machines/replay.ts';
import { redactValue, type Redact } from './redact-value.ts';

/** The journals of one or more threads, each from its first entry and one after the other. */
export function redactEntries(entries: readonly ThreadEntry[], redact: Redact): ThreadEntry[] {
  const byThread = Map.groupBy(entries, ({ stream }) => stream);
  return [...byThread.values()].flatMap((own) => redactJournal(own, redact));
}

/**
 * Where the journal is what its inputs give, so is what comes out; an entry
 * that differs already is redacted as it is, so that it goes on to differ.
 */
function redactJournal(entries: readonly ThreadEntry[], redact: Redact): ThreadEntry[] {
  const [before, after] = [new EntryStepper(), new EntryStepper()];
  let isWhole = true;
  return entries.map((entry) => {
    const redacted = redactEntry(entry, redact);
    if (!isWhole) return redacted;
    try {
      const was = before.step(entry);
      const is = after.step(redacted);
      if (was === null || is === null) return redacted;
      isWhole = isSameOutcome(was, recordedOutcome(entry));
      return isWhole ? withOutcome(redacted, is) : redacted;
    } catch {
      // it cannot be stepped, redacted or not; who replays it is told
      isWhole = false;
      return redacted;
    }
  });
}

/** @throws {RuntimeError} INTERNAL when what is left does not fit an entry any more: it is not given out then */
function redactEntry(entry: ThreadEntry, redact: Redact): ThreadEntry {
  const { sequence, input, facts } = entry;
  const cleaned = { ...entry, input: redactValue(input, redact), facts: redactValue(facts, redact) };
  const parsed = threadEntrySchema.safeParse(cleaned);
  if (parsed.success) return parsed.data;
  throw new RuntimeError('INTERNAL', `entry ${sequence} cannot be redacted: ${parsed.error.message}`);
}
