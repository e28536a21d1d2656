import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { RuntimeError } from '../../machines/domain/error.ts';
import { checkAll } from './check-file.ts';
import { makePrivateFile, pathsIn } from './private-files.ts';
import { storeError } from './store-error.ts';

/**
 * Copies the database of a data folder as it is at one moment, whether a server writes to it or not, and looks at every
 * page of the copy.
 * @throws {RuntimeError} STORE_UNAVAILABLE when there is no database, or the copy cannot be written; STORE_CORRUPT when
 * what was copied is damaged. Nothing is left of the copy then.
 */
export function copyDatabase(folder: string, target: string): void {
  const { database } = pathsIn(folder);
  if (!existsSync(database)) throw new RuntimeError('STORE_UNAVAILABLE', `there is no database in ${folder}`);
  try {
    makePrivateFile(target);
    vacuumInto(database, target);
    checkCopy(target);
  } catch (thrown) {
    rmSync(target, { force: true });
    throw storeError(thrown, `copying ${database}`);
  }
}

function vacuumInto(source: string, target: string): void {
  const sqlite = new DatabaseSync(source, { readOnly: true });
  try {
    sqlite.prepare('vacuum into ?').run(target);
  } finally {
    sqlite.close();
  }
}

function checkCopy(path: string): void {
  const sqlite = new DatabaseSync(path, { readOnly: true });
  try {
    checkAll(sqlite, path);
  } finally {
    sqlite.close();
  }
}
