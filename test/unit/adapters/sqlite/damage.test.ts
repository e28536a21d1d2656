import {
  appendFileSync,
  closeSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../../../adapters/sqlite/index.ts';
import { copyFolder, fill, openDamaged, readAll, type Reading } from '../../../helpers/damaged-store.ts';
import { EntryMaker, tickOf } from '../../../helpers/journal-samples.ts';
import { Random } from '../../../helpers/random.ts';
import { tempFolder, thrownBy } from '../../../helpers/sqlite-setup.ts';

/** All of it fits into a log that is not emptied yet. */
const TICK_COUNT = 28;
const PAGE_BYTES = 4096;
const FRAME_BYTES = PAGE_BYTES + 24;

interface Killed {
  readonly folder: string;
  /** What was there after each commit, by the last sequence. */
  readonly states: ReadonlyMap<number, Reading>;
  readonly whole: Reading;
}

const dbIn = (folder: string): string => join(folder, 'threadchart.db');
const logIn = (folder: string): string => `${dbIn(folder)}-wal`;

/** A store as a killed server leaves it: everything since the start is in the log. */
function makeKilled(): Killed {
  const [live, folder] = [join(tempFolder(), 'live'), join(tempFolder(), 'killed')];
  const journal = openJournal({ folder: live, now: () => 100, makeEpoch: () => 'first' });
  const states = new Map([[0, readAll(journal, TICK_COUNT)]]);
  fill(journal, TICK_COUNT, () => states.set(journal.lastSequence(), readAll(journal, TICK_COUNT)));
  const whole = readAll(journal, TICK_COUNT);
  copyFolder(live, folder);
  journal.close();
  return { folder, states, whole };
}

/** A store that was closed: everything is in the database file. */
function makeClosed(): { folder: string; whole: Reading } {
  const { folder, whole } = makeKilled();
  openDamaged(folder, () => {});
  return { folder, whole };
}

function flip(path: string, offset: number): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ (1 << (offset % 8));
  writeSync(file, byte, 0, 1, offset);
  closeSync(file);
}

/** Nothing that is read is anything but what was written. */
function expectIntact(found: Reading, whole: Reading, where: string): void {
  for (const [part, text] of Object.entries(found)) {
    if (text !== null) expect([where, part, text]).toEqual([where, part, whole[part]]);
  }
}

describe('a log that is cut', () => {
  it('at any of 96 places leaves exactly what was committed before', { timeout: 120_000 }, () => {
    const { folder, states } = makeKilled();
    const size = statSync(logIn(folder)).size;
    const frames = Math.floor(size / FRAME_BYTES);
    const random = new Random(7);
    const cuts = new Set([0, 1, 31, 32, 33, size - 1, size]);
    for (let frame = 0; cuts.size < 64; frame += 1) {
      const end = 32 + ((frame * 7) % frames) * FRAME_BYTES;
      for (const cut of [end - 1, end, end + 1, end + 24]) cuts.add(cut);
    }
    while (cuts.size < 96) cuts.add(random.below(size));
    const seen = new Set<number>();
    const copy = join(tempFolder(), 'cut');
    for (const cut of cuts) {
      copyFolder(folder, copy);
      truncateSync(logIn(copy), Math.max(0, cut));
      const last = openDamaged(copy, (journal) => {
        const sequence = journal.lastSequence();
        expect(readAll(journal, TICK_COUNT), `cut at ${cut}`).toEqual(states.get(sequence));
        return sequence;
      });
      expect(last, `cut at ${cut}`).not.toBeNull();
      seen.add(last ?? -1);
    }
    expect(seen.size).toBeGreaterThan(TICK_COUNT / 2);
  });

  it('is continued where it ends', () => {
    const { folder } = makeKilled();
    truncateSync(logIn(folder), Math.floor(statSync(logIn(folder)).size / 2));
    openDamaged(folder, (journal) => {
      const entry = new EntryMaker().input('new');
      const sequence = journal.lastSequence() + 1;
      journal.commit(tickOf({ entries: [{ ...entry, sequence }] }));
      expect(journal.lastSequence()).toBe(sequence);
    });
  });

  it('loses nothing when something else stands behind it', () => {
    const { folder, whole } = makeKilled();
    const copy = join(tempFolder(), 'long');
    for (const bytes of [1, 23, 24, PAGE_BYTES, FRAME_BYTES, 3 * FRAME_BYTES + 5]) {
      copyFolder(folder, copy);
      appendFileSync(logIn(copy), Buffer.alloc(bytes, bytes % 251));
      expect(openDamaged(copy, (journal) => readAll(journal, TICK_COUNT))).toEqual(whole);
    }
  });

  it('with a flipped bit in it leaves what was committed before the bit', { timeout: 60_000 }, () => {
    const { folder, states } = makeKilled();
    const size = statSync(logIn(folder)).size;
    const random = new Random(8);
    const copy = join(tempFolder(), 'flipped');
    for (let count = 0; count < 16; count += 1) {
      const offset = random.below(size);
      copyFolder(folder, copy);
      flip(logIn(copy), offset);
      openDamaged(copy, (journal) => {
        const expected = states.get(journal.lastSequence()) ?? {};
        expect(readAll(journal, TICK_COUNT), `bit at ${offset}`).toEqual(expected);
      });
    }
  });
});

