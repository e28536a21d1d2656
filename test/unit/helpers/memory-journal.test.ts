import { describe, expect, it } from 'vitest';
import { EntryMaker, itemOf, rowsOf, threadId, tickOf } from '../../helpers/journal-samples.ts';
import { MemoryStore, openMemoryJournal } from '../../helpers/memory-journal.ts';
import { thrownBy } from '../../helpers/sqlite-setup.ts';

const A = threadId('a');

function setUp() {
  const store = new MemoryStore();
  const entries = new EntryMaker();
  const open = () =>
    openMemoryJournal(store, { now: () => 1, makeEpoch: () => `epoch ${store.epochs.length}` });
  return { store, entries, open };
}

describe('the journal in memory', () => {
  it('is dead after a crash, and the next one finds what was committed', () => {
    const { store, entries, open } = setUp();
    const before = open();
    before.commit(tickOf({ entries: [entries.input('a')] }));
    store.crash();
    const late = tickOf({ entries: [entries.input('a')] });
    expect(thrownBy(() => before.commit(late)).code).toBe('INTERNAL');
    const after = open();
    before.close();
    expect(thrownBy(open).code).toBe('STORE_LOCKED');
    after.commit(late);
    expect(after.epochs().map((epoch) => epoch.lastSequence)).toEqual([1, 2]);
  });

  it('tells of each commit, and takes what the listener throws for a failure after it', () => {
    const { store, entries, open } = setUp();
    const journal = open();
    const seen: number[] = [];
    store.onCommit = (write) => {
      seen.push(write.entries.length);
      if (seen.length === 2) throw new Error('planned');
    };
    journal.commit(tickOf({ entries: [entries.input('a')] }));
    const second = tickOf({ entries: [entries.input('a'), entries.input('a')] });
    expect(thrownBy(() => journal.commit(second)).code).toBe('STORE_UNAVAILABLE');
    expect([seen, journal.lastSequence()]).toEqual([[1, 2], 3]);
  });

  it('refuses a row that could not be read again, and writes nothing of its tick', () => {
    const { entries, open } = setUp();
    const journal = open();
    const broken = rowsOf('a', { items: [itemOf('i', 1, { ordinal: 0.5 })] });
    const write = tickOf({ entries: [entries.input('a')], threads: [broken] });
    expect(thrownBy(() => journal.commit(write)).code).toBe('INTERNAL');
    expect([journal.lastSequence(), journal.items(A, null, 5)]).toEqual([0, []]);
  });
});
