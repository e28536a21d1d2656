import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EntryMaker, tickOf } from '../../../helpers/journal-samples.ts';
import { setUpJournal, tempFolder, thrownBy } from '../../../helpers/sqlite-setup.ts';
import { openFolder } from '../../../../adapters/sqlite/open.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const FILES = ['lock.db', 'threadchart.db', 'threadchart.db-shm', 'threadchart.db-wal'];

describe('the files of the data folder', () => {
  it('belong to their owner alone, the log’s included', () => {
    const folder = join(tempFolder(), 'home', 'data');
    const { journal } = setUpJournal({ folder });
    journal.commit(tickOf({ entries: [new EntryMaker().input('a')] }));
    expect(modeOf(folder)).toBe('700');
    expect(readdirSync(folder).toSorted()).toEqual(FILES);
    for (const file of FILES) expect([file, modeOf(join(folder, file))]).toEqual([file, '600']);
  });

  it('are taken from others where they were open to them', () => {
    const folder = tempFolder();
    setUpJournal({ folder }).journal.close();
    chmodSync(folder, 0o755);
    for (const file of readdirSync(folder)) chmodSync(join(folder, file), 0o644);
    setUpJournal({ folder });
    expect(modeOf(folder)).toBe('700');
    for (const file of FILES) expect([file, modeOf(join(folder, file))]).toEqual([file, '600']);
  });

  it('are private in a folder with other things, whose mode is left alone', () => {
    const folder = join(tempFolder(), 'shared');
    mkdirSync(folder, { mode: 0o755 });
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'other.txt'), '');
    setUpJournal({ folder });
    expect(modeOf(folder)).toBe('755');
    for (const file of FILES) expect([file, modeOf(join(folder, file))]).toEqual([file, '600']);
  });

  it('cannot be made where a file is in the way', () => {
    const path = join(tempFolder(), 'file');
    writeFileSync(path, '');
    expect(thrownBy(() => openFolder(path, 'process'))).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('lose their log when the journal is closed', () => {
    const { journal, folder } = setUpJournal();
    journal.commit(tickOf({ entries: [new EntryMaker().input('a')] }));
    expect(statSync(join(folder, 'threadchart.db-wal')).size).toBeGreaterThan(0);
    journal.close();
    expect(existsSync(join(folder, 'threadchart.db-wal'))).toBe(false);
  });
});