describe('a database file', () => {
  it('with a flipped bit is refused, or serves nothing that is wrong', { timeout: 120_000 }, () => {
    const { folder, whole } = makeClosed();
    const size = statSync(dbIn(folder)).size;
    const random = new Random(9);
    const offsets = Array.from({ length: 32 }, () => size - 1 - random.below(PAGE_BYTES));
    for (let count = 0; count < 32; count += 1) offsets.push(random.below(size));
    for (let offset = 0; offset < 100; offset += 4) offsets.push(offset);
    const copy = join(tempFolder(), 'flipped');
    let refusedCount = 0;
    for (const offset of offsets) {
      copyFolder(folder, copy);
      flip(dbIn(copy), offset);
      const found = openDamaged(copy, (journal) => readAll(journal, TICK_COUNT));
      if (found === null) refusedCount += 1;
      else expectIntact(found, whole, `bit at ${offset}`);
    }
    expect(refusedCount).toBeGreaterThan(10);
    expect(refusedCount).toBeLessThan(offsets.length);
  });

  it(
    'that is cut short is refused, or serves nothing that is wrong, at any of 40 lengths',
    { timeout: 60_000 },
    () => {
      const { folder, whole } = makeClosed();
      const size = statSync(dbIn(folder)).size;
      const random = new Random(10);
      const lengths = [0, 1, 15, 16, 99, 100, 512, PAGE_BYTES, size - PAGE_BYTES, size - 1];
      while (lengths.length < 40) lengths.push(random.below(size));
      const copy = join(tempFolder(), 'short');
      let refusedCount = 0;
      for (const length of lengths) {
        copyFolder(folder, copy);
        truncateSync(dbIn(copy), length);
        const found = openDamaged(copy, (journal) => readAll(journal, TICK_COUNT));
        if (found === null) {
          refusedCount += 1;
          continue;
        }
        // SQLite reads zeros behind the end of the last page
        expect(length).toBeGreaterThan(size - PAGE_BYTES);
        expectIntact(found, whole, `cut to ${length}`);
      }
      expect(refusedCount).toBeGreaterThan(35);
    },
  );

  it('with something behind its end is whole', () => {
    const { folder, whole } = makeClosed();
    for (const bytes of [1, 100, PAGE_BYTES, 3 * PAGE_BYTES + 7]) {
      appendFileSync(dbIn(folder), Buffer.alloc(bytes, 0xa5));
      expect(openDamaged(folder, (journal) => readAll(journal, TICK_COUNT))).toEqual(whole);
    }
  });

  it('that is gone while its log is there is missed, and one that is gone altogether is made anew', () => {
    const { folder } = makeKilled();
    rmSync(dbIn(folder));
    const open = () => openJournal({ folder, now: () => 1, makeEpoch: () => 'x' });
    expect(thrownBy(open)).toMatchObject({ code: 'STORE_CORRUPT' });
    rmSync(logIn(folder));
    expect(openDamaged(folder, (journal) => journal.lastSequence())).toBe(0);
  });
});
