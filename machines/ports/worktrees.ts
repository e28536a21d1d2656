/** Working trees of their own for threads: the same repository, other files. One for each thread, in a folder of ours. */
import type { ThreadId } from '../domain/ids.ts';

export interface WorktreeOrder {
  readonly threadId: ThreadId;
  /** A folder in the user's repository. */
  readonly cwd: string;
  /** Any name of a commit; `null`: what is checked out there. */
  readonly base: string | null;
  /** Made at the base, or taken as it is if there is one; `null`: `threadchart/<thread>`. */
  readonly branch: string | null;
  /** Absent: those of the base. */
  readonly files?: CapturedFiles;
}

/** Files as they were captured once. They are put on the commit that was checked out then, and are not committed. */
export interface CapturedFiles {
  /** Its id; what captures leave out is as in the commit. */
  readonly tree: string;
  /** Counts in the place of `base`; `null`, or one that is gone: what is checked out now. */
  readonly head: string | null;
}

export interface MadeWorktree {
  /** Its top folder. */
  readonly root: string;
  /** The same subfolder of it that `cwd` is of the user's. */
  readonly cwd: string;
  readonly branch: string;
  /** The user's top folder. */
  readonly source: string;
}

/** What would be lost with a working tree. */
export interface UnsavedWork {
  /**
   * Files that differ from the last commit, new ones included; ignored ones are not counted, nor what the tree began
   * with while another thread's capture keeps it.
   */
  readonly uncommittedCount: number;
  /** Commits that are on no other branch and at no remote. */
  readonly unpushedCount: number;
}

export interface WorktreeStatus extends MadeWorktree, UnsavedWork {
  readonly threadId: ThreadId;
  /** Why git cannot tell what is in it; `null`: it can. */
  readonly problem: string | null;
}

/** `kept`: there is unsaved work, or git cannot tell. `none`: the thread has no working tree. */
export type WorktreeRemoval =
  | { readonly outcome: 'removed' | 'none' }
  | { readonly outcome: 'kept'; readonly status: WorktreeStatus };

export interface Worktrees {
  /**
   * Makes the thread's working tree. Again for the same thread: the one that is there; what a crash has left
   * unfinished is made anew. No hook of the user's runs.
   * @throws {RuntimeError} WORKTREE_FAILED with git's words; CHECKPOINT_LOST when the captured files are gone
   */
  add(order: WorktreeOrder): Promise<MadeWorktree>;
  /** Whose working trees there are; nothing is looked at. */
  threadIds(): Promise<ThreadId[]>;
  /** Of all threads, those of which no thread is known any more included. */
  list(): Promise<WorktreeStatus[]>;
  /**
   * Removes the thread's working tree, and the branch that was made for it if it has no commit of its own. Without
   * `force` only where no work is lost by it. A branch with commits of its own stays in any case.
   * @throws {RuntimeError} WORKTREE_FAILED
   */
  remove(threadId: ThreadId, options?: { readonly force?: boolean }): Promise<WorktreeRemoval>;
}
