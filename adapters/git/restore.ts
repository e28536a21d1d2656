/** Puts files back: each one is replaced whole, so that a crash leaves the old one or the new one. */
import {
  copyFile,
  lstat,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RuntimeError } from '../../machines/domain/error.ts';
import type {
  Conflict,
  ConflictReason,
  FileState,
  Restoration,
  RestoreReport,
} from '../../machines/ports/workspace-history.ts';
import { isInTheWay } from './in-the-way.ts';
import { isSame } from './plan.ts';
import type { Shadow } from './shadow.ts';
import { joinList, splitText } from './text.ts';

/** `treeNow`: of the files as they are. @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED */
export async function restoreFiles(
  shadow: Shadow,
  treeNow: string,
  restorations: readonly Restoration[],
): Promise<RestoreReport> {
  const states = await statesIn(shadow, treeNow);
  return new Restoring(shadow, states).restore(restorations);
}

async function statesIn(shadow: Shadow, tree: string): Promise<ReadonlyMap<string, FileState>> {
  const entries = splitText(await shadow.read({ args: ['ls-tree', '-r', '-z', '--full-tree', tree] }));
  return new Map(entries.map(stateOf));
}

/** `<mode> blob <id>\t<path>` */
function stateOf(entry: string): [string, FileState] {
  const tab = entry.indexOf('\t');
  const [mode = '', , blob = ''] = entry.slice(0, tab).split(' ');
  return [entry.slice(tab + 1), { mode, blob }];
}

/** The file system does not let us: this file stays, the others go on. */
const REFUSALS: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EBUSY',
  'ETXTBSY',
  'ENAMETOOLONG',
]);

class Restoring {
  readonly #shadow: Shadow;
  readonly #root: string;
  readonly #states: ReadonlyMap<string, FileState>;
  readonly #restored: string[] = [];
  readonly #conflicts: Conflict[] = [];

  constructor(shadow: Shadow, states: ReadonlyMap<string, FileState>) {
    this.#shadow = shadow;
    this.#root = shadow.repository.root;
    this.#states = states;
  }

  async restore(restorations: readonly Restoration[]): Promise<RestoreReport> {
    const due = restorations.filter((each) => this.#isDue(each));
    const writes = due.filter((each) => each.to !== null);
    const stage = new Stage(this.#shadow);
    try {
      await stage.fill(writes.flatMap(({ to }) => to ?? []));
      // first: a file may have to make room for a folder
      for (const { path } of due.filter((each) => each.to === null))
        await this.#attempt(path, () => this.#remove(path));
      for (const [number, restoration] of writes.entries())
        await this.#attempt(restoration.path, () => this.#write(restoration, stage.pathOf(number)));
    } finally {
      await stage.clear();
    }
    const conflicts = this.#conflicts.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    return { restored: this.#restored.toSorted(), conflicts };
  }

  #isDue({ path, from, to, forced }: Restoration): boolean {
    const state = this.#states.get(path) ?? null;
    if (isSame(state, to) && state !== null) {
      this.#restored.push(path);
      return false;
    }
    if (forced || isSame(state, from) || isSame(state, to)) return true;
    this.#leave(path, 'changed-since');
    return false;
  }

  async #attempt(path: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      if (!REFUSALS.has(codeOf(cause)))
        throw new RuntimeError('GIT_FAILED', `cannot put ${path} back: ${String(cause)}`, { cause });
      this.#leave(path, 'unwritable');
    }
  }

  async #remove(path: string): Promise<void> {
    const isCaptured = this.#states.has(path);
    const found = await lstat(join(this.#root, path)).catch(() => null);
    if (found?.isDirectory() === true || (found !== null && !isCaptured)) {
      this.#leave(path, 'unseen');
      return;
    }
    if (found !== null) await unlink(join(this.#root, path));
    await this.#prune(dirname(path));
    this.#restored.push(path);
  }

  /** Git knows no empty folders, and so they are gone with their last file. */
  async #prune(folder: string): Promise<void> {
    if (folder === '.') return;
    const isGone = await rmdir(join(this.#root, folder)).then(
      () => true,
      () => false,
    );
    if (isGone) await this.#prune(dirname(folder));
  }

  async #write({ path, forced }: Restoration, staged: string): Promise<void> {
    const removed = this.#states.has(path) ? new Set([path]) : new Set<string>();
    if (await isInTheWay({ root: this.#root, path, removed, isForced: forced })) {
      this.#leave(path, 'unseen');
      return;
    }
    const target = join(this.#root, path);
    await mkdir(dirname(target), { recursive: true });
    const found = await lstat(target).catch(() => null);
    if (found?.isDirectory() === true) await removeEmpty(target);
    await move(staged, target);
    this.#restored.push(path);
  }

  #leave(path: string, reason: ConflictReason): void {
    this.#conflicts.push({ path, reason });
  }
}

/** The files to be written, under numbers, in our own folder. */
class Stage {
  readonly #shadow: Shadow;
  readonly #folder: string;

  constructor(shadow: Shadow) {
    this.#shadow = shadow;
    this.#folder = join(shadow.path, 'stage');
  }

  pathOf(number: number): string {
    return join(this.#folder, 'files', String(number));
  }

  /** @throws {RuntimeError} CHECKPOINT_LOST when a file of a captured tree is gone */
  async fill(states: readonly FileState[]): Promise<void> {
    await this.clear();
    if (states.length === 0) return;
    await mkdir(join(this.#folder, 'files'), { recursive: true });
    const env = { GIT_INDEX_FILE: join(this.#folder, 'index') };
    const entries = states.map(({ mode, blob }, number) => `${mode} ${blob}\t${number}`);
    const info = ['update-index', '-z', '--index-info'];
    await this.#shadow.read({ args: info, stdin: joinList(entries), env });
    const args = ['checkout-index', '-f', '-a', `--prefix=${this.#folder}/files/`];
    const { code, stderr } = await this.#shadow.run({ args, env });
    if (code !== 0) throw new RuntimeError('CHECKPOINT_LOST', `cannot read captured files: ${stderr.trim()}`);
  }

  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (thrown) {
    if (codeOf(thrown) !== 'EXDEV') throw thrown;
    await copyBeside(from, to);
  }
}

/** On another file system a copy beside the file takes its place; the name is always the same, so no crash leaves two. */
async function copyBeside(from: string, to: string): Promise<void> {
  const beside = `${to}.threadchart-restore`;
  await rm(beside, { force: true });
  if ((await lstat(from)).isSymbolicLink()) await symlink(await readlink(from), beside);
  else await copyFile(from, beside);
  await rename(beside, to);
}

/** A folder with nothing but folders in it. */
async function removeEmpty(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await removeEmpty(join(folder, name));
  await rmdir(folder);
}

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
