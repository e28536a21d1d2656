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

/** Its rows and entries are gone: now its attachments, and the memory of them. */
export function endPurge(journal: Journal, threadId: ThreadId, remove: RemoveAttachment): void {
  for (const id of journal.attachmentsOnlyOf(threadId)) remove(id);
  journal.endPurge(threadId);
}

/** All at once, for a store that no server uses: those threads, and those of which a purge has begun. */
export function purgeNow(journal: Journal, threadIds: readonly ThreadId[], remove: RemoveAttachment): void {
  for (const threadId of threadIds) checkDeleted(journal, threadId);
  for (const threadId of threadIds) journal.beginPurge(threadId);
  for (const threadId of journal.purges()) {
    while (!journal.purge(threadId, ROWS_AT_ONCE).isDone);
    endPurge(journal, threadId, remove);
  }
}
