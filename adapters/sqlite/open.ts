import { existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { RuntimeError } from '../../machines/domain/error.ts';
import { checkSmall, openingError, refuseRemains } from './check-file.ts';
import { BUSY_TIMEOUT_MS, Database } from './database.ts';
import { FolderLock } from './folder-lock.ts';
import { migrate } from './migrations.ts';
import {
  closeToOthers,
  DATABASE_NAME,
  LOCK_NAME,
  makePrivateFile,
  makePrivateFolder,
  pathsIn,
} from './private-files.ts';

/** `process` survives any end of the server, `power` also the computer's: each commit waits for the disk then. */
export type Durability = 'process' | 'power';

/** A data folder that is ours until it is closed. */
export interface OpenFolder {
  readonly database: Database;
  readonly lock: FolderLock;
}

const SYNCHRONOUS: Readonly<Record<Durability, string>> = { process: 'normal', power: 'full' };

/** Every commit goes through all pages that are cached (SQLite 3.53.4): 16 MiB of them took 135 µs each time. */
const CACHE_KIB = 4 * 1024;
const OPTIONS = {
  timeout: BUSY_TIMEOUT_MS,
  // what `references` in the schema means for its reader costs a look-up per row
  enableForeignKeyConstraints: false,
};

/**
 * @throws {RuntimeError} STORE_LOCKED, STORE_TOO_NEW, STORE_CORRUPT (not a database), STORE_UNAVAILABLE (the folder or
 * its files cannot be used).
 */
export function openFolder(folder: string, durability: Durability): OpenFolder {
  const paths = pathsIn(folder);
  prepareFolder(folder);
  const lock = new FolderLock(paths.lock);
  try {
    return { lock, database: openDatabase(paths.database, durability) };
  } catch (thrown) {
    lock.release();
    throw openingError(thrown, paths.database);
  }
}

function prepareFolder(folder: string): void {
  try {
    makePrivateFolder(folder, [DATABASE_NAME, LOCK_NAME]);
    makePrivateFile(pathsIn(folder).lock);
  } catch (cause) {
    throw new RuntimeError('STORE_UNAVAILABLE', `preparing ${folder}: ${String(cause)}`, { cause });
  }
}

function openDatabase(path: string, durability: Durability): Database {
  refuseRemains(path);
  if (!existsSync(path)) makeDatabase(path);
  closeToOthers(path);
  const sqlite = new DatabaseSync(path, OPTIONS);
  try {
    sqlite.exec(`
      pragma journal_mode = wal;
      pragma wal_autocheckpoint = 0;
      pragma synchronous = ${SYNCHRONOUS[durability]};
      pragma cache_size = ${-CACHE_KIB};
      pragma secure_delete = on;
    `);
    checkSmall(sqlite, path);
    migrate(sqlite);
    return new Database(sqlite);
  } catch (thrown) {
    sqlite.close();
    throw thrown;
  }
}

/** The file has its name only when it is a database. */
function makeDatabase(path: string): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  makePrivateFile(draft);
  const sqlite = new DatabaseSync(draft, OPTIONS);
  try {
    migrate(sqlite);
  } finally {
    sqlite.close();
  }
  renameSync(draft, path);
}
