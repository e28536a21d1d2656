/** The file side of a rollback: which captured turns are taken back, and what is in the way. */
import {
  LISTED_CONFLICTS,
  type CheckpointRow,
  type FileConflict,
  type Restored,
} from '../../machines/domain/checkpoint.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type {
  Conflict,
  FileChange,
  RestorePlan,
  TreeRange,
  WorkspaceHistory,
} from '../../machines/ports/workspace-history.ts';
import { reasonIn } from './rollback-command.ts';

export interface RestoreParts {
  readonly journal: Pick<Journal, 'checkpoint' | 'checkpointsAbove'>;
  readonly history: WorkspaceHistory;
}

/** What is put back: what the turns above the ordinal changed. */
export interface RestoreScope {
  readonly ordinal: number;
  readonly force: readonly string[];
}

/** One repository and what is to be done in it; nearly always there is one. */
export interface RepositoryPlan {
  readonly root: string;
  readonly plan: RestorePlan;
}

/** @throws {RuntimeError} CHECKPOINT_MISSING, CHECKPOINT_LOST, GIT_FAILED */
export async function restoreFiles(
  parts: RestoreParts,
  threadId: ThreadId,
  scope: RestoreScope,
): Promise<Restored> {
  let fileCount = 0;
  const conflicts: Conflict[] = [];
  for (const { root, plan } of await planFiles(parts, threadId, scope)) {
    const report = await parts.history.restore(root, plan);
    fileCount += report.restored.length;
    conflicts.push(...plan.conflicts, ...report.conflicts);
  }
  return { fileCount, conflictCount: conflicts.length, conflicts: listed(conflicts) };
}

export const listed = (conflicts: readonly Conflict[]): FileConflict[] =>
  conflicts.slice(0, LISTED_CONFLICTS).map(({ path, reason }) => ({ path, reason }));

/** Touches nothing. The newest turns first, where they are of several repositories. */
export async function planFiles(
  parts: RestoreParts,
  threadId: ThreadId,
  { ordinal, force }: RestoreScope,
): Promise<RepositoryPlan[]> {
  const rows = parts.journal.checkpointsAbove(threadId, ordinal).filter(({ restored }) => !restored);
  const byRoot = Map.groupBy(rows, rootOf);
  const plans = [...byRoot].toReversed().map(async ([root, turns]): Promise<RepositoryPlan> => {
    const steps = turns.map(stepOf).map(({ from, to }) => ({ before: from, after: to }));
    const contested = (await Promise.all(turns.map((turn) => contestedIn(parts, turn)))).flat();
    return { root, plan: await parts.history.plan(root, { steps, force, contested }) };
  });
  return Promise.all(plans);
}

function rootOf(row: CheckpointRow): string {
  if (row.root !== null && row.status === 'captured') return row.root;
  const { reason } = reasonIn(row) ?? { reason: 'they are not captured' };
  throw new RuntimeError('CHECKPOINT_MISSING', `the files of turn ${row.turnId} are not known: ${reason}`);
}

function stepOf({ turnId, before, after }: CheckpointRow): TreeRange {
  if (before !== null && after !== null) return { from: before.tree, to: after.tree };
  throw new RuntimeError('CHECKPOINT_MISSING', `the files of turn ${turnId} are not known on both sides`);
}

/** Paths that a turn of another thread changed meanwhile. While that one runs it may have been any. */
async function contestedIn({ journal, history }: RestoreParts, row: CheckpointRow): Promise<string[]> {
  const { root, overlaps } = row;
  if (root === null) return [];
  const paths = overlaps.map(async ({ threadId, turnId }) => {
    const other = journal.checkpoint(threadId, turnId);
    const isKnown = other?.status === 'captured' && other.root === root;
    return pathsIn(await allChanges(history, root, stepOf(isKnown ? other : row)));
  });
  return (await Promise.all(paths)).flat();
}

const pathsIn = (changes: readonly FileChange[]): string[] =>
  changes.flatMap(({ path, oldPath }) => (oldPath === undefined ? [path] : [path, oldPath]));

/** @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED */
export async function allChanges(
  history: WorkspaceHistory,
  root: string,
  range: TreeRange,
): Promise<FileChange[]> {
  const all: FileChange[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await history.changes(root, range, cursor === undefined ? {} : { cursor });
    all.push(...page.changes);
    cursor = page.next;
  }
  return all;
}
