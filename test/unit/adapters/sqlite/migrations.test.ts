import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../../../adapters/sqlite/migrations.ts';
import { ENTRY_FORMAT } from '../../../../machines/domain/upcast.ts';
import { openAsTool, setUpJournal, tempFolder, thrownBy } from '../../../helpers/sqlite-setup.ts';

const FIRST = 'create table t (a integer) strict; insert into t values (1);';
const SECOND = 'alter table t add column b text;';

const versionOf = (sqlite: DatabaseSync): unknown =>
  sqlite.prepare('pragma user_version').get()?.['user_version'];
const rowOf = (sqlite: DatabaseSync): unknown => ({ ...sqlite.prepare('select * from t').get() });

describe('migrations', () => {
  it('run in order, each once, and keep what is there', () => {
    const sqlite = new DatabaseSync(':memory:');
    migrate(sqlite, [FIRST]);
    expect([versionOf(sqlite), rowOf(sqlite)]).toEqual([1, { a: 1 }]);
    migrate(sqlite, [FIRST, SECOND]);
    migrate(sqlite, [FIRST, SECOND]);
    expect([versionOf(sqlite), rowOf(sqlite)]).toEqual([2, { a: 1, b: null }]);
  });

  it('leave the last whole version when one fails in its middle', () => {
    const sqlite = new DatabaseSync(':memory:');
    expect(() =>
      migrate(sqlite, [FIRST, `${SECOND} update t set b = 'x'; insert into nowhere values (1)`]),
    ).toThrow(/nowhere/);
    expect([versionOf(sqlite), rowOf(sqlite)]).toEqual([1, { a: 1 }]);
    migrate(sqlite, [FIRST, SECOND]);
    expect(versionOf(sqlite)).toBe(2);
  });

  it('refuse a database of a newer release and change nothing', () => {
    const sqlite = new DatabaseSync(':memory:');
    migrate(sqlite, [FIRST, SECOND]);
    expect(thrownBy(() => migrate(sqlite, [FIRST]))).toMatchObject({
      code: 'STORE_TOO_NEW',
      details: { found: 2, known: 1 },
    });
    expect(versionOf(sqlite)).toBe(2);
  });
});

describe('opening', () => {
  it('refuses a journal with entries of a newer format', () => {
    const { journal, folder } = setUpJournal();
    journal.close();
    openAsTool(folder).exec(`update epochs set entry_format = ${ENTRY_FORMAT + 1}`);
    expect(thrownBy(() => setUpJournal({ folder }))).toMatchObject({ code: 'STORE_TOO_NEW' });
  });

  it('refuses a file that is no database', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'threadchart.db'), 'not a database '.repeat(1000));
    expect(thrownBy(() => setUpJournal({ folder }))).toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it.each([
    ['process', 1],
    ['power', 2],
  ] as const)('for the durability %s keeps a log and syncs by level %i', (durability, level) => {
    const { sqlite } = setUpJournal({ durability });
    expect(sqlite.prepare('pragma journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
    expect(sqlite.prepare('pragma synchronous').get()).toMatchObject({ synchronous: level });
  });
});
