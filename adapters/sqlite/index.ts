/** The `Journal` port on SQLite: `threadchart.db` in the data folder, in WAL mode, readable by tools while we write. */
import type { Journal } from '../../machines/ports/journal.ts';
import { SqliteJournal, type Faults } from './journal.ts';
import { openingError } from './check-file.ts';
import { openFolder, type Durability } from './open.ts';
import { pathsIn } from './private-files.ts';

export { copyDatabase } from './copy-database.ts';

export interface JournalOptions {
  /** The data folder; made if it is not there. */
  readonly folder: string;
  /** Default `process`. */
  readonly durability?: Durability;
  /** Epoch ms. */
  now(): number;
  /** The name of this start of the server; never the same twice. */
  makeEpoch(): string;
  readonly faults?: Faults;
}

/**
 * Opens the journal of a data folder and begins an epoch in it.
 * @throws {RuntimeError} STORE_LOCKED when another server uses the folder, STORE_TOO_NEW when a newer release has
 * written to it, STORE_CORRUPT when its file is no database, STORE_UNAVAILABLE when it cannot be read or written.
 */
export function openJournal({
  folder,
  durability = 'process',
  faults = {},
  ...rest
}: JournalOptions): Journal {
  const opened = openFolder(folder, durability);
  try {
    return new SqliteJournal(opened, { epoch: rest.makeEpoch(), startedAt: rest.now(), faults });
  } catch (thrown) {
    opened.database.sqlite.close();
    opened.lock.release();
    throw openingError(thrown, pathsIn(folder).database);
  }
}
