/** The history of workspaces that are git repositories. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type {
  Captured,
  CapturePoint,
  ChangePage,
  ChangePageRequest,
  DiffRequest,
  DiffText,
  Missing,
  PlanRequest,
  RestorePlan,
  RestoreReport,
  TreeRange,
  WorkspaceHistory,
} from '../../machines/ports/workspace-history.ts';
import { DEFAULT_LIMITS, type Limits } from './candidates.ts';
import { readChanges, readDiff, readPathChanges } from './changes.ts';
import { readPlan } from './read-plan.ts';
import { deleteRefs, readHead, readRef, refOf, writeRef } from './refs.ts';
import { findRepository, readFileSettings, type Repository } from './repository.ts';
import { restoreFiles } from './restore.ts';
import { Git, type GitOptions } from './run-git.ts';
import { Shadow } from './shadow.ts';
import { writeTree, type Memory, type WrittenTree } from './write-tree.ts';

export interface GitHistoryOptions extends GitOptions {
  /** A folder of our own for what is kept between captures; made when it is needed. */
  readonly folder: string;
  readonly limits?: Partial<Limits>;
}

const MAX_SKIPPED = 100;

export class GitHistory implements WorkspaceHistory {
  readonly #git: Git;
  readonly #folder: string;
  readonly #limits: Limits;
  /** By git folder: the end of the last capture that was asked for. */
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #memories = new Map<string, Memory>();

  constructor({ folder, limits, ...options }: GitHistoryOptions) {
    this.#git = new Git(options);
    this.#folder = folder;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  async capture(cwd: string, point: CapturePoint): Promise<Captured | Missing> {
    const repository = await findRepository(this.#git, cwd);
    if (repository.status === 'missing') return repository;
    const { root } = repository;
    const ref = refOf(point);
    return this.#inTurn(repository, async () => {
      const known = await readRef(this.#git, root, ref);
      const reading = readHead(this.#git, root);
      if (known !== null)
        return { status: 'captured', tree: known, ref, root, head: await reading, skipped: [] };
      const [written, head] = await Promise.all([this.#treeNow(repository), reading]);
      if (written.status === 'missing') return written;
      const { tree, skipped } = written;
      await writeRef(this.#git, root, [ref, tree]);
      return { status: 'captured', tree, ref, root, head, skipped: skipped.slice(0, MAX_SKIPPED) };
    });
  }

  /**
   * Makes the files those of a captured tree; what captures leave out stays as it is. For a working tree that nobody
   * works in yet.
   * @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED
   */
  async place(root: string, tree: string): Promise<void> {
    const { repository, shadow } = await this.#reading(root);
    await this.#inTurn(repository, async () => {
      const { tree: now } = await this.#treeToChange(repository);
      const changes = await readPathChanges(shadow, { from: now, to: tree });
      const forced = changes.map((change) => ({ ...change, forced: true }));
      const { conflicts } = await restoreFiles(shadow, now, forced);
      const [first] = conflicts;
      if (first !== undefined)
        throw new RuntimeError('GIT_FAILED', `${first.path} cannot be put in its place`);
    });
  }

  /** The paths that are not as they were when the tree was captured. @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED */
  async changedSince(root: string, tree: string): Promise<ReadonlySet<string>> {
    const { repository, shadow } = await this.#reading(root);
    const { tree: now } = await this.#inTurn(repository, () => this.#treeToChange(repository));
    const changes = await readPathChanges(shadow, { from: tree, to: now });
    return new Set(changes.map(({ path }) => path));
  }

  async changes(root: string, range: TreeRange, page: ChangePageRequest = {}): Promise<ChangePage> {
    return readChanges((await this.#reading(root)).shadow, range, page);
  }

  async diff(root: string, request: DiffRequest): Promise<DiffText> {
    return readDiff((await this.#reading(root)).shadow, request);
  }

  async plan(root: string, request: PlanRequest): Promise<RestorePlan> {
    const { repository, shadow } = await this.#reading(root);
    const { tree } = await this.#inTurn(repository, () => this.#treeToChange(repository));
    return readPlan(shadow, tree, request);
  }

  async restore(root: string, { restore }: RestorePlan): Promise<RestoreReport> {
    const { repository, shadow } = await this.#reading(root);
    return this.#inTurn(repository, async () => {
      const { tree } = await this.#treeToChange(repository);
      return restoreFiles(shadow, tree, restore);
    });
  }

  async forget(root: string, threadId: ThreadId): Promise<void> {
    const repository = await findRepository(this.#git, root);
    if (repository.status === 'found') await deleteRefs(this.#git, repository.root, threadId);
  }

  async #treeNow(repository: Repository): Promise<WrittenTree | Missing> {
    const settings = await readFileSettings(this.#git, repository);
    const shadow = new Shadow(this.#git, { repository, folder: this.#folder, settings });
    await shadow.prepare();
    await shadow.unlockIndex();
    const memory = this.#memoryOf(repository);
    return writeTree({ git: this.#git, shadow, settings, limits: this.#limits, memory });
  }

  async #treeToChange(repository: Repository): Promise<WrittenTree> {
    const written = await this.#treeNow(repository);
    if (written.status === 'missing') throw new RuntimeError('CHECKPOINT_LOST', written.message);
    return written;
  }

  /** For reading what was captured: it needs no setting of the user's. */
  async #reading(root: string): Promise<{ repository: Repository; shadow: Shadow }> {
    const repository = await findRepository(this.#git, root);
    if (repository.status === 'missing') throw new RuntimeError('CHECKPOINT_LOST', repository.message);
    const shadow = new Shadow(this.#git, { repository, folder: this.#folder });
    await shadow.prepare();
    return { repository, shadow };
  }

  #memoryOf({ gitDir }: Repository): Memory {
    const memory = this.#memories.get(gitDir) ?? { rules: null };
    this.#memories.set(gitDir, memory);
    return memory;
  }

  /** One at a time: they share an index. */
  async #inTurn<T>({ gitDir }: Repository, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(gitDir) ?? Promise.resolve();
    const result = before.then(work);
    const end = result.catch(() => undefined);
    this.#queues.set(gitDir, end);
    try {
      return await result;
    } finally {
      if (this.#queues.get(gitDir) === end) this.#queues.delete(gitDir);
    }
  }
}
