/** Entries as those see them who look inside: with what the actors did, and without secrets. */
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { redactValue, type Redact } from '../redact-value.ts';
import type { InspectedEntry, Insight } from './api.ts';

/** Of an entry that no chart has taken. */
export const NOTHING_SEEN: Insight = { taken: [], changes: [], effects: [], timers: [] };

export function inspectedEntry(entry: ThreadEntry, insight: Insight, redact: Redact): InspectedEntry {
  const { sequence, version, at, kind, outcome, machineHash, commandId, facts } = entry;
  const { taken, changes, timers } = insight;
  return {
    sequence,
    version,
    at,
    kind,
    outcome,
    machineHash,
    commandId,
    input: redactValue(entry.input, redact),
    facts: facts.map(({ type }) => type),
    taken,
    changes,
    effects: insight.effects.map((effect) => redactValue(effect, redact)),
    timers: timers.map((timer) => redactValue(timer, redact)),
  };
}
