import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import { SqliteJournal, type Faults } from '../../adapters/sqlite/journal.ts';
import { openFolder, type Durability } from '../../adapters/sqlite/open.ts';
import { pathsIn } from '../../adapters/sqlite/private-files.ts';
import type { RuntimeError } from '../../machines/domain/error.ts';
import { makeTempFolder } from './temp-folder.ts';

export interface OpenedJournal {
  readonly journal: SqliteJournal;
  /** The journal's own connection. */
  readonly sqlite: DatabaseSync;
  readonly folder: string;
}

export interface SetupOptions {
  readonly folder?: string;
  readonly durability?: Durability;
  readonly faults?: Faults;
  /** Sees the connection before any statement is made on it. */
  readonly onOpen?: (sqlite: DatabaseSync) => void;
}

/** An empty folder that is removed after the test. */
export function tempFolder(): string {
  const folder = makeTempFolder();
  onTestFinished(() => folder.remove());
  return folder.path;
}

/** A journal whose connection the test can reach; closed after the test. */
export function setUpJournal({ folder = tempFolder(), ...options }: SetupOptions = {}): OpenedJournal {
  const opened = openFolder(folder, options.durability ?? 'process');
  const { sqlite } = opened.database;
  options.onOpen?.(sqlite);
  const start = { epoch: `epoch ${performance.now()}`, startedAt: 100, faults: options.faults ?? {} };
  const journal = new SqliteJournal(opened, start);
  onTestFinished(() => journal.close());
  return { journal, sqlite, folder };
}

/** A connection of a tool, as the `sqlite3` program would have it. */
export function openAsTool(folder: string): DatabaseSync {
  const sqlite = new DatabaseSync(pathsIn(folder).database);
  onTestFinished(() => {
    if (sqlite.isOpen) sqlite.close();
  });
  return sqlite;
}

/** What a call throws. */
export function thrownBy(act: () => unknown): RuntimeError {
  try {
    act();
  } catch (thrown) {
    return thrown as RuntimeError;
  }
  throw new Error('nothing was thrown');
}
