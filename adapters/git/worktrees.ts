/** Working trees of threads, made by `git worktree`. */
import { mkdir, realpath, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type {
  MadeWorktree,
  UnsavedWork,
  WorktreeOrder,
  WorktreeRemoval,
  Worktrees,
  WorktreeStatus,
} from '../../machines/ports/worktrees.ts';
import { deleteRefs, safePart } from './refs.ts';
import { findRepository, type Repository } from './repository.ts';
import { Git, type GitOptions } from './run-git.ts';
import { splitList } from './text.ts';
import { WorktreeRecords, type WorktreeRecord } from './worktree-record.ts';

export interface GitWorktreesOptions extends GitOptions {
  /** Our folder for all of them; made when it is needed. */
  readonly folder: string;
}

export class GitWorktrees implements Worktrees {
  readonly #git: Git;
  readonly #records: WorktreeRecords;

  constructor({ folder, ...options }: GitWorktreesOptions) {
    this.#git = new Git(options);
    this.#records = new WorktreeRecords(folder);
  }

  async add(order: WorktreeOrder): Promise<MadeWorktree> {
    const known = await this.#records.read(order.threadId);
    if (known?.isWhole === true && (await isFolder(known.root))) return madeOf(known);
    const repository = await this.#repositoryOf(order.cwd);
    const commit = await this.#commitOf(repository, order.base ?? 'HEAD');
    if (known !== null) await this.#discard(known);
    const record = await this.#plan(order, repository, known);
    await this.#records.write(record);
    const { root, source, branch, isOwnBranch } = record;
    const isThere = await this.#hasBranch(source, branch);
    // after a crash our own branch may be there already, and nothing can be on it
    const how = isOwnBranch
      ? ['-B', branch, root, commit]
      : isThere
        ? [root, branch]
        : ['-b', branch, root, commit];
    await this.#must(source, ['worktree', 'add', '--quiet', ...how]);
    await mkdir(record.cwd, { recursive: true });
    await this.#records.write({ ...record, isWhole: true });
    return madeOf(record);
  }

  async threadIds(): Promise<ThreadId[]> {
    return (await this.#records.all()).map(({ threadId }) => threadId);
  }

  async list(): Promise<WorktreeStatus[]> {
    const records = await this.#records.all();
    return Promise.all(records.map((record) => this.#statusOf(record)));
  }

  async remove(threadId: ThreadId, { force = false } = {}): Promise<WorktreeRemoval> {
    const record = await this.#records.read(threadId);
    if (record === null) return { outcome: 'none' };
    const status = await this.#statusOf(record);
    const isUnsaved = status.problem !== null || status.uncommittedCount + status.unpushedCount > 0;
    if (isUnsaved && !force) return { outcome: 'kept', status };
    const hasCommits = status.problem !== null || status.unpushedCount > 0;
    await this.#discard(record);
    if (await isFolder(record.source)) {
      if (record.isOwnBranch && !hasCommits)
        await this.#try(record.source, ['branch', '-D', '-q', record.branch]);
      await deleteRefs(this.#git, record.source, threadId).catch(() => undefined);
    }
    await this.#records.remove(threadId);
    return { outcome: 'removed' };
  }

  async #plan(
    { threadId, cwd, branch: asked }: WorktreeOrder,
    { root: source }: Repository,
    known: WorktreeRecord | null,
  ): Promise<WorktreeRecord> {
    const root = this.#records.rootOf(threadId);
    const branch = asked ?? `threadchart/${safePart(threadId)}`;
    const isOwnBranch =
      known?.branch === branch ? known.isOwnBranch : !(await this.#hasBranch(source, branch));
    const folder = join(root, relative(source, await realpath(cwd)));
    return { threadId, root, cwd: folder, source, branch, isOwnBranch, isWhole: false };
  }

  /** Files only: branches and their commits stay. */
  async #discard({ root, source }: WorktreeRecord): Promise<void> {
    if (await isFolder(source)) await this.#try(source, ['worktree', 'remove', '--force', '--force', root]);
    await rm(root, { recursive: true, force: true });
    if (await isFolder(source)) await this.#try(source, ['worktree', 'prune']);
  }

  async #statusOf(record: WorktreeRecord): Promise<WorktreeStatus> {
    const { threadId } = record;
    const whole = { threadId, ...madeOf(record), problem: null };
    if (!(await isFolder(record.root)) || !record.isWhole) return { ...whole, ...NOTHING };
    try {
      return { ...whole, ...(await this.#unsavedIn(record)) };
    } catch (thrown) {
      const problem = thrown instanceof Error ? thrown.message : String(thrown);
      return { ...whole, ...NOTHING, problem };
    }
  }

  async #unsavedIn({ root, branch, isOwnBranch }: WorktreeRecord): Promise<UnsavedWork> {
    const status = ['status', '--porcelain', '-z', '--untracked-files=all', '--no-renames'];
    const changed = splitList(await this.#git.read({ args: status, cwd: root }));
    // what is on a branch that was there before is not lost with the tree
    const hasOwn = isOwnBranch && (await this.#hasBranch(root, branch));
    const mine = hasOwn ? ['HEAD', `refs/heads/${branch}`] : ['HEAD'];
    const others = ['--not', ...(hasOwn ? [`--exclude=${branch}`] : []), '--branches', '--remotes', '--tags'];
    const count = await this.#git.read({ args: ['rev-list', '--count', ...mine, ...others], cwd: root });
    return { uncommittedCount: changed.length, unpushedCount: Number(count.toString()) };
  }

  async #repositoryOf(cwd: string): Promise<Repository> {
    const repository = await findRepository(this.#git, cwd);
    if (repository.status === 'found') return repository;
    throw new RuntimeError('WORKTREE_FAILED', `cannot make a working tree: ${repository.message}`);
  }

  async #commitOf({ root }: Repository, base: string): Promise<string> {
    const args = ['rev-parse', '--verify', '-q', '--end-of-options', `${base}^{commit}`];
    const { code, stdout } = await this.#git.run({ args, cwd: root });
    if (code === 0) return stdout.toString().trim();
    throw new RuntimeError('WORKTREE_FAILED', `the repository at ${root} has no commit ${base}`);
  }

  async #hasBranch(cwd: string, branch: string): Promise<boolean> {
    const { code } = await this.#git.run({
      args: ['show-ref', '--verify', '-q', `refs/heads/${branch}`],
      cwd,
    });
    return code === 0;
  }

  async #must(cwd: string, args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.#git.run({ args, cwd });
    if (code !== 0)
      throw new RuntimeError('WORKTREE_FAILED', `git cannot make the working tree: ${stderr.trim()}`);
  }

  async #try(cwd: string, args: readonly string[]): Promise<void> {
    await this.#git.run({ args, cwd });
  }
}

const NOTHING: UnsavedWork = { uncommittedCount: 0, unpushedCount: 0 };

const madeOf = ({ root, cwd, branch, source }: WorktreeRecord): MadeWorktree => ({
  root,
  cwd,
  branch,
  source,
});

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
