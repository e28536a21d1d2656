/** From a tick that has been committed to what its listeners are told. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { CommittedEntry, CommittedThread, CommittedTick } from './api.ts';
import type { LoadedThread } from './loaded-thread.ts';
import { machineStateOf } from './machine-state.ts';
import type { Staging } from './staging.ts';

export interface CommittedParts {
  /** The thread as it is loaded now: a failed commit may have replaced it. */
  readonly current: (threadId: ThreadId) => LoadedThread | null;
  readonly isWatched: (threadId: ThreadId) => boolean;
  readonly changed: Changed;
}

/** Of which threads and instances the tick has changed the row. */
export interface Changed {
  readonly threads: ReadonlySet<ThreadId>;
  readonly instances: readonly InstanceRow[];
}

/** The rows are stored: what was changed is told once, and no longer dirty. */
export function takeChanged(staging: Staging): Changed {
  const threads = new Set<ThreadId>();
  for (const thread of staging.threads) {
    if (thread.projection.isStateDirty) threads.add(thread.threadId);
    thread.projection.clean();
  }
  const instances = [...staging.instances].filter((instance) => instance.isDirty);
  for (const instance of instances) instance.isDirty = false;
  return { threads, instances: instances.flatMap(({ row }) => row ?? []) };
}

export function committedTick(staging: Staging, parts: CommittedParts): CommittedTick {
  const entries = entriesByThread(staging);
  return {
    sequence: staging.sequence,
    threads: [...entries].map(([threadId, list]) => committedThread(threadId, list, parts)),
    instances: parts.changed.instances,
  };
}

function entriesByThread(staging: Staging): Map<ThreadId, CommittedEntry[]> {
  const byThread = new Map<ThreadId, CommittedEntry[]>();
  const ids = new Map([...staging.threads].map((thread) => [String(thread.threadId), thread.threadId]));
  for (const entry of staging.entries) {
    const threadId = ids.get(entry.stream);
    if (entry.kind === 'instance' || threadId === undefined) continue;
    const { sequence, version, at, kind, facts } = entry;
    const list = byThread.get(threadId) ?? [];
    list.push({ sequence, version, at, kind, facts });
    byThread.set(threadId, list);
  }
  return byThread;
}

function committedThread(
  threadId: ThreadId,
  entries: readonly CommittedEntry[],
  { current, isWatched, changed }: CommittedParts,
): CommittedThread {
  const thread = current(threadId);
  const hasMoved = entries.some((entry) => entry.kind === 'input');
  const state = thread?.projection.state ?? null;
  return {
    threadId,
    entries,
    state: thread !== null && hasMoved && isWatched(threadId) ? machineStateOf(thread) : null,
    row: changed.threads.has(threadId) && state?.removal === 'none' ? state.row : null,
    removed: changed.threads.has(threadId) && state !== null && state.removal !== 'none',
  };
}
