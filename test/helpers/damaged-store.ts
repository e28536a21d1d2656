/** A store whose content is known at each of its commits, and what is left of it when its files are damaged. */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal } from '../../adapters/sqlite/index.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Entry } from '../../machines/domain/entry.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import {
  commandId,
  EntryMaker,
  instanceId,
  instanceOf,
  itemOf,
  receiptOf,
  requestOf,
  rowsOf,
  stateOf,
  threadId,
  tickOf,
  turnOf,
} from './journal-samples.ts';

const THREADS = ['a', 'b', 'c'];
const ALL = { limit: 1_000_000, deltas: true };
const CODEX = instanceId('codex');

/** What a reader sees of the whole store, part by part; `null`: refused as damaged. */
export type Reading = Readonly<Record<string, string | null>>;

/** Fills a store tick by tick; `onCommit` is told after each. */
export function fill(journal: Journal, tickCount: number, onCommit: () => void): void {
  const maker = new EntryMaker();
  for (let tick = 1; tick <= tickCount; tick += 1) {
    const thread = THREADS[tick % THREADS.length] ?? 'a';
    const id = `${thread}-${tick}`;
    const entries: Entry[] = [
      maker.input(thread, { commandId: `command-${tick}` }),
      maker.delta(thread, `piece ${tick}`),
    ];
    if (tick % 5 === 0) entries.push(maker.base(thread, `base ${tick} ${'x'.repeat(tick * 7)}`));
    if (tick % 7 === 0) entries.push(maker.instance('codex'));
    const row = { title: `title ${tick}`, updatedAt: tick, preview: `preview ${tick}` };
    journal.commit(
      tickOf({
        entries,
        receipts: [receiptOf(`command-${tick}`, thread, entries[0]?.sequence ?? 0)],
        threads: [
          rowsOf(thread, {
            state: stateOf(thread, row),
            turns: [turnOf(`t-${id}`, tick)],
            items: [itemOf(`i-${id}`, tick, { text: `the text of ${id} `.repeat((tick * 13) % 60) })],
            requests: [requestOf(`r-${id}`)],
          }),
        ],
        instances: [instanceOf('codex', { driver: `driver ${tick}` })],
        caches: [{ threadId: threadId(thread), machineHash: 'h', version: tick, charts: `charts ${tick}` }],
      }),
    );
    onCommit();
  }
}

export function readAll(journal: Journal, tickCount: number): Reading {
  const parts: Record<string, () => unknown> = {
    sequence: () => journal.lastSequence(),
    threads: () => journal.threadIds(),
    instance: () => [journal.instance(CODEX), journal.readInstance(CODEX, 0, ALL)],
    changed: () => journal.changedSince(3),
  };
  for (const name of THREADS) {
    const id = threadId(name);
    parts[`entries of ${name}`] = () => journal.readThread(id, 0, ALL);
    parts[`base of ${name}`] = () => journal.loadThread(id).base;
    parts[`state of ${name}`] = () => journal.threadState(id);
    parts[`items of ${name}`] = () => journal.items(id, null, 1_000);
    parts[`turn of ${name}`] = () => journal.latestTurn(id);
    parts[`requests of ${name}`] = () => journal.openRequests(id);
    parts[`place in ${name}`] = () => [5, 10, 20].map((sequence) => journal.versionAt(id, sequence));
  }
  parts['receipts'] = () =>
    Array.from({ length: tickCount }, (_, tick) => journal.receipt(commandId(`command-${tick + 1}`)));
  parts['list'] = () => {
    const { rows, unreadable } = journal.listThreads({ limit: 10 });
    return unreadable.length > 0 ? refuse() : rows;
  };
  return Object.fromEntries(Object.entries(parts).map(([name, read]) => [name, tryToRead(read)]));
}

function refuse(): never {
  throw new RuntimeError('STORE_CORRUPT', 'a row is left out and named');
}

function tryToRead(read: () => unknown): string | null {
  try {
    return JSON.stringify(read());
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'STORE_CORRUPT') return null;
    throw error;
  }
}

/** A copy of the folder without its lock, as a disk would have it after a crash. */
export function copyFolder(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { mode: 0o700 });
  for (const file of ['threadchart.db', 'threadchart.db-wal']) {
    if (existsSync(join(from, file))) cpSync(join(from, file), join(to, file));
  }
}

let epochCount = 0;

/** Opens, uses, and closes; `null`: the store was refused as damaged, with advice. */
export function openDamaged<T>(folder: string, use: (journal: Journal) => T): T | null {
  let journal: Journal;
  try {
    epochCount += 1;
    journal = openJournal({ folder, now: () => 200, makeEpoch: () => `damaged-${epochCount}` });
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    // a bit of the version number is damage that looks like that
    if (error.code === 'STORE_TOO_NEW') return null;
    if (error.code !== 'STORE_CORRUPT') throw error;
    if (!error.message.includes('restore a backup')) throw new Error('no advice', { cause: error });
    return null;
  }
  try {
    return use(journal);
  } finally {
    journal.close();
  }
}
