import { describe } from 'vitest';
import { MemoryStore, openMemoryJournal } from '../helpers/memory-journal.ts';
import { journalContract } from './journal.contract.ts';

describe('the journal in memory', () => {
  journalContract(() => {
    const store = new MemoryStore();
    return {
      open: ({ epoch, startedAt }) =>
        openMemoryJournal(store, { now: () => startedAt, makeEpoch: () => epoch }),
      failNextCommit: (where) => {
        store.failNextCommit = where;
      },
      dispose: () => undefined,
    };
  });
});
