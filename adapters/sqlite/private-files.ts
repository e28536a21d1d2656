import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

/** Makes the folder for its owner alone. One that exists is closed to others only if it is empty or has our files. */
export function makePrivateFolder(folder: string, ownFiles: readonly string[]): void {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  if ((statSync(folder).mode & OTHERS) === 0) return;
  const found = readdirSync(folder);
  if (found.length === 0 || ownFiles.some((name) => found.includes(name))) chmodSync(folder, FOLDER_MODE);
}

/** An existing file is not opened: that would drop locks which this process holds on it. */
export function makePrivateFile(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'wx', FILE_MODE));
  closeToOthers(path);
}

/** Also what SQLite made beside it: SQLite gives `-wal` and `-shm` the mode of the database. */
export function closeToOthers(path: string): void {
  for (const each of [path, `${path}-wal`, `${path}-shm`]) {
    if (existsSync(each) && (statSync(each).mode & OTHERS) !== 0) chmodSync(each, FILE_MODE);
  }
}

export const pathsIn = (folder: string): { readonly database: string; readonly lock: string } => ({
  database: join(folder, DATABASE_NAME),
  lock: join(folder, LOCK_NAME),
});

export const DATABASE_NAME = 'threadchart.db';
export const LOCK_NAME = 'lock.db';
