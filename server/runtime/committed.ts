/** From a tick that has been committed to what its listeners are told. */
import type { InstanceId, ThreadId } from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { Redact } from '../redact-value.ts';
import type { CommittedEntry, CommittedThread, CommittedTick, InspectedEntry } from './api.ts';
import { inspectedEntry, NOTHING_SEEN } from './inspected.ts';
import type { Inspections } from './inspections.ts';
import type { Instances } from './instances.ts';
import type { LoadedThread } from './loaded-thread.ts';
import { machineStateOf } from './machine-state.ts';
import type { Staging } from './staging.ts';

export interface CommittedParts {
  /** The thread as it is loaded now: a failed commit may have replaced it. */
  readonly current: (threadId: ThreadId) => LoadedThread | null;
  readonly watched: Pick<ReadonlyMap<ThreadId, unknown>, 'has' | 'keys'>;
  /** Of a thread, loaded or not. */
  readonly instanceOf: (threadId: ThreadId) => InstanceId | null;
  readonly instances: Pick<Instances, 'refusalOf'>;
  readonly changed: Changed;
  readonly inspections: Pick<Inspections, 'has'>;
  readonly redact: Redact;
}

/** Of which threads and instances the tick has changed the row. */
export interface Changed {
  readonly threads: ReadonlySet<ThreadId>;
  readonly instances: readonly InstanceRow[];
  /** Have gone out of service, or come back. */
  readonly turned: ReadonlySet<InstanceId>;
}

/** The rows are stored: what was changed is told once, and no longer dirty. */
export function takeChanged(staging: Staging, all: Pick<Instances, 'turned'>): Changed {
  const threads = new Set<ThreadId>();
  for (const thread of staging.threads) {
    if (thread.projection.isStateDirty) threads.add(thread.threadId);
    thread.projection.clean();
  }
  const instances = [...staging.instances].filter((instance) => instance.isDirty);
  for (const instance of instances) instance.isDirty = false;
  const turned = all.turned(staging.instances);
  return { threads, instances: instances.flatMap(({ row }) => row ?? []), turned };
}

export function committedTick(staging: Staging, parts: CommittedParts): CommittedTick {
  const entries = entriesByThread(staging);
  return {
    sequence: staging.sequence,
    threads: [...entries].map(([threadId, list]) => {
      const thread = committedThread(threadId, list, parts);
      if (!parts.inspections.has(threadId)) return thread;
      return { ...thread, inspected: inspectedEntries(threadId, staging, parts.redact) };
    }),
    instances: parts.changed.instances,
    restated: restated(entries, parts),
  };
}

/** Threads that are watched and have not moved themselves: what can be done with them depends on their instance. */
function restated(
  moved: ReadonlyMap<ThreadId, unknown>,
  { watched, instanceOf, changed: { turned } }: CommittedParts,
): ThreadId[] {
  if (turned.size === 0) return [];
  return [...watched.keys()].filter((threadId) => {
    const instanceId = moved.has(threadId) ? null : instanceOf(threadId);
    return instanceId !== null && turned.has(instanceId);
  });
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

function inspectedEntries(threadId: ThreadId, staging: Staging, redact: Redact): InspectedEntry[] {
  return staging.entries.flatMap((entry) => {
    if (entry.kind === 'instance' || entry.stream !== threadId) return [];
    return [inspectedEntry(entry, staging.insights.get(entry.sequence) ?? NOTHING_SEEN, redact)];
  });
}

function committedThread(
  threadId: ThreadId,
  entries: readonly CommittedEntry[],
  { current, watched, instances, changed }: CommittedParts,
): CommittedThread {
  const thread = current(threadId);
  const hasMoved = entries.some((entry) => entry.kind === 'input');
  const state = thread?.projection.state ?? null;
  return {
    threadId,
    entries,
    state:
      thread !== null && hasMoved && watched.has(threadId)
        ? machineStateOf(thread, instances.refusalOf(thread.context.settings.instanceId))
        : null,
    row: changed.threads.has(threadId) && state?.removal === 'none' ? state.row : null,
    removed: changed.threads.has(threadId) && state !== null && state.removal !== 'none',
  };
}
