import { describe, expect, it } from 'vitest';
import { ENTRY_FORMAT, upcast, type Lift } from '../../../../machines/domain/upcast.ts';

const entry = { kind: 'input', input: { type: 'a' }, facts: [] };
const lifts: readonly Lift[] = [
  (old) => ({ ...old, input: { type: 'b', was: old.input } }),
  (old) => ({ ...old, facts: ['c'] }),
];

describe('upcast', () => {
  it('leaves entries of the current format as they are', () => {
    expect(upcast(entry, ENTRY_FORMAT)).toBe(entry);
    expect(upcast(entry, 3, lifts)).toBe(entry);
  });

  it('applies every lift from the format of the entry on, in order', () => {
    expect(upcast(entry, 1, lifts)).toEqual({
      kind: 'input',
      input: { type: 'b', was: { type: 'a' } },
      facts: ['c'],
    });
    expect(upcast(entry, 2, lifts)).toEqual({ ...entry, facts: ['c'] });
  });

  it('gives the base of a thread from format 1 what threads have had since', () => {
    const root = { value: 'ready', context: { threadId: 't', turnCount: 3 } };
    const base = { type: 'thread.based', format: 1, charts: { root }, timers: { a: 1 } };
    const workspace = { captures: [], capturedTurnId: null, rollback: null };
    const since = {
      opening: { type: 'resume' },
      transfers: [],
      otherSessions: {},
      switching: null,
      ...workspace,
      lineage: null,
      mergedTurnOrdinal: 0,
      adoption: null,
      tasks: [],
    };
    expect(upcast({ kind: 'base', input: base, facts: [] }, 1)).toEqual({
      kind: 'base',
      input: { ...base, charts: { root: { ...root, context: { ...root.context, ...since } } } },
      facts: [],
    });
    expect(upcast({ kind: 'base', input: { type: 'no base' }, facts: [] }, 1).input).toEqual({
      type: 'no base',
    });
  });
});
