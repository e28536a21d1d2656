/**
 * What the files of a workspace were at some moment, and how to put them back. The workspace is the whole repository
 * around a thread's folder: an agent edits beyond the subfolder that it was started in.
 *
 * A captured tree holds what is on disk, byte by byte (no filter and no line-ending rule is applied), without: ignored
 * files that are not tracked, other repositories inside (submodules too), files over the limit in size, files that
 * cannot be read, names that are not UTF-8, and empty folders. Nothing of the user's changes but objects and refs under
 * `refs/threadchart/`: not the index, HEAD, stash, configuration or any file, and no hook runs.
 */
import type { ThreadId } from '../domain/ids.ts';

/** Names one point in the life of a thread. */
export interface CapturePoint {
  readonly threadId: ThreadId;
  /** Unique in the thread, for example `<turnId>/before`. Any text of 1 to 128 characters. */
  readonly name: string;
}

/** Why a workspace has no history. */
export type MissingReason =
  | 'no-folder'
  | 'no-git'
  | 'old-git'
  | 'no-repository'
  | 'bare'
  | 'ignored'
  | 'forbidden'
  | 'too-large';

export interface Captured {
  readonly status: 'captured';
  /** The id of the tree. Equal ids: equal files. */
  readonly tree: string;
  /** What keeps the tree from being pruned. */
  readonly ref: string;
  /** The top folder of the repository; paths are relative to it, with `/`. */
  readonly root: string;
  /** The commit that was checked out; `null`: there was none yet. */
  readonly head: string | null;
  /** Files that could not be taken in, at most 100: too large, unreadable, or not named in UTF-8. */
  readonly skipped: readonly string[];
}

/** Not an error: this workspace cannot be captured, and trying again soon will not help. */
export interface Missing {
  readonly status: 'missing';
  readonly reason: MissingReason;
  /** For people; lower case, no full stop. */
  readonly message: string;
}

/** Two trees of one repository; what happened is what leads from the first to the second. */
export interface TreeRange {
  readonly from: string;
  readonly to: string;
}

export type ChangeKind = 'added' | 'modified' | 'deleted' | 'renamed';

export interface FileChange {
  readonly path: string;
  /** Of a renamed file: what it was called. */
  readonly oldPath?: string;
  readonly kind: ChangeKind;
  /** Lines; `null` for a binary file. */
  readonly additions: number | null;
  readonly deletions: number | null;
}

/** Part of a list that does not change, as trees do not. */
export interface ChangePageRequest {
  /** `next` of the page before; default: from the start. */
  readonly cursor?: string;
  /** Default 200. */
  readonly limit?: number;
}

export interface ChangePage {
  /** Sorted by path. */
  readonly changes: readonly FileChange[];
  /** Where the next page begins, or `null` at the end. */
  readonly next: string | null;
  /** Of the whole list. */
  readonly total: { readonly files: number; readonly additions: number; readonly deletions: number };
}

export interface DiffRequest extends TreeRange {
  /** Of one file, with `oldPath` if it was renamed; default: of all. */
  readonly path?: string;
  readonly oldPath?: string;
  /** Where the text is cut; default 256 KiB. */
  readonly maxBytes?: number;
}

export interface DiffText {
  /** A unified diff, cut between lines. */
  readonly text: string;
  /** Something was left out at the end. */
  readonly truncated: boolean;
}

/** One of the thread's turns: the files just before it and just after it. */
export interface Step {
  readonly before: string;
  readonly after: string;
}

export interface PlanRequest {
  /** The turns to take back, oldest first: all after the target whose changes are still in the files. */
  readonly steps: readonly Step[];
  /** Conflicts that are put back all the same. */
  readonly force?: readonly string[];
  /** Paths that another thread changed while a turn of this one ran: whose they are cannot be told. */
  readonly contested?: readonly string[];
}

/** The content of one path; `null` stands for no file. */
export interface FileState {
  /** `100644` a file, `100755` an executable one, `120000` a symbolic link. */
  readonly mode: string;
  /** The id of the blob. */
  readonly blob: string;
}

/** One path to put back. */
export interface Restoration {
  readonly path: string;
  /** What it is when the plan is made; `null`: nothing. */
  readonly from: FileState | null;
  /** What it becomes: what it was before the first turn of the plan that changed it. */
  readonly to: FileState | null;
  /** It is put back whatever it is by then. */
  readonly forced: boolean;
}

/**
 * Why a path is left alone. `changed-since`: somebody else changed it after the thread's last turn that did.
 * `changed-between`: somebody else changed it between two of the thread's turns that did. `contested`: another thread
 * changed it at the same time. `unseen`: something that is not captured (an ignored file, one over the limit, a folder)
 * is in its place. `unwritable`: the file system refused to change it, which only the restore itself finds out.
 */
export type ConflictReason = 'changed-since' | 'changed-between' | 'contested' | 'unseen' | 'unwritable';

export interface Conflict {
  readonly path: string;
  readonly reason: ConflictReason;
}

/** What putting the files back would do. Plain JSON; sorted by path. */
export interface RestorePlan {
  readonly restore: readonly Restoration[];
  /** Left alone. */
  readonly conflicts: readonly Conflict[];
}

export interface RestoreReport {
  /** Now as the plan says, those included that were so already. */
  readonly restored: readonly string[];
  /** Not touched: changed since the plan was made, or in a folder that is no folder any more. */
  readonly conflicts: readonly Conflict[];
}

/** Captures of one repository wait for each other; the rest may run at any time. */
export interface WorkspaceHistory {
  /**
   * Captures the repository around `cwd` and keeps the tree under a ref. Again with the same point: the first tree.
   * @throws {RuntimeError} GIT_FAILED when git fails or takes too long: the same call may succeed later
   */
  capture(cwd: string, point: CapturePoint): Promise<Captured | Missing>;
  /**
   * The files that differ between two captured trees.
   * @throws {RuntimeError} CHECKPOINT_LOST when a tree or the repository is gone; GIT_FAILED
   */
  changes(root: string, range: TreeRange, page?: ChangePageRequest): Promise<ChangePage>;
  /**
   * The text of what differs, bounded.
   * @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED
   */
  diff(root: string, request: DiffRequest): Promise<DiffText>;
  /**
   * What taking back the thread's turns would do to the files as they are now. Only paths that the thread changed are
   * in it, and of these only what is now as the thread left it is put back; the others are conflicts. Made again after
   * a restore that was cut short, it has what is left to do.
   * @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED
   */
  plan(root: string, request: PlanRequest): Promise<RestorePlan>;
  /**
   * Puts files back. Each one is replaced whole or not at all; may be repeated with the same plan after a crash.
   * @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED
   */
  restore(root: string, plan: RestorePlan): Promise<RestoreReport>;
  /**
   * Removes all refs of a thread; nothing where the repository is gone.
   * @throws {RuntimeError} GIT_FAILED
   */
  forget(root: string, threadId: ThreadId): Promise<void>;
}
