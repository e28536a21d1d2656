/** Folders in which a thread could work, as far as the configuration lets clients look. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { FolderRead, FolderReads } from './api.ts';

/** Of one folder. */
const MOST_LISTED_COUNT = 500;

export class Folders implements FolderReads {
  readonly #roots: readonly string[];

  /** `roots`: absolute. */
  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  async list(given: string | null): Promise<FolderRead> {
    const roots = await this.#existingRoots();
    const [first] = roots;
    if (first === undefined) throw new RuntimeError('FORBIDDEN', 'no folder may be looked at');
    // what is outside is not even looked for
    const asked = given === null ? first : resolve(given);
    this.#check(asked, [...roots, ...this.#roots]);
    const path = await realpath(asked).catch((cause: unknown) => {
      throw notFound(asked, cause);
    });
    this.#check(path, roots);
    const { listed, count } = await foldersIn(path);
    const parent = dirname(path);
    const isTop = roots.includes(path) || parent === path;
    return { path, parent: isTop ? null : parent, roots, folders: listed, truncated: count > listed.length };
  }

  /** Without links: what is compared is where a folder really is. */
  async #existingRoots(): Promise<string[]> {
    const found = await Promise.all(this.#roots.map((root) => realpath(root).catch(() => null)));
    return found.filter((root) => root !== null);
  }

  #check(path: string, roots: readonly string[]): void {
    if (roots.some((root) => isWithin(root, path))) return;
    throw new RuntimeError('FORBIDDEN', 'the folder is outside of what may be looked at', {
      details: { path },
    });
  }
}

/** Nothing may be looked at. */
export const NO_FOLDERS: FolderReads = new Folders([]);

function isWithin(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith('../') && !isAbsolute(way));
}

/** Hidden ones are left out. */
async function foldersIn(path: string): Promise<{ listed: FolderRead['folders']; count: number }> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    throw notFound(path, cause);
  });
  const names = entries
    .filter(isVisibleFolder)
    .map(({ name }) => name)
    .toSorted((left, right) => left.localeCompare(right));
  const listed = await Promise.all(
    names.slice(0, MOST_LISTED_COUNT).map(async (name) => {
      const folder = join(path, name);
      const isRepository = await stat(join(folder, '.git')).then(
        () => true,
        () => false,
      );
      return { name, path: folder, isRepository };
    }),
  );
  return { listed, count: names.length };
}

const isVisibleFolder = (entry: Dirent): boolean => entry.isDirectory() && !entry.name.startsWith('.');

const notFound = (path: string, cause: unknown): RuntimeError =>
  new RuntimeError('WORKSPACE_NOT_FOUND', `${path} is not a folder`, { details: { path }, cause });
