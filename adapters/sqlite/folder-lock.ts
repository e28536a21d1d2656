import { DatabaseSync } from 'node:sqlite';
import { RuntimeError } from '../../machines/domain/error.ts';
import { resultCode, storeError } from './store-error.ts';

const SQLITE_BUSY = 5;

/**
 * Claims a data folder by an open transaction on a database of its own, so that tools can read `threadchart.db`. The
 * operating system drops the lock with the process, however that ends. No code of this process may open and close the
 * file in another way: POSIX drops all locks of a process on a file with the first handle that it closes.
 * @throws {RuntimeError} STORE_LOCKED when another journal holds it.
 */
export class FolderLock {
  readonly #sqlite: DatabaseSync;

  constructor(path: string) {
    this.#sqlite = new DatabaseSync(path, { timeout: 0 });
    try {
      this.#sqlite.exec('pragma journal_mode = memory; begin exclusive');
    } catch (thrown) {
      this.#sqlite.close();
      throw resultCode(thrown) === SQLITE_BUSY
        ? lockedError(path, thrown)
        : storeError(thrown, `locking ${path}`);
    }
  }

  release(): void {
    this.#sqlite.close();
  }
}

function lockedError(path: string, cause: unknown): RuntimeError {
  return new RuntimeError('STORE_LOCKED', `another server holds ${path}`, { cause, details: { path } });
}
