import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';

/** The last thread of a page: the next one continues below it, whatever happened to it meanwhile. */
export interface ListCursor {
  readonly updatedAt: number;
  readonly threadId: string;
}

/** Above every thread. */
export const FIRST_PAGE: ListCursor = { updatedAt: Number.MAX_SAFE_INTEGER, threadId: '' };

const cursorSchema = z.tuple([z.number(), z.string().min(1).max(64)]);

export function encodeCursor({ updatedAt, threadId }: ListCursor): string {
  return Buffer.from(JSON.stringify([updatedAt, threadId])).toString('base64url');
}

/** @throws {RuntimeError} INVALID_PARAMS */
export function decodeCursor(cursor: string): ListCursor {
  try {
    const [updatedAt, threadId] = cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    return { updatedAt, threadId };
  } catch (cause) {
    throw new RuntimeError('INVALID_PARAMS', 'the cursor is none that a thread list has returned', { cause });
  }
}
