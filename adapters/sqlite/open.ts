import { DatabaseSync } from 'node:sqlite';
import { RuntimeError } from '../../machines/domain/error.ts';
import { Database } from './database.ts';
import { FolderLock } from './folder-lock.ts';
import { migrate } from './migrations.ts';
import { DATABASE_NAME, LOCK_NAME, makePrivateFile, makePrivateFolder, pathsIn } from './private-files.ts';
import { storeError } from './store-error.ts';

/** `process` survives any end of the server, `power` also the computer's: each commit waits for the disk then. */
export type Durability = 'process' | 'power';

/** A data folder that is ours until it is closed. */
export interface OpenFolder {
  readonly database: Database;
  readonly lock: FolderLock;
}

const SYNCHRONOUS: Readonly<Record<Durability, string>> = { process: 'normal', power: 'full' };

/** Another tool may hold the file for a moment; a commit waits so long for it. */
const BUSY_TIMEOUT_MS = 200;
const CACHE_KIB = 16 * 1024;
const WAL_KEPT_BYTES = 16 * 1024 * 1024;
/**
 * As much as is kept, 4 KiB each. A checkpoint stops the one writer for its disk flushes, and pages that many threads
 * write again and again are brought over once: SQLite's own 1,000 pages are two full ticks.
 */
const CHECKPOINT_AFTER_PAGES = WAL_KEPT_BYTES / 4096;

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
    throw storeError(thrown, `opening ${paths.database}`);
  }
}

function prepareFolder(folder: string): void {
  try {
    makePrivateFolder(folder, [DATABASE_NAME, LOCK_NAME]);
    const paths = pathsIn(folder);
    makePrivateFile(paths.lock);
    makePrivateFile(paths.database);
  } catch (cause) {
    throw new RuntimeError('STORE_UNAVAILABLE', `preparing ${folder}: ${String(cause)}`, { cause });
  }
}

function openDatabase(path: string, durability: Durability): Database {
  const sqlite = new DatabaseSync(path, {
    timeout: BUSY_TIMEOUT_MS,
    // what `references` in the schema means for its reader costs a look-up per row
    enableForeignKeyConstraints: false,
  });
  try {
    sqlite.exec(`
      pragma journal_mode = wal;
      pragma synchronous = ${SYNCHRONOUS[durability]};
      pragma journal_size_limit = ${WAL_KEPT_BYTES};
      pragma wal_autocheckpoint = ${CHECKPOINT_AFTER_PAGES};
      pragma cache_size = ${-CACHE_KIB};
      pragma secure_delete = on;
    `);
    migrate(sqlite);
    return new Database(sqlite);
  } catch (thrown) {
    sqlite.close();
    throw thrown;
  }
}
