import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Journal } from '../../../../machines/ports/journal.ts';
import { Random } from '../../../helpers/random.ts';
import { EntryMaker, itemOf, rowsOf, stateOf, tickOf } from '../../../helpers/journal-samples.ts';
import { setUpJournal } from '../../../helpers/sqlite-setup.ts';

const SECRET = 'Xanadu';
const ROUNDS = 600;
const THREADS = 97;

const filesWith = (folder: string, text: string): string[] =>
  ['threadchart.db', 'threadchart.db-wal'].filter((name) => {
    const path = join(folder, name);
    return existsSync(path) && readFileSync(path).includes(text);
  });

/** The rows of all lie between each other, and change their length, so that SQLite moves them from page to page. */
function writeThreads(journal: Journal, seed: number): void {
  const random = new Random(seed);
  const entries = new EntryMaker();
  for (let round = 0; round < ROUNDS; round += 1) {
    const place = random.below(THREADS);
    const id = `t-${place}`;
    const isSecret = place % 2 === 0;
    const title = `${isSecret ? SECRET : 'plain'} `.repeat(1 + random.below(90));
    const state = stateOf(id, { title }, { removal: isSecret ? 'deleted' : 'none' });
    const item = itemOf(`i-${round % 7}`, round % 7, { text: title });
    const entry = entries.input(id, { input: { type: 'thread.setTitle', title } });
    journal.commit(tickOf({ entries: [entry], threads: [rowsOf(id, { state, items: [item] })] }));
  }
}

test.each([1, 2, 3])(
  'nothing that a purged thread said is left in a file, wherever SQLite had moved it (%i)',
  (seed) => {
    const { journal, folder } = setUpJournal();
    writeThreads(journal, seed);
    expect(filesWith(folder, SECRET)).not.toEqual([]);
    const secrets = journal.deletedThreads(Number.MAX_SAFE_INTEGER, THREADS);
    for (const id of secrets) {
      journal.beginPurge(id);
      while (!journal.purge(id, 64).isDone);
    }
    journal.endPurges(secrets);
    expect(filesWith(folder, SECRET)).toEqual([]);
    expect(filesWith(folder, 'plain')).not.toEqual([]);
  },
);
