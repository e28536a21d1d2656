/** A thread is not silent as long as its sub-agents work: what they do, or wait for, is said on their own threads. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { LoadedThread } from './loaded-thread.ts';
import type { Threads } from './threads.ts';

/** Each has a watchdog of its own, unless a person is waited for. */
export function hasAgentAtWork(threads: Threads, parentId: ThreadId): boolean {
  for (const thread of threads.loaded()) if (isAtWork(thread, parentId)) return true;
  return false;
}

const isAtWork = ({ context, isSettled }: LoadedThread, parentId: ThreadId): boolean =>
  !isSettled && context.lineage?.parentId === parentId && context.link.carried !== undefined;
