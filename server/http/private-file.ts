/** Files that only the owner may read. */
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { nanoid } from 'nanoid';

const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

/** Makes the folder with 0700 where it does not exist. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: OWNER_ONLY_FOLDER });
}

/** The text of a file, `null` where there is none. Others' permissions are taken away first. */
export function readPrivateFile(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if ((stats.mode & 0o077) !== 0) chmodSync(path, OWNER_ONLY);
  return readFileSync(path, 'utf8');
}

/** Replaces the file as a whole: who reads it sees the old text or the new one. */
export function writePrivateFile(path: string, text: string): void {
  makePrivateFolder(dirname(path));
  const draft = `${path}.${nanoid(8)}`;
  writeFileSync(draft, text, { mode: OWNER_ONLY, flag: 'wx', flush: true });
  renameSync(draft, path);
}
