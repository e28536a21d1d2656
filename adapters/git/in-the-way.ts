/** Whether something that no captured tree knows is where a file is to be written. */
import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface WayRequest {
  readonly root: string;
  readonly path: string;
  /** Paths that are removed before. */
  readonly removed: ReadonlySet<string>;
  /** A file there is not in the way. */
  readonly isForced?: boolean;
}

/** Where nothing is known to be: true if a file would be lost, or there is no real folder to write into. */
export async function isInTheWay({ root, path, removed, isForced = false }: WayRequest): Promise<boolean> {
  if (!(await hasFolders(root, dirname(path), removed))) return true;
  const found = await look(join(root, path));
  if (found === null || removed.has(path)) return false;
  if (found.isDirectory()) return !(await isEmptied(root, path, removed));
  return !isForced;
}

/** Each folder above is a folder, or not there; a link to one is not: it leads out of the repository, perhaps. */
async function hasFolders(root: string, folder: string, removed: ReadonlySet<string>): Promise<boolean> {
  if (folder === '.') return true;
  if (!(await hasFolders(root, dirname(folder), removed))) return false;
  const found = await look(join(root, folder));
  return found === null || found.isDirectory() || removed.has(folder);
}

/** A folder in which nothing remains. */
async function isEmptied(root: string, folder: string, removed: ReadonlySet<string>): Promise<boolean> {
  for (const entry of await entriesOf(join(root, folder))) {
    const path = `${folder}/${entry.name}`;
    const isGone = entry.isDirectory() ? await isEmptied(root, path, removed) : removed.has(path);
    if (!isGone) return false;
  }
  return true;
}

const look = (path: string): Promise<Stats | null> => lstat(path).catch(() => null);

const entriesOf = (path: string): Promise<Dirent[]> => readdir(path, { withFileTypes: true });
