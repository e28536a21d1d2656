/** Finds the repository around a folder, or why there is none to work with. */
import { realpath, stat } from 'node:fs/promises';
import type { Missing, MissingReason } from '../../machines/ports/workspace-history.ts';
import { mayBeRepository } from './nearby.ts';
import { GitAbsent, type Git } from './run-git.ts';

export interface Repository {
  readonly status: 'found';
  /** The top folder of the files. */
  readonly root: string;
  /** Of this working tree: a linked one has its own. */
  readonly gitDir: string;
  /** Where objects and refs are. */
  readonly commonDir: string;
  readonly objectFormat: string;
}

/** `-c` settings of the user's that say how files are seen here. */
export type FileSettings = readonly string[];

const OLDEST = [2, 31] as const;
const WHERE = [
  '--is-bare-repository',
  '--is-inside-work-tree',
  '--show-object-format',
  '--absolute-git-dir',
  '--git-common-dir',
  '--show-toplevel',
];
const FILE_SETTINGS = '^core\\.(filemode|symlinks|ignorecase|precomposeunicode|excludesfile)$';

export function missing(reason: MissingReason, message: string): Missing {
  return { status: 'missing', reason, message };
}

/** @throws {RuntimeError} GIT_FAILED when it does not end in time */
export async function findRepository(git: Git, cwd: string): Promise<Repository | Missing> {
  const isFolder = await stat(cwd).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return missing('no-folder', `${cwd} is not a folder`);
  if (!mayBeRepository(await realpath(cwd)))
    return missing('no-repository', `${cwd} is in no git repository`);
  try {
    return (await tooOld(git, cwd)) ?? (await locate(git, cwd));
  } catch (thrown) {
    if (thrown instanceof GitAbsent) return missing('no-git', 'git is not installed');
    throw thrown;
  }
}

async function tooOld(git: Git, cwd: string): Promise<Missing | null> {
  const said = await git.version(cwd);
  const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(said) ?? []).map(Number);
  const isEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  return isEnough ? null : missing('old-git', `${said} is older than ${OLDEST.join('.')}`);
}

async function locate(git: Git, cwd: string): Promise<Repository | Missing> {
  const result = await git.run({ args: ['rev-parse', '--path-format=absolute', ...WHERE], cwd });
  const [isBare, isInside, objectFormat, ...paths] = result.stdout.toString().split('\n').slice(0, -1);
  if (isBare === 'true') return missing('bare', `the repository at ${cwd} has no files of its own`);
  if (isBare !== undefined && isInside !== 'true')
    return missing('no-repository', `${cwd} is inside the folder of git's own data`);
  if (result.code !== 0) return notFound(cwd, result.stderr);
  const [gitDir, commonDir, root] = paths;
  if (objectFormat === undefined || gitDir === undefined || commonDir === undefined || root === undefined)
    return notFound(cwd, result.stderr);
  if (paths.length > 3) return missing('forbidden', 'the path of the repository has a line break in it');
  if (await isIgnored(git, { cwd, root }))
    return missing('ignored', `${cwd} is ignored by the repository at ${root}`);
  return { status: 'found', root, gitDir, commonDir, objectFormat };
}

function notFound(cwd: string, said: string): Missing {
  if (said.includes('not a git repository'))
    return missing('no-repository', `${cwd} is in no git repository`);
  return missing('forbidden', `git does not open the repository at ${cwd}: ${said.trim()}`.slice(0, 1000));
}

/** A folder of work inside a home folder that is a repository of settings, say. */
async function isIgnored(git: Git, { cwd, root }: { cwd: string; root: string }): Promise<boolean> {
  if (cwd === root) return false;
  const { code } = await git.run({ args: ['check-ignore', '-q', '--', '.'], cwd });
  return code === 0;
}

/** How the user's configuration has files seen; read each time, as it may change. */
export async function readFileSettings(git: Git, { root }: Repository): Promise<FileSettings> {
  const { stdout } = await git.run({ args: ['config', '-z', '--get-regexp', FILE_SETTINGS], cwd: root });
  return stdout
    .toString()
    .split('\0')
    .slice(0, -1)
    .flatMap((entry) => ['-c', entry.replace('\n', '=')]);
}

export function excludesFileOf(settings: FileSettings): string | null {
  const prefix = 'core.excludesfile=';
  return settings.findLast((each) => each.startsWith(prefix))?.slice(prefix.length) ?? null;
}
