/** The refs that keep captured trees, in the user's repository, one folder for each thread. */
import { createHash } from 'node:crypto';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { CapturePoint } from '../../machines/ports/workspace-history.ts';
import type { Git } from './run-git.ts';

const ROOT = 'refs/threadchart';
const MAX_PART_LENGTH = 180;

/** All that is of the thread, with a slash at the end. */
export const folderOf = (threadId: ThreadId): string => `${ROOT}/${safePart(threadId)}/`;

export const refOf = ({ threadId, name }: CapturePoint): string => `${folderOf(threadId)}${safePart(name)}`;

/** The tree under a ref, or `null`. */
export async function readRef(git: Git, cwd: string, ref: string): Promise<string | null> {
  const { code, stdout } = await git.run({ args: ['rev-parse', '--verify', '-q', `${ref}^{tree}`], cwd });
  return code === 0 ? stdout.toString().trim() : null;
}

/** The commit that is checked out; `null`: there is none yet. */
export async function readHead(git: Git, cwd: string): Promise<string | null> {
  return readCommit(git, cwd, 'HEAD');
}

export async function readCommit(git: Git, cwd: string, name: string): Promise<string | null> {
  const args = ['rev-parse', '--verify', '-q', '--end-of-options', `${name}^{commit}`];
  const { code, stdout } = await git.run({ args, cwd });
  return code === 0 ? stdout.toString().trim() : null;
}

/** @throws {RuntimeError} GIT_FAILED */
export async function writeRef(git: Git, cwd: string, [ref, tree]: readonly [string, string]): Promise<void> {
  await git.read({ args: ['update-ref', '--no-deref', ref, tree], cwd });
}

/** @throws {RuntimeError} GIT_FAILED */
export async function deleteRefs(git: Git, cwd: string, threadId: ThreadId): Promise<void> {
  const args = ['for-each-ref', '--format=delete %(refname)', folderOf(threadId)];
  const deletions = await git.read({ args, cwd });
  if (deletions.length > 0)
    await git.read({ args: ['update-ref', '--no-deref', '--stdin'], cwd, stdin: deletions });
}

/** Any text as one part of a path: git and file systems allow less in it than an id may hold. */
export function safePart(text: string): string {
  const escaped = Array.from(Buffer.from(text), escapedByte).join('');
  if (escaped.length <= MAX_PART_LENGTH) return escaped;
  return `%${createHash('sha256').update(text).digest('hex')}`;
}

function escapedByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[\w-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
