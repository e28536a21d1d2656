/** Housekeeping of the journal in memory: pruning and purging. */
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { Entry } from '../../machines/domain/entry.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { AttachmentId, ThreadId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import { purgedState, purgedWork } from '../../machines/domain/purged.ts';
import { threadStateSchema } from '../../machines/domain/snapshot.ts';
import type { ChoreStep } from '../../machines/ports/journal.ts';
import { Stored, ThreadTables, type MemoryStore, type StoredEntry } from './memory-store.ts';

export class MemoryChores {
  readonly #alive: () => MemoryStore;

  constructor(alive: () => MemoryStore) {
    this.#alive = alive;
  }

  prune(limit: number, before: number): ChoreStep {
    const store = this.#alive();
    const [work] = this.#due(before);
    if (work === undefined) return { removedCount: 0, isDone: true };
    const { threadId, base } = work;
    const entries = store.streams.get(`thread ${threadId}`) ?? [];
    const gone = entries.filter((each) => each.kind === 'delta' && each.version < base).slice(0, limit);
    keepBut(store, threadId, gone);
    const last = gone.at(-1);
    if (last !== undefined) store.prunedBefore.set(threadId, last.version + 1);
    return { removedCount: gone.length, isDone: this.#due(before).length === 0 };
  }

  /** Threads with deltas before an old base. */
  #due(before: number): { threadId: ThreadId; base: number }[] {
    const { prunable, streams } = this.#alive();
    return [...prunable].flatMap((threadId) => {
      const entries = streams.get(`thread ${threadId}`) ?? [];
      const base = entries.findLast((each) => each.kind === 'base' && each.at < before)?.version ?? 0;
      const hasDeltas = entries.some((each) => each.kind === 'delta' && each.version < base);
      if (!hasDeltas && entries.findLast((each) => each.kind === 'base')?.version === base) {
        prunable.delete(threadId);
      }
      return hasDeltas ? [{ threadId, base }] : [];
    });
  }

  deletedThreads(before: number, limit: number): ThreadId[] {
    const { threads, purged } = this.#alive();
    const states = [...threads.values()].flatMap(({ state }) => state?.read() ?? []);
    const needed = neededBy(states);
    return states
      .filter(({ row, removal }) => removal === 'deleted' && row.updatedAt < before && !purged.has(row.id))
      .filter(({ row }) => !needed.has(row.id))
      .toSorted((a, b) => a.row.updatedAt - b.row.updatedAt)
      .slice(0, limit)
      .map(({ row }) => row.id);
  }

  beginPurge(threadId: ThreadId, version: number): void {
    const store = this.#alive();
    const tables = store.threads.get(threadId);
    const state = tables?.state?.read();
    if (tables === undefined || state === undefined) throw new RuntimeError('THREAD_NOT_FOUND', threadId);
    if (state.removal !== 'deleted') throw new RuntimeError('THREAD_NOT_DELETED', threadId);
    tables.state = new Stored(purgedState(state), threadStateSchema);
    purgeWork(store, threadId);
    store.purged.set(threadId, version);
    store.purges.add(threadId);
    store.prunable.delete(threadId);
    store.caches.delete(threadId);
  }

  purge(threadId: ThreadId, limit: number): ChoreStep {
    const store = this.#alive();
    const gone = (store.streams.get(`thread ${threadId}`) ?? []).slice(0, limit);
    for (const { commandId } of gone) if (commandId !== null) store.receipts.delete(commandId);
    keepBut(store, threadId, gone);
    if (gone.length === limit) return { removedCount: limit, isDone: false };
    const tables = new ThreadTables();
    tables.state = store.threads.get(threadId)?.state ?? null;
    store.threads.set(threadId, tables);
    return { removedCount: gone.length, isDone: true };
  }

  attachmentsOnlyOf(threadIds: readonly ThreadId[]): AttachmentId[] {
    const { attachmentUses } = this.#alive();
    const others = [...attachmentUses].filter(([id]) => !threadIds.includes(id)).map(([, used]) => used);
    const own = new Set(threadIds.flatMap((id) => [...(attachmentUses.get(id) ?? [])]));
    return [...own].filter((id) => !others.some((used) => used.has(id)));
  }
}

function keepBut({ streams }: MemoryStore, threadId: ThreadId, gone: readonly StoredEntry[]): void {
  const stream = `thread ${threadId}`;
  const removed = new Set(gone);
  streams.set(
    stream,
    (streams.get(stream) ?? []).filter((each) => !removed.has(each)),
  );
}

/** What an entry gives the chores to do. */
export function noteChores(store: MemoryStore, { kind, stream, input }: Entry): void {
  const threadId = stream as ThreadId;
  if (kind === 'base') store.prunable.add(threadId);
  if (input.type === 'turn.submit') use(store, threadId, input.prompt.attachments);
}

export function noteAttachments(store: MemoryStore, threadId: ThreadId, { body }: ItemRow): void {
  if (body.kind === 'user_message') use(store, threadId, body.attachments);
  if (body.kind === 'transfer') use(store, threadId, body.report?.attachments ?? []);
}

function use({ attachmentUses }: MemoryStore, threadId: ThreadId, used: readonly AttachmentId[]): void {
  if (used.length === 0) return;
  attachmentUses.set(threadId, new Set([...(attachmentUses.get(threadId) ?? []), ...used]));
}

function purgeWork({ streams }: MemoryStore, threadId: ThreadId): void {
  for (const [stream, entries] of streams) {
    if (!stream.startsWith('instance ')) continue;
    streams.set(
      stream,
      entries.map((each) => {
        const entry = each.value.read();
        const isOf =
          entry.kind === 'instance' && 'work' in entry.input && entry.input.work.threadId === threadId;
        return isOf
          ? { ...each, value: new Stored<Entry>({ ...entry, input: purgedWork(entry.input) }) }
          : each;
      }),
    );
  }
}

/** What living threads descend from. */
function neededBy(states: readonly ThreadState[]): ReadonlySet<ThreadId> {
  const parents = new Map(states.map(({ row }) => [row.id, row.parentId]));
  const needed = new Set<ThreadId>();
  for (const { row, removal } of states) {
    if (removal !== 'none') continue;
    for (let id = row.parentId; id !== null; id = parents.get(id) ?? null) needed.add(id);
  }
  return needed;
}
