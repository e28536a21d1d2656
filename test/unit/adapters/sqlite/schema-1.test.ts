import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { migrate } from '../../../../adapters/sqlite/migrations.ts';
import { SCHEMA_1 } from '../../../../adapters/sqlite/schema-1.ts';
import type { ThreadEntry } from '../../../../machines/domain/entry.ts';
import { attachmentIdSchema } from '../../../../machines/domain/ids.ts';
import { upcast } from '../../../../machines/domain/upcast.ts';
import {
  commandId,
  EntryMaker,
  itemOf,
  stateOf,
  threadId,
  turnId,
} from '../../../helpers/journal-samples.ts';
import { setUpJournal, tempFolder } from '../../../helpers/sqlite-setup.ts';

const A = threadId('a');
const ALL = { limit: 99, deltas: true };

/** As the release of schema 1 wrote it. */
function writeOld(folder: string, entries: readonly ThreadEntry[]): void {
  const sqlite = new DatabaseSync(join(folder, 'threadchart.db'));
  migrate(sqlite, [SCHEMA_1]);
  sqlite.exec(
    `insert into streams values (1, 'thread', 'a'); insert into machine_hashes values (1, 'hash-1')`,
  );
  const insert = sqlite.prepare('insert into entries values (?, 1, ?, ?, ?, ?, 1, 1, ?, ?, ?)');
  for (const { sequence, version, kind, outcome, at, commandId: command, input, facts } of entries) {
    const stored = kind === 'delta' ? null : JSON.stringify(facts);
    insert.run(sequence, version, kind, outcome, at, command, JSON.stringify(input), stored);
  }
  const { row, ...state } = stateOf('a', { updatedAt: 7 }, { removal: 'deleted' });
  sqlite
    .prepare(`insert into threads values ('a', 'deleted', 0, 'ready', 0, 7, '', ?, ?)`)
    .run(JSON.stringify(row), JSON.stringify(state));
  sqlite.prepare(`insert into items values ('a', 'i', 1, 0, ?)`).run(JSON.stringify(itemOf('i', 1)));
  const result = JSON.stringify({ sequence: 1, threadId: 'a' });
  sqlite.prepare(`insert into receipts values ('c', 'a', 'print', ?)`).run(result);
  sqlite.exec(`insert into epochs values (1, 'old', 5, 0, 1)`);
  sqlite.close();
}

it('a database of the first schema is lifted, and keeps the deltas whose text it tells nowhere else', () => {
  const entries = new EntryMaker();
  const attachments = [attachmentIdSchema.parse('image')];
  const old = [
    entries.input('a', {
      commandId: 'c',
      input: {
        type: 'turn.submit',
        mode: 'start',
        expected: null,
        prompt: { turnId: turnId('t'), text: 'x'.repeat(300), attachments },
      },
    }),
    entries.delta('a', 'one'),
    entries.base('a', 'x'),
    entries.delta('a', 'two'),
  ];
  const folder = tempFolder();
  writeOld(folder, old);
  const { journal } = setUpJournal({ folder });
  const lifted = old.map((entry) => ({ ...entry, ...upcast(entry, 1) }));
  expect(journal.readThread(A, 0, ALL)).toEqual(lifted);
  expect(journal.threadState(A)).toMatchObject({ removal: 'deleted', row: { updatedAt: 7 } });
  expect(journal.items(A, null, 9)).toEqual([itemOf('i', 1)]);
  expect(journal.receipt(commandId('c'))).toMatchObject({ fingerprint: 'print' });
  expect(journal.epochs().map((each) => each.epoch)).toEqual(['old', expect.any(String)]);
  expect(journal.attachmentsOnlyOf([A])).toEqual(attachments);
  const [delta, base] = [entries.delta('a', 'three'), entries.base('a', 'y')];
  const nothing = { receipts: [], threads: [], instances: [], caches: [] };
  journal.commit({ ...nothing, entries: [delta, base] });
  expect(journal.prune(100, Infinity)).toEqual({ removedCount: 1, isDone: true });
  expect(journal.readThread(A, 0, ALL)).toEqual([...lifted, base]);
  journal.beginPurge(A);
  expect(journal.purge(A, 100).isDone).toBe(true);
  expect([journal.lastSequence(), journal.threadVersion(A)]).toEqual([6, 6]);
});
