/** The files that a turn left: where a fork with a working tree of its own begins. */
import type { WorktreeRequest } from '../../machines/domain/worktree.ts';
import type { CheckpointRow, Point } from '../../machines/domain/checkpoint.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { TurnId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { WorkspaceHistory } from '../../machines/ports/workspace-history.ts';
import type { CapturedFiles } from '../../machines/ports/worktrees.ts';
import { reasonIn } from './rollback-command.ts';

export interface TurnFilesParts {
  readonly journal: Pick<Journal, 'checkpoint' | 'threadState'>;
  /** Absent: workspaces are not captured here. */
  readonly history?: WorkspaceHistory;
}

/** What a capture is called in its thread. */
export const captureName = (turnId: TurnId, point: Point): string => `${turnId}/${point}`;

/** They are there, or will be soon. @throws {RuntimeError} CHECKPOINT_MISSING */
export function checkTurnFiles(row: CheckpointRow | null | undefined, turnId: TurnId): void {
  const why = row ? reasonIn(row)?.reason : 'no checkpoints were taken then';
  if (why === undefined) return;
  const message = `the files of turn ${turnId} are not known: ${why}; name a base that the working tree begins at`;
  throw new RuntimeError('CHECKPOINT_MISSING', message, { details: { turns: [{ turnId, reason: why }] } });
}

/** @throws {RuntimeError} WORKTREE_FAILED where they are gone, GIT_FAILED */
export async function turnFiles(
  { journal, history }: TurnFilesParts,
  { threadId, turnId }: NonNullable<WorktreeRequest['filesOf']>,
): Promise<CapturedFiles> {
  const row = journal.checkpoint(threadId, turnId);
  if (row?.after) return { tree: row.after.tree, head: row.after.head ?? null };
  // its capture is under way: whoever comes first makes it, for both
  if (row?.status === 'capturing' && history !== undefined) {
    const { cwd = '' } = journal.threadState(threadId)?.settings ?? {};
    const found = await history.capture(cwd, { threadId, name: captureName(turnId, 'after') });
    if (found.status === 'captured') return found;
  }
  throw new RuntimeError(
    'WORKTREE_FAILED',
    `the files that turn ${turnId} left are gone: fork again, with a base`,
  );
}
