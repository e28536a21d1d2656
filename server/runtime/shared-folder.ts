/** Two agents at work in one folder change each other's files: the transcript of the second one says so. */
import { itemIdSchema } from '../../machines/domain/ids.ts';
import type { ItemDraft } from '../../machines/domain/item.ts';
import { connectionIdIn } from '../../machines/thread-turns.ts';
import type { LoadedThread } from './loaded-thread.ts';
import type { Applied, Intake } from './take.ts';

const MOST_NAMED_COUNT = 3;

/**
 * Adds a notice where a prompt has begun while a prompt of another thread runs in the same folder, in one above or in
 * one below; once for each other thread. Nothing is refused: it may be meant.
 */
export function noteSharedFolder(intake: Intake, { thread, entry }: Applied): void {
  if (!entry.facts.some((fact) => fact.type === 'turn.began')) return;
  const others = [...intake.parts.threads.loaded()].filter((other) => isBeside(thread, other));
  if (others.length === 0) return;
  for (const { threadId } of others) thread.sharesFolderWith.add(threadId);
  const { context, turn } = thread;
  intake.apply(thread, {
    type: 'provider.itemCompleted',
    connectionId: connectionIdIn(context),
    turnId: context.activeTurn?.turnId ?? null,
    attempt: turn?.attempt ?? 0,
    nativeTurnId: null,
    item: noticeOf(others, intake.parts.newId()),
  });
}

function isBeside(thread: LoadedThread, other: LoadedThread): boolean {
  if (other === thread || other.isSettled || thread.sharesFolderWith.has(other.threadId)) return false;
  // a sub-agent works for its parent; what is said of that is said of both
  if (isSubagent(thread) || isSubagent(other)) return false;
  return overlap(thread.context.settings.cwd, other.context.settings.cwd);
}

const isSubagent = ({ context: { lineage } }: LoadedThread): boolean => lineage?.kind === 'subagent';

function noticeOf(others: readonly LoadedThread[], id: string): ItemDraft {
  const names = others.slice(0, MOST_NAMED_COUNT).map(({ threadId, context: { settings } }) => {
    const title = settings.title === '' ? '' : ` "${settings.title}"`;
    return `${threadId}${title} in ${settings.cwd}`;
  });
  const more = others.length > names.length ? ` and ${others.length - names.length} more` : '';
  return {
    itemId: itemIdSchema.parse(`notice-${id}`),
    body: { kind: 'notice', tone: 'info', topic: 'workspace.shared' },
    text: `Another thread works on the same files: ${names.join(', ')}${more}.`,
    status: 'completed',
  };
}

/** One is the other, or lies in it. Links are not followed. */
export function overlap(one: string, other: string): boolean {
  const [left, right] = [asFolder(one), asFolder(other)];
  return left.startsWith(right) || right.startsWith(left);
}

const asFolder = (path: string): string => `${path.replace(/\/+$/, '')}/`;
