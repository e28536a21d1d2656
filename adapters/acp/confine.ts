import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { Refused } from './refused.ts';

/**
 * The real path of a file or folder in the workspace; it need not be there yet. Symbolic links are followed first: what
 * counts is where they lead.
 * @throws {Refused} when it lies elsewhere
 */
export function confined(cwd: string, path: string): string {
  if (path.includes('\0')) throw new Refused('a path holds a zero byte');
  const real = realPathOf(isAbsolute(path) ? resolve(path) : resolve(cwd, path));
  const root = realpathSync(cwd);
  if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return real;
  throw new Refused(`${path} is not in the workspace ${cwd}`);
}

/** Whether a path lies in the workspace. */
export function isInside(cwd: string, path: string): boolean {
  try {
    confined(cwd, path);
    return true;
  } catch {
    return false;
  }
}

/** Of what is not there, the part that is decides. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isMissing(error)) throw new Refused(`${path} cannot be looked at: ${String(error)}`);
    if (isLink(path)) throw new Refused(`${path} is a link to what is not there`);
    const parent = dirname(path);
    return parent === path ? path : join(realPathOf(parent), basename(path));
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';
