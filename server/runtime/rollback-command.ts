/** What a rollback or an edit means for the thread as it is: which turns go, and whether their files are known. */
import type { CheckpointRow, PendingRollback } from '../../machines/domain/checkpoint.ts';
import type { CommandOf } from '../../machines/domain/command.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import { itemIdOf, itemIdSchema, type AttachmentId, type TurnId } from '../../machines/domain/ids.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { ThreadProjection } from './projection.ts';

type RollbackCommand = CommandOf<'checkpoint.rollback'>;
type EditCommand = CommandOf<'turn.edit'>;
type Options = Pick<PendingRollback, 'files' | 'conversation' | 'force' | 'prompt'>;

const isThere = ({ status }: TurnRow): boolean => status !== 'rolledBack';

/** @throws {RuntimeError} TURN_NOT_FOUND */
export function rollbackOf(
  rows: ThreadProjection,
  { turnId, files, conversation, force }: Omit<RollbackCommand, 'type' | 'threadId'>,
  newId: TurnId,
): PendingRollback {
  const target = turnId === null ? null : targetIn(rows, turnId);
  return pending(rows, target, { rollbackId: newId, files, conversation, force, prompt: null });
}

function targetIn(rows: ThreadProjection, turnId: TurnId): TurnRow {
  const target = rows.turns.get(turnId);
  if (target !== undefined && isThere(target)) return target;
  throw new RuntimeError('TURN_NOT_FOUND', `thread ${rows.threadId} has no turn ${turnId} to go back to`, {
    details: { turnId },
  });
}

function pending(
  rows: ThreadProjection,
  target: TurnRow | null,
  { rollbackId, ...options }: Options & { readonly rollbackId: TurnId },
): PendingRollback {
  const ordinal = target?.ordinal ?? 0;
  return {
    ...options,
    rollbackId: itemIdSchema.parse(`rollback:${rollbackId}`),
    turnId: target?.turnId ?? null,
    ordinal,
    nativeTurnId: target?.nativeTurnId ?? null,
    turnIds: rows
      .turnsAbove(ordinal)
      .filter(isThere)
      .map((turn) => turn.turnId),
  };
}

/** @throws {RuntimeError} NOTHING_TO_ROLL_BACK */
export function editOf(
  rows: ThreadProjection,
  { text, attachments, files }: EditCommand,
  turnId: TurnId,
): PendingRollback {
  const { prompted, before } = latestPrompt(rows);
  const prompt = { turnId, text, attachments: attachments ?? attachmentsOf(rows, prompted.turnId) };
  return pending(rows, before, { rollbackId: turnId, files, conversation: true, force: [], prompt });
}

/** Turns that are looked at in one go, from the newest. */
const WINDOW = 64;

/** The latest turn that a person began, and the one before it that is still there. */
function latestPrompt(rows: ThreadProjection): {
  readonly prompted: TurnRow;
  readonly before: TurnRow | null;
} {
  const newest = rows.newestTurn()?.ordinal ?? 0;
  for (let above = newest - WINDOW; above > -WINDOW; above -= WINDOW) {
    const turns = rows.turnsAbove(Math.max(0, above)).filter(isThere);
    const index = turns.findLastIndex(({ origin }) => origin === 'user');
    const prompted = turns[index];
    const before = turns[index - 1] ?? null;
    if (prompted !== undefined && (before !== null || above <= 0)) return { prompted, before };
  }
  throw new RuntimeError('NOTHING_TO_ROLL_BACK', `thread ${rows.threadId} has no prompt to edit`);
}

function attachmentsOf({ items }: ThreadProjection, turnId: TurnId): AttachmentId[] {
  const body = items.get(itemIdOf(turnId, `prompt:${turnId}`))?.body;
  return body?.kind === 'user_message' ? body.attachments : [];
}

/** @throws {RuntimeError} NOTHING_TO_ROLL_BACK, CHECKPOINT_MISSING */
export function checkRollback(rows: ThreadProjection, rollback: PendingRollback): void {
  const { turnIds, files, ordinal } = rollback;
  const steps = files ? rows.checkpointsAbove(ordinal).filter(({ restored }) => !restored) : [];
  if (turnIds.length + steps.length === 0) {
    throw new RuntimeError('NOTHING_TO_ROLL_BACK', `no turn of thread ${rows.threadId} comes after that one`);
  }
  if (files) checkSteps(rows, turnIds, steps);
}

function checkSteps(
  rows: ThreadProjection,
  turnIds: readonly TurnId[],
  steps: readonly CheckpointRow[],
): void {
  const uncaptured = turnIds.flatMap((turnId) => {
    const row = rows.checkpoints.get(turnId);
    const isOfPerson = rows.turns.get(turnId)?.origin === 'user';
    return row === undefined && isOfPerson ? [{ turnId, reason: 'no checkpoints were taken then' }] : [];
  });
  const missing = [...uncaptured, ...steps.flatMap((row) => reasonIn(row) ?? [])];
  const [first] = missing;
  if (first === undefined) return;
  const why = `the files of turn ${first.turnId} are not known: ${first.reason}`;
  throw new RuntimeError('CHECKPOINT_MISSING', `${why}; files: false goes back in the conversation only`, {
    details: { turns: missing.slice(0, 20) },
  });
}

/** `null`: both points are there, or still to come. */
export function reasonIn({ turnId, status, reason, failure }: CheckpointRow) {
  if (status === 'missing') return { turnId, reason: reason ?? 'nothing could be captured' };
  return status === 'failed' ? { turnId, reason: failure?.message ?? 'the capture failed' } : null;
}
