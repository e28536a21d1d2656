/** Working trees of threads, made by `git worktree`. */
import { lstat, mkdir, realpath, rm, stat } from 'node:fs/promises';
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
import { GitHistory, type GitHistoryOptions } from './index.ts';
import { deleteRefs, folderOf, readCommit, safePart } from './refs.ts';
import { findRepository, type Repository } from './repository.ts';
import { Git, type GitOptions } from './run-git.ts';
import { splitList, splitText } from './text.ts';
import { WorktreeRecords, type WorktreeRecord } from './worktree-record.ts';

export interface GitWorktreesOptions extends Pick<GitHistoryOptions, 'limits'>, GitOptions {
  /** Our folder for all of them; made when it is needed. */
  readonly folder: string;
}

export class GitWorktrees implements Worktrees {
  readonly #git: Git;
  readonly #records: WorktreeRecords;
  readonly #options: GitWorktreesOptions;

  constructor(options: GitWorktreesOptions) {
    const { folder } = options;
    this.#options = options;
    this.#git = new Git(options);
    this.#records = new WorktreeRecords(folder);
  }

  async add(order: WorktreeOrder): Promise<MadeWorktree> {
    const known = await this.#records.read(order.threadId);
    if (known?.isWhole === true && (await isFolder(known.root))) return madeOf(known);
    const repository = await this.#repositoryOf(order.cwd);
    const commit = await this.#beginningOf(repository, order);
    if (known !== null) await this.#discard(known);
    const record = await this.#plan(order, repository, known);
    await this.#records.write(record);
    await this.#make(record, commit);
    await this.#records.write({ ...record, isWhole: true });
    return madeOf(record);
  }

  async #make(record: WorktreeRecord, commit: string): Promise<void> {
    const { threadId, root, source, cwd, branch, isOwnBranch, tree } = record;
    const isThere = await this.#hasBranch(source, branch);
    // after a crash our own branch may be there already, and nothing can be on it
    const how = isOwnBranch
      ? ['-B', branch, root, commit]
      : isThere
        ? [root, branch]
        : ['-b', branch, root, commit];
    await this.#must(source, ['worktree', 'add', '--quiet', ...how]);
    if (tree !== undefined) await this.#withFiles(threadId, (files) => files.place(root, tree));
    await mkdir(cwd, { recursive: true });
  }

  /** The commit. */
  async #beginningOf(repository: Repository, { base, files }: WorktreeOrder): Promise<string> {
    if (files === undefined) return this.#commitOf(repository, base ?? 'HEAD');
    const { root } = repository;
    if (!(await this.#isTree(root, files.tree)))
      throw new RuntimeError('CHECKPOINT_LOST', `${root} has no tree ${files.tree} any more`);
    const head = files.head === null ? null : await readCommit(this.#git, root, files.head);
    return head ?? this.#commitOf(repository, 'HEAD');
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
    { threadId, cwd, branch: asked, files }: WorktreeOrder,
    repository: Repository,
    known: WorktreeRecord | null,
  ): Promise<WorktreeRecord> {
    const source = await this.#sourceOf(repository);
    const root = this.#records.rootOf(threadId);
    const branch = asked ?? `threadchart/${safePart(threadId)}`;
    const isOwnBranch =
      known?.branch === branch ? known.isOwnBranch : !(await this.#hasBranch(source, branch));
    if (files !== undefined && !isOwnBranch)
      throw new RuntimeError('WORKTREE_FAILED', `the branch ${branch} is there already, with other files`);
    const folder = join(root, relative(repository.root, await realpath(cwd)));
    const tree = files === undefined ? {} : { tree: files.tree };
    return { threadId, root, cwd: folder, source, branch, isOwnBranch, ...tree, isWhole: false };
  }

  /** A tree of ours may be removed before those that were made from it. */
  async #sourceOf({ root }: Repository): Promise<string> {
    const all = await this.#records.all();
    return all.find((record) => record.root === root)?.source ?? root;
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

  async #unsavedIn(record: WorktreeRecord): Promise<UnsavedWork> {
    const { root, branch, isOwnBranch } = record;
    const status = ['status', '--porcelain', '-z', '--untracked-files=all', '--no-renames'];
    const listed = splitList(await this.#git.read({ args: status, cwd: root }));
    const changed = listed.length === 0 ? [] : await this.#changedIn(record, listed);
    // what is on a branch that was there before is not lost with the tree
    const hasOwn = isOwnBranch && (await this.#hasBranch(root, branch));
    const mine = hasOwn ? ['HEAD', `refs/heads/${branch}`] : ['HEAD'];
    const others = ['--not', ...(hasOwn ? [`--exclude=${branch}`] : []), '--branches', '--remotes', '--tags'];
    const count = await this.#git.read({ args: ['rev-list', '--count', ...mine, ...others], cwd: root });
    return { uncommittedCount: changed.length, unpushedCount: Number(count.toString()) };
  }

  /** Without what it began with, as long as that is somewhere else too. */
  async #changedIn({ root, tree, threadId }: WorktreeRecord, listed: readonly Buffer[]) {
    if (tree === undefined || !(await this.#isKept(root, tree, threadId))) return listed;
    const names = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', tree];
    const began = new Set(splitText(await this.#git.read({ args: names, cwd: root })));
    const since = await this.#withFiles(threadId, (files) => files.changedSince(root, tree));
    const isNew = async (entry: Buffer): Promise<boolean> => {
      const path = entry.toString('utf8', STATUS_LENGTH);
      // what captures leave out is in neither list
      return since.has(path) || (!began.has(path) && (await isThere(join(root, path))));
    };
    const news = await Promise.all(listed.map(isNew));
    return listed.filter((_, index) => news[index]);
  }

  /** What it keeps beside the tree goes at once: it is rarely needed. */
  async #withFiles<T>(threadId: ThreadId, use: (files: GitHistory) => Promise<T>): Promise<T> {
    const folder = this.#records.filesOf(threadId);
    try {
      return await use(new GitHistory({ ...this.#options, folder }));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** By the capture of another thread. */
  async #isKept(root: string, tree: string, threadId: ThreadId): Promise<boolean> {
    const args = ['for-each-ref', `--points-at=${tree}`, '--format=%(refname)', 'refs/threadchart/'];
    const refs = (await this.#git.read({ args, cwd: root })).toString().split('\n').filter(Boolean);
    return refs.some((ref) => !ref.startsWith(folderOf(threadId)));
  }

  async #isTree(cwd: string, tree: string): Promise<boolean> {
    if (!/^[0-9a-f]{40,64}$/.test(tree)) return false;
    return (await this.#git.run({ args: ['cat-file', '-e', `${tree}^{tree}`], cwd })).code === 0;
  }

  async #repositoryOf(cwd: string): Promise<Repository> {
    const repository = await findRepository(this.#git, cwd);
    if (repository.status === 'found') return repository;
    throw new RuntimeError('WORKTREE_FAILED', `cannot make a working tree: ${repository.message}`);
  }

  async #commitOf({ root }: Repository, base: string): Promise<string> {
    const commit = await readCommit(this.#git, root, base);
    if (commit !== null) return commit;
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

/** Before the path, in what `git status --porcelain` lists. */
const STATUS_LENGTH = 3;

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
