/** The end of a task as it is told: with the last thing that was said in it. */
import type { TurnId } from '../../machines/domain/ids.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import { RESULT_LENGTH } from '../../machines/domain/task.ts';
import type { ThreadProjection } from './projection.ts';

/** Of the newest items; what comes after the last message of a turn is not that much. */
const LOOK_BACK_COUNT = 64;

/** `null`: the thread cannot be read; its result is without a text. */
export function withText(
  ended: ThreadInputOf<'task.ended'>,
  rows: ThreadProjection | null,
): ThreadInputOf<'task.ended'> {
  const text = rows === null ? '' : (lastMessageOf(rows, ended.taskId)?.text ?? '');
  const isCut = text.length > RESULT_LENGTH;
  return { ...ended, result: { ...ended.result, text: text.slice(0, RESULT_LENGTH), isCut } };
}

/** Of the agent itself, and not of one of its sub-agents. */
function lastMessageOf(rows: ThreadProjection, turnId: TurnId): ItemRow | undefined {
  return rows
    .newestItems(LOOK_BACK_COUNT)
    .findLast(
      (item) =>
        item.turnId === turnId &&
        item.body.kind === 'assistant_message' &&
        item.parentItemId === undefined &&
        item.text !== '',
    );
}
