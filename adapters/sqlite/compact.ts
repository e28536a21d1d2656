import { statSync } from 'node:fs';
import { checkAll } from './check-file.ts';
import type { Database } from './database.ts';
import { storeError } from './store-error.ts';

/** Looks at all of the database, and writes it anew, without the room of what was removed. */
export function compact(database: Database): { beforeBytes: number; afterBytes: number } {
  checkAll(database.sqlite, database.sqlite.location() ?? '');
  const beforeBytes = sizeBytesOf(database);
  try {
    database.sqlite.exec('vacuum');
  } catch (thrown) {
    throw storeError(thrown, 'compacting the database');
  }
  database.emptyLog();
  return { beforeBytes, afterBytes: sizeBytesOf(database) };
}

/** With the log, which holds what is not in the file yet. */
function sizeBytesOf({ sqlite }: Database): number {
  const path = sqlite.location();
  if (path === null) return 0;
  const files = [path, `${path}-wal`].map((file) => statSync(file, { throwIfNoEntry: false }));
  return files.reduce((sum, file) => sum + (file?.size ?? 0), 0);
}
