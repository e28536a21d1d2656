import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { storeError } from './store-error.ts';

/** The open database file and its transactions. */
export class Database {
  readonly sqlite: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;

  constructor(sqlite: DatabaseSync) {
    this.sqlite = sqlite;
    this.#begin = sqlite.prepare('begin immediate');
    this.#commit = sqlite.prepare('commit');
    this.#rollback = sqlite.prepare('rollback');
  }

  /**
   * All that `work` writes, or nothing.
   * @throws {RuntimeError} STORE_UNAVAILABLE when the disk refused it, INTERNAL when the rows contradict each other.
   */
  transact(attempt: string, work: () => void): void {
    try {
      // a rollback that failed itself has left its transaction open
      if (this.sqlite.isTransaction) this.#rollback.run();
      this.#begin.run();
      work();
      this.#commit.run();
    } catch (thrown) {
      this.#undo();
      throw storeError(thrown, attempt);
    }
  }

  /** Brings the log into the file, unless somebody reads just now: the next time will do. */
  emptyLog(): void {
    try {
      this.sqlite.exec('pragma wal_checkpoint(truncate)');
    } catch (thrown) {
      throw storeError(thrown, 'emptying the log');
    }
  }

  #undo(): void {
    try {
      if (this.sqlite.isTransaction) this.#rollback.run();
    } catch {
      // the first error is the one to report; the next transaction rolls back before it begins
    }
  }
}
