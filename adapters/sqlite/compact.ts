import { statSync } from 'node:fs';
import { checkAll } from './check-file.ts';
import type { Database } from './database.ts';
import { storeError } from './store-error.ts';

/** Looks at all of the database, and writes it anew, without the room of what was removed. */
export function compact(database: Database): { beforeBytes: number; afterBytes: number } {
  checkAll(database.sqlite, database.sqlite.location() ?? '');
  const beforeBytes = sizeBytesOf(database);
  rewrite(database);
  return { beforeBytes, afterBytes: sizeBytesOf(database) };
}

/** What was removed is in neither file after it. */
export function rewrite(database: Database): void {
  try {
    database.sqlite.exec('vacuum');
  } catch (thrown) {
    throw storeError(thrown, 'writing the database anew');
  }
  database.emptyLog();
}

/** With the log, which holds what is not in the file yet. */
function sizeBytesOf({ sqlite }: Database): number {
  const path = sqlite.location();
  if (path === null) return 0;
  const files = [path, `${path}-wal`].map((file) => statSync(file, { throwIfNoEntry: false }));
  return files.reduce((sum, file) => sum + (file?.size ?? 0), 0);
}
