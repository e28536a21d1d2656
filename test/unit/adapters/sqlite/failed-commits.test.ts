import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  EntryMaker,
  instanceId,
  itemOf,
  listed,
  receiptOf,
  rowsOf,
  threadId,
  tickOf,
} from '../../../helpers/journal-samples.ts';
import { openAsTool, setUpJournal, tempFolder, thrownBy } from '../../../helpers/sqlite-setup.ts';

const FILL_DISK = fileURLToPath(new URL('../../../fixtures/fill-disk.ts', import.meta.url));
const ON_SMALL_DISK = 'mount -t tmpfs -o size="$1" threadchart "$0" && shift && exec "$@"';

interface Told {
  readonly atFailure: number;
  readonly readAtFailure: number;
  readonly atEnd: number;
  readonly readAtEnd: number;
  readonly epochs: readonly number[];
}

const A = threadId('a');
const PROCESS = { marker: 'm', instanceId: instanceId('codex'), pid: 1, startTime: '1', startedAt: 1 };
const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', ON_SMALL_DISK, '/mnt', '1m', 'true']).status === 0;

const fullTick = (entries: EntryMaker) =>
  tickOf({
    entries: [entries.input('a'), entries.input('new'), entries.delta('a', 'x'.repeat(50_000))],
    receipts: [receiptOf(`c-${Math.random()}`, 'a', 1)],
    threads: [listed('a', {}), rowsOf('a', { items: [itemOf('i', 1, { text: 'y'.repeat(50_000) })] })],
  });

describe('a commit that fails', () => {
  it('for a full disk writes nothing, and the same one succeeds when there is room', () => {
    const { journal, sqlite, folder } = setUpJournal();
    const entries = new EntryMaker();
    journal.commit(fullTick(entries));
    const { page_count: pages } = sqlite.prepare('pragma page_count').get() ?? {};
    sqlite.exec(`pragma max_page_count = ${Number(pages) + 5}`);
    const tick = fullTick(entries);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const error = thrownBy(() => journal.commit(tick));
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: { errcode: 13 } });
      expect(journal.lastSequence()).toBe(3);
    }
    const tool = openAsTool(folder);
    expect(tool.prepare('select count(*) as count from entries').get()).toMatchObject({ count: 3 });
    expect(tool.prepare('select count(*) as count from receipts').get()).toMatchObject({ count: 1 });
    expect(tool.prepare('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' });

    sqlite.exec('pragma max_page_count = 1000000');
    journal.commit(tick);
    expect(journal.lastSequence()).toBe(6);
    expect(journal.readThread(A, 0, { limit: 9, deltas: true }).map((entry) => entry.sequence)).toEqual([
      1, 3, 4, 6,
    ]);
    expect(journal.receipt(tick.receipts[0]!.commandId)).not.toBeNull();
  });

  it('for a read-only store leaves the journal usable', () => {
    const { journal, sqlite } = setUpJournal();
    const entries = new EntryMaker();
    sqlite.exec('pragma query_only = on');
    const tick = fullTick(entries);
    expect(thrownBy(() => journal.commit(tick))).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: { errcode: 8 },
    });
    expect(thrownBy(() => journal.putProcess(PROCESS)).code).toBe('STORE_UNAVAILABLE');
    expect(thrownBy(() => journal.replaceThread(listed('a', {}))).code).toBe('STORE_UNAVAILABLE');
    expect([journal.lastSequence(), journal.threadState(A), journal.processes()]).toEqual([0, null, []]);
    sqlite.exec('pragma query_only = off');
    journal.commit(tick);
    journal.putProcess(PROCESS);
    expect([journal.lastSequence(), journal.processes()]).toEqual([3, [PROCESS]]);
  });

  it('because a tool holds the file succeeds when that lets go', () => {
    const { journal, folder } = setUpJournal();
    const tick = fullTick(new EntryMaker());
    const tool = openAsTool(folder);
    tool.exec('begin immediate');
    expect(thrownBy(() => journal.commit(tick))).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: { errcode: 5 },
    });
    tool.exec('rollback');
    journal.commit(tick);
    expect(journal.lastSequence()).toBe(3);
  });

  it('is rolled back late when the rollback failed, too', () => {
    const { journal, sqlite } = setUpJournal();
    const entries = new EntryMaker();
    journal.commit(fullTick(entries));
    sqlite.exec(`begin; delete from entries; delete from streams`);
    journal.commit(fullTick(entries));
    expect(journal.readThread(A, 0, { limit: 9, deltas: true })).toHaveLength(4);
  });

  // a log that has grown is brought into the database first: the room has to be enough for that
  it.skipIf(!canMount).each([
    ['2m', 1_200_000],
    ['16m', 6_000_000],
  ])('for a disk of %s that is really full loses nothing and goes on', (size, roomBytes) => {
    const mounted = ['sh', '-c', ON_SMALL_DISK, tempFolder(), size];
    const filled = [process.execPath, FILL_DISK, mounted[3]!, `${roomBytes}`];
    const told = JSON.parse(
      execFileSync('unshare', ['-rm', ...mounted, ...filled], { encoding: 'utf8' }),
    ) as Told;
    expect(told).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: 'database or disk is full',
      isGapless: true,
    });
    expect(told.readAtFailure).toBe(told.atFailure);
    expect(told.atEnd).toBe(told.atFailure + 16);
    expect(told.readAtEnd).toBe(told.atEnd);
    expect(told.epochs).toEqual([told.atEnd, told.atEnd]);
  });
});
