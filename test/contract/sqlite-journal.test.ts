import { describe } from 'vitest';
import { openJournal } from '../../adapters/sqlite/index.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { PlannedFaults } from '../helpers/planned-faults.ts';
import { journalContract } from './journal.contract.ts';

describe('the journal on SQLite', () => {
  journalContract(() => {
    const folder = makeTempFolder();
    const faults = new PlannedFaults();
    return {
      open: ({ epoch, startedAt }) =>
        openJournal({ folder: folder.path, now: () => startedAt, makeEpoch: () => epoch, faults }),
      failNextCommit: (where) => {
        faults.next = where;
      },
      dispose: () => folder.remove(),
    };
  });
});
