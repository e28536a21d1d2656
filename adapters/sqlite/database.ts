import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { storeError } from './store-error.ts';

/** Another tool may hold the file for a moment; a commit waits so long for it. */
export const BUSY_TIMEOUT_MS = 200;
/**
 * A log that is longer is brought into the file. That stops the one writer for its disk flushes, and pages that many
 * threads write again and again are brought over once: SQLite's own 1,000 pages are two full ticks.
 */
const LOG_BYTES = 16 * 1024 * 1024;
/** Commits between two looks at its length. */
const LOOK_EVERY_COUNT = 16;

/** The open database file and its transactions. */
export class Database {
  readonly sqlite: DatabaseSync;
  readonly #logPath: string;
  /** Grows while a reader is in the way, so that not every commit tries in vain. */
  #mostLogBytes = LOG_BYTES;
  #untilLookCount = LOOK_EVERY_COUNT;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;

  constructor(sqlite: DatabaseSync) {
    this.sqlite = sqlite;
    this.#logPath = `${sqlite.location() ?? ''}-wal`;
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
    this.#keepLogShort();
  }

  /**
   * Brings the log into the file and cuts it to nothing: a log whose pages are all in the file must not be left to be
   * cut somewhere else, because its older pages would count then. Somebody may read it just now: the next time will do.
   */
  emptyLog(): void {
    this.sqlite.exec('pragma busy_timeout = 0');
    try {
      this.sqlite.exec('pragma wal_checkpoint(truncate)');
    } catch (thrown) {
      throw storeError(thrown, 'emptying the log');
    } finally {
      this.sqlite.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
  }

  /** What is in the log is committed, whatever becomes of this. */
  #keepLogShort(): void {
    this.#untilLookCount -= 1;
    if (this.#untilLookCount > 0) return;
    this.#untilLookCount = LOOK_EVERY_COUNT;
    if (this.#logBytes() < this.#mostLogBytes) return;
    try {
      this.emptyLog();
    } catch {
      // the disk may be full: a later commit tries again, and fails where it matters
    }
    this.#mostLogBytes = this.#logBytes() + LOG_BYTES;
  }

  #logBytes(): number {
    return statSync(this.#logPath, { throwIfNoEntry: false })?.size ?? 0;
  }

  #undo(): void {
    try {
      if (this.sqlite.isTransaction) this.#rollback.run();
    } catch {
      // the first error is the one to report; the next transaction rolls back before it begins
    }
  }
}
