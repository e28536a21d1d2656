/** What a tick adds of its own accord before it commits: bases of threads that have settled, and caches of the others. */
import { storeCharts } from '../../machines/charts.ts';
import type { Base, ThreadEntry } from '../../machines/domain/entry.ts';
import type { ThreadCache, TickWrite } from '../../machines/ports/journal.ts';
import type { LoadedThread } from './loaded-thread.ts';
import type { Staging } from './staging.ts';

/** A thread that does not settle is cached after so many inputs; loading steps at most as many. */
const CACHE_EVERY = 64;

/** Everything of the tick, in one transaction. */
export function seal(staging: Staging, machineHash: string): TickWrite {
  const caches: ThreadCache[] = [];
  for (const thread of staging.threads) {
    if (hasSettled(thread, staging)) stageBase(thread, staging, machineHash);
    else if (thread.sinceStored >= CACHE_EVERY) caches.push(cacheOf(thread, machineHash));
  }
  return {
    entries: staging.entries,
    receipts: [...staging.receipts.values()],
    threads: [...staging.threads].flatMap((thread) => thread.projection.changes() ?? []),
    instances: [...staging.instances].flatMap(({ row, isDirty }) => (isDirty && row !== null ? [row] : [])),
    caches,
  };
}

function hasSettled(thread: LoadedThread, staging: Staging): boolean {
  if (!thread.isSettled || thread.sinceStored === 0) return false;
  const hasEnded = staging
    .entriesOf(thread.threadId)
    .some((entry) => entry.facts.some((fact) => fact.type === 'turn.ended'));
  return hasEnded || thread.sinceStored >= CACHE_EVERY;
}

function stageBase(thread: LoadedThread, staging: Staging, machineHash: string): void {
  const { root, connection } = storeCharts(thread.actor.charts);
  const charts = connection === undefined ? { root } : { root, connection };
  const input: Base = { type: 'thread.based', format: 1, charts, timers: { ...thread.timers } };
  const entry: ThreadEntry = {
    sequence: staging.nextSequence(),
    version: thread.version + 1,
    at: staging.at,
    machineHash,
    outcome: 'applied',
    commandId: null,
    kind: 'base',
    stream: thread.threadId,
    input,
    facts: [],
  };
  thread.fold(entry, []);
  // loading reads no deltas from before the base
  thread.projection.items.writeAmended();
  thread.sinceStored = 0;
  staging.add(entry, { kind: 'thread', id: thread.threadId }, []);
}

function cacheOf(thread: LoadedThread, machineHash: string): ThreadCache {
  thread.sinceStored = 0;
  const { threadId, version, timers } = thread;
  return { threadId, machineHash, version, charts: JSON.stringify({ charts: thread.actor.store(), timers }) };
}
