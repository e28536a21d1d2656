/**
 * What a tick adds of its own accord before it commits: texts that stand in deltas only, bases of threads that have
 * settled, and caches of the others.
 */
import { storeCharts } from '../../machines/charts.ts';
import type { Base, Texts, ThreadEntry } from '../../machines/domain/entry.ts';
import type { ThreadCache, TickWrite } from '../../machines/ports/journal.ts';
import type { LoadedThread } from './loaded-thread.ts';
import type { Staging } from './staging.ts';

/** A thread that does not settle is cached after so many inputs; loading steps at most as many. */
const CACHE_EVERY = 64;

/** Everything of the tick, in one transaction. */
export function seal(staging: Staging, machineHash: string): TickWrite {
  const caches: ThreadCache[] = [];
  for (const thread of staging.threads) {
    const isBased = hasSettled(thread, staging);
    stageTexts(thread, staging, { machineHash, isBased });
    if (isBased) stageBase(thread, staging, machineHash);
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

/** Text that nothing but deltas has told: of items that are over, and before a base of all, because then it can go. */
function stageTexts(
  thread: LoadedThread,
  staging: Staging,
  { machineHash, isBased }: { machineHash: string; isBased: boolean },
): void {
  const untold = thread.projection.untoldItems().filter((item) => isBased || item.status !== 'open');
  if (untold.length === 0) return;
  const items = untold.map(({ itemId, text, status }) => ({ itemId, text, status }));
  const input: Texts = { type: 'thread.textsStated', items };
  const facts = items.map((item) => ({ type: 'item.closed' as const, ...item }));
  stage(thread, staging, { machineHash, kind: 'texts', input, facts });
}

function stageBase(thread: LoadedThread, staging: Staging, machineHash: string): void {
  const { root, connection } = storeCharts(thread.actor.charts);
  const charts = connection === undefined ? { root } : { root, connection };
  const input: Base = { type: 'thread.based', format: 1, charts, timers: { ...thread.timers } };
  stage(thread, staging, { machineHash, kind: 'base', input, facts: [] });
  thread.sinceStored = 0;
}

type Added = Pick<ThreadEntry, 'machineHash' | 'kind' | 'input' | 'facts'>;

function stage(thread: LoadedThread, staging: Staging, added: Added): void {
  const entry: ThreadEntry = {
    sequence: staging.nextSequence(),
    version: thread.version + 1,
    at: staging.at,
    outcome: 'applied',
    commandId: null,
    stream: thread.threadId,
    ...added,
  };
  thread.fold(entry, []);
  staging.add(entry, { kind: 'thread', id: thread.threadId }, []);
}

function cacheOf(thread: LoadedThread, machineHash: string): ThreadCache {
  thread.sinceStored = 0;
  const { threadId, version, timers } = thread;
  return { threadId, machineHash, version, charts: JSON.stringify({ charts: thread.actor.store(), timers }) };
}
