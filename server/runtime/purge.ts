/** The steps of a purge that a running server and the command line share. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { AttachmentId, ThreadId } from '../../machines/domain/ids.ts';
import type { Journal } from '../../machines/ports/journal.ts';

const ROWS_AT_ONCE = 4_096;

type RemoveAttachment = (id: AttachmentId) => void;

/** @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_NOT_DELETED */
export function checkDeleted(journal: Journal, threadId: ThreadId): void {
  const state = journal.threadState(threadId);
  if (state === null) throw new RuntimeError('THREAD_NOT_FOUND', `there is no thread ${threadId}`);
  if (state.removal === 'deleted') return;
  throw new RuntimeError('THREAD_NOT_DELETED', `thread ${threadId} is not deleted; delete it first`);
}

/** Their rows and entries are gone: now their attachments, the memory of them, and what the files still hold. */
export function endPurges(journal: Journal, threadIds: readonly ThreadId[], remove: RemoveAttachment): void {
  for (const id of journal.attachmentsOnlyOf(threadIds)) remove(id);
  journal.endPurges(threadIds);
}

/** All at once, for a store that no server uses: those threads, and those of which a purge has begun. */
export function purgeNow(journal: Journal, threadIds: readonly ThreadId[], remove: RemoveAttachment): void {
  for (const threadId of threadIds) checkDeleted(journal, threadId);
  for (const threadId of threadIds) journal.beginPurge(threadId);
  const begun = journal.purges();
  for (const threadId of begun) while (!journal.purge(threadId, ROWS_AT_ONCE).isDone);
  if (begun.length > 0) endPurges(journal, begun, remove);
}
