/** Ids that a person typed. */
import type { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import { threadIdSchema, turnIdSchema, type ThreadId, type TurnId } from '../../machines/domain/ids.ts';

/** @throws {RuntimeError} INVALID_PARAMS */
export const threadIdOf = (text: string): ThreadId => idOf(threadIdSchema, text, 'thread');

/** @throws {RuntimeError} INVALID_PARAMS */
export const turnIdOf = (text: string): TurnId => idOf(turnIdSchema, text, 'turn');

function idOf<Schema extends z.ZodType>(schema: Schema, text: string, of: string): z.output<Schema> {
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new RuntimeError('INVALID_PARAMS', `${text} is no id of a ${of}`);
}
