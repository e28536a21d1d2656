/** A session whose newest turns are taken out. */
import { z } from 'zod';
import type { Rollback } from '../../machines/domain/opening.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import { messagesAfter } from './forks.ts';
import { deleteMessage, revertSession, unrevertSession, type Place } from './requests.ts';
import type { Run } from './run.ts';
import { sessionSchema } from './wire.ts';

/**
 * Nothing of the session may run.
 * @throws {RuntimeError} RESUME_FAILED when it has no such turn, OPEN_FAILED when its files cannot be put back
 */
export async function rollBack(run: Run, place: Place, { nativeTurnId, files }: Rollback): Promise<void> {
  const messages = await messagesAfter(run, place, nativeTurnId);
  const [first] = messages;
  if (first === undefined) return;
  if (files) return putBack(run, place, first.info.id);
  // a revert would put the files back, too
  for (const { info } of messages.toReversed()) {
    await run.server.ask({ ...deleteMessage(place, info.id), answer: z.unknown() });
  }
}

/** The messages are there until the next prompt. */
async function putBack(run: Run, place: Place, messageId: string): Promise<void> {
  const { revert } = await run.server.ask({ ...revertSession(place, messageId), answer: sessionSchema });
  if (revert?.snapshot !== undefined) return;
  await run.server.ask({ ...unrevertSession(place), answer: z.unknown() });
  throw new RuntimeError('OPEN_FAILED', 'opencode puts files back only in a git repository');
}
