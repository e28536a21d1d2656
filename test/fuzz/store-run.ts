/** A stored journal of which one value was changed at random: whatever is read, it parses or is refused with a code. */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openJournal } from '../../adapters/sqlite/index.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import { Random } from '../helpers/random.ts';
import { tempFolder } from '../helpers/sqlite-setup.ts';
import { RuntimeRun } from '../helpers/start-runtime.ts';
import { garbled, mutated, strange } from './mutate.ts';

const DATABASE = 'threadchart.db';
const THREADS = ['t1', 't2'].map((name) => threadIdSchema.parse(name));

export interface StoreFigures {
  /** Runs in which the change was not noticed, since it was read as a value that may be. */
  readonly readCount: number;
  /** What was refused, by code. */
  readonly refused: Readonly<Record<string, number>>;
}

export class StoreRun {
  readonly #random: Random;
  readonly #folder = tempFolder();
  readonly #original = join(this.#folder, 'original.db');
  readonly #refused: Record<string, number> = {};
  #readCount = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  async play(changeCount: number): Promise<StoreFigures> {
    await this.#make();
    for (let count = 0; count < changeCount; count += 1) {
      const what = this.#change();
      try {
        await this.#readAll();
        this.#readCount += 1;
      } catch (error) {
        if (!(error instanceof RuntimeError)) throw new Error(what, { cause: error });
        this.#refused[error.code] = (this.#refused[error.code] ?? 0) + 1;
      }
    }
    return { readCount: this.#readCount, refused: this.#refused };
  }

  #open() {
    return openJournal({
      folder: this.#folder,
      now: () => 1_000,
      makeEpoch: () => `e${this.#random.below(1e9)}`,
    });
  }

  /** Two threads with turns, items, an open request, a queue and a base. */
  async #make(): Promise<void> {
    const journal = this.#open();
    const run = await new RuntimeRun({ journal }).start();
    for (const threadId of THREADS) {
      await run.create({ threadId });
      await run.submit('one fail', { threadId });
      await run.submit('two ask', { threadId });
      await run.submit('three', { threadId, mode: 'queue' });
    }
    run.kill();
    journal.close();
    copyFileSync(join(this.#folder, DATABASE), this.#original);
  }

  /** Says what it has changed. */
  #change(): string {
    const path = join(this.#folder, DATABASE);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    copyFileSync(this.#original, path);
    const sqlite = new DatabaseSync(path);
    try {
      return this.#changeIn(sqlite);
    } finally {
      sqlite.close();
    }
  }

  #changeIn(sqlite: DatabaseSync): string {
    const tables = sqlite
      .prepare(`select name from sqlite_schema where type = 'table' and name not like 'sqlite%'`)
      .all();
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const table = String(this.#random.pick(tables)['name']);
      const rows = sqlite.prepare(`select * from "${table}"`).all();
      if (rows.length === 0) continue;
      const columns = this.#random.pick(rows);
      const column = this.#random.pick(Object.keys(columns));
      const value = this.#changed(columns[column]);
      const isRow = Object.keys(columns).map((name) => `"${name}" is ?`);
      try {
        sqlite
          .prepare(`update "${table}" set "${column}" = ? where ${isRow.join(' and ')}`)
          .run(value, ...Object.values(columns));
        return `${table}.${column}: ${String(columns[column]).slice(0, 500)} → ${String(value).slice(0, 500)}`;
      } catch {
        // the schema does not take it; another one will do
      }
    }
    throw new Error('nothing could be changed');
  }

  #changed(value: unknown): string | number | null {
    const random = this.#random;
    if (random.chance(0.1)) return random.pick([null, -1, 0, 1.5, 2 ** 40, '', 'x']);
    if (typeof value !== 'string')
      return random.chance(0.5) ? random.below(100) : JSON.stringify(strange(random));
    if (random.chance(0.3) || !/^[[{]/.test(value)) return garbled(value, random);
    return JSON.stringify(mutated(JSON.parse(value), random)) ?? '';
  }

  async #readAll(): Promise<void> {
    const journal = this.#open();
    try {
      const run = await new RuntimeRun({ journal }).start();
      this.#readEach(run);
      run.kill();
    } finally {
      journal.close();
    }
  }

  /** All that can be read of the other thread is, whatever one of them throws. */
  #readEach({ runtime: { reads } }: RuntimeRun): void {
    const errors: Error[] = [];
    const attempt = (read: () => unknown): void => {
      try {
        read();
      } catch (error) {
        errors.push(error instanceof Error ? error : new Error(String(error)));
      }
    };
    attempt(() => reads.listThreads({ limit: 50 }));
    attempt(() => reads.instances());
    for (const threadId of THREADS) {
      attempt(() => reads.snapshot(threadId, { before: null, limit: 200 }));
      attempt(() => reads.entries(threadId, 0, { limit: 1_000, deltas: true }));
      attempt(() => reads.machineState(threadId));
      attempt(() => reads.row(threadId));
    }
    const [first] = errors.toSorted(
      (one, other) => Number(one instanceof RuntimeError) - Number(other instanceof RuntimeError),
    );
    if (first !== undefined) throw first;
  }
}
