/** Which files a capture takes in, of those that have changed since the one before. */
import { constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from './text.ts';

export interface Limits {
  /** A larger file is left out. */
  readonly maxFileBytes: number;
  /** More new or changed files, or bytes in them, than this: the workspace has no history. */
  readonly maxFiles: number;
  readonly maxBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxFileBytes: 64 * 1024 * 1024,
  maxFiles: 200_000,
  maxBytes: 4 * 1024 * 1024 * 1024,
};

export interface Sorted {
  /** To be read, or to be forgotten where there is no file any more. */
  readonly taken: readonly string[];
  /** Not to be in the tree, though something is there. */
  readonly dropped: readonly string[];
  /** Those that a user would want to hear of. */
  readonly skipped: readonly string[];
  readonly sizeBytes: number;
}

type Verdict = 'taken' | 'passed-over' | 'skipped';

interface Seen {
  readonly verdict: Verdict;
  readonly sizeBytes: number;
}

const LOOKS_AT_ONCE = 128;

/** `isReadChecked`: also looks whether each file can be read, after git has met one that cannot. */
export async function sortCandidates(
  root: string,
  candidates: readonly Buffer[],
  { maxFileBytes, isReadChecked }: Pick<Limits, 'maxFileBytes'> & { isReadChecked: boolean },
): Promise<Sorted> {
  const [taken, dropped, skipped]: [string[], string[], string[]] = [[], [], []];
  let totalBytes = 0;
  for (let start = 0; start < candidates.length; start += LOOKS_AT_ONCE) {
    const names = candidates.slice(start, start + LOOKS_AT_ONCE).map((bytes) => decode(bytes) ?? bytes);
    const look = async (name: string | Buffer): Promise<void> => {
      const { verdict, sizeBytes } = await see(root, name, { maxFileBytes, isReadChecked });
      totalBytes += sizeBytes;
      if (verdict === 'taken') taken.push(name.toString());
      else if (typeof name === 'string' && !isRepository(name)) dropped.push(name);
      if (verdict === 'skipped') skipped.push(name.toString());
    };
    await Promise.all(names.map(look));
  }
  return { taken, dropped, skipped, sizeBytes: totalBytes };
}

async function see(
  root: string,
  name: string | Buffer,
  { maxFileBytes, isReadChecked }: { maxFileBytes: number; isReadChecked: boolean },
): Promise<Seen> {
  if (typeof name !== 'string') return seen('skipped');
  if (isRepository(name)) return seen('passed-over');
  const path = join(root, name);
  const found = await lstat(path).catch(() => null);
  if (found === null || found.isDirectory() || found.isSymbolicLink()) return seen('taken');
  if (!found.isFile()) return seen('passed-over');
  if (found.size > maxFileBytes) return seen('skipped');
  if (isReadChecked && !(await canRead(path))) return seen('skipped');
  return seen('taken', found.size);
}

const seen = (verdict: Verdict, sizeBytes = 0): Seen => ({ verdict, sizeBytes });

/** So git lists another repository inside this one. */
const isRepository = (name: string): boolean => name.endsWith('/');

const canRead = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
