/** The `Journal` port in memory, for fast tests with crashes: only JSON text survives in the store. */
import type { z } from 'zod';
import { decodeCursor, encodeCursor, FIRST_PAGE } from '../../adapters/sqlite/list-cursor.ts';
import { foldCase, searchTextOf } from '../../adapters/sqlite/search-text.ts';
import {
  instanceEntrySchema,
  threadEntrySchema,
  type Base,
  type Entry,
  type InstanceEntry,
  type ThreadEntry,
} from '../../machines/domain/entry.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type {
  AttachmentId,
  CommandId,
  InstanceId,
  ItemId,
  RequestId,
  ThreadId,
  TurnId,
} from '../../machines/domain/ids.ts';
import { checkpointRowSchema, type CheckpointRow } from '../../machines/domain/checkpoint.ts';
import { instanceRowSchema, type InstanceRow } from '../../machines/domain/instance.ts';
import { itemRowSchema, type ItemRow } from '../../machines/domain/item.ts';
import { requestRowSchema, type RequestRow } from '../../machines/domain/request.ts';
import { threadStateSchema, type ThreadRow, type ThreadState } from '../../machines/domain/snapshot.ts';
import { turnRowSchema, type TurnRow } from '../../machines/domain/turn.ts';
import type {
  ChoreStep,
  Epoch,
  Journal,
  LoadedThread,
  ReadOptions,
  Receipt,
  ThreadCache,
  ThreadPage,
  ThreadQuery,
  ThreadRows,
  TickWrite,
  TurnRange,
} from '../../machines/ports/journal.ts';
import { MemoryStore, Stored, ThreadTables, type StoredEntry } from './memory-store.ts';
import { MemoryChores, noteAttachments, noteChores } from './memory-chores.ts';
import type { ProcessRow } from '../../machines/ports/process-host.ts';

export { MemoryStore };

type StoredRows = { readonly threadId: ThreadId; readonly tables: ThreadTables };

export interface MemoryJournalOptions {
  now(): number;
  makeEpoch(): string;
}

/** @throws {RuntimeError} STORE_LOCKED while another journal on the store is neither closed nor crashed. */
export function openMemoryJournal(store: MemoryStore, options: MemoryJournalOptions): Journal {
  if (store.holder !== null) throw new RuntimeError('STORE_LOCKED', 'another journal is open on this memory');
  const journal = new MemoryJournal(store);
  store.epochs.push({
    epoch: options.makeEpoch(),
    startedAt: options.now(),
    afterSequence: store.entryCount,
  });
  store.holder = journal;
  return journal;
}

const streamOf = ({ kind, stream }: Pick<Entry, 'kind' | 'stream'>): string =>
  `${kind === 'instance' ? 'instance' : 'thread'} ${stream}`;

class MemoryJournal implements Journal {
  readonly #store: MemoryStore;
  readonly #chores: MemoryChores;

  constructor(store: MemoryStore) {
    this.#store = store;
    this.#chores = new MemoryChores(() => this.#alive);
  }

  get #alive(): MemoryStore {
    if (this.#store.holder !== this) throw new RuntimeError('INTERNAL', 'the journal is closed');
    return this.#store;
  }

  get epoch(): Epoch {
    return this.epochs().at(-1)!;
  }

  epochs(): Epoch[] {
    const { epochs, entryCount } = this.#alive;
    return epochs.map(({ epoch, startedAt }, index) => ({
      epoch,
      startedAt,
      lastSequence: epochs[index + 1]?.afterSequence ?? entryCount,
    }));
  }

  lastSequence(): number {
    return this.#alive.entryCount;
  }

  commit(write: TickWrite): void {
    const store = this.#alive;
    const staged = stage(store, write);
    const fault = store.failNextCommit;
    store.failNextCommit = null;
    if (fault === 'before') throw new RuntimeError('STORE_UNAVAILABLE', 'planned: nothing was written');
    apply(store, staged);
    if (fault === 'after') throw new RuntimeError('STORE_UNAVAILABLE', 'planned: everything was written');
    try {
      store.onCommit?.(write);
    } catch (cause) {
      throw new RuntimeError('STORE_UNAVAILABLE', `committing a tick: ${String(cause)}`, { cause });
    }
  }

  receipt(id: CommandId): Receipt | null {
    return this.#alive.receipts.get(id)?.read() ?? null;
  }

  loadThread(id: ThreadId): LoadedThread {
    const entries = this.#entries('thread', id);
    const based = entries.findLast((each) => each.kind === 'base' && each.value.read().outcome === 'applied');
    return {
      base: based === undefined ? null : { version: based.version, base: based.value.read().input as Base },
      cache: this.#alive.caches.get(id)?.read() ?? null,
      version: this.threadVersion(id),
    };
  }

  threadVersion(id: ThreadId): number {
    return this.#entries('thread', id).at(-1)?.version ?? this.#alive.purged.get(id) ?? 0;
  }

  readThread(id: ThreadId, after: number, { limit, deltas }: ReadOptions): ThreadEntry[] {
    return this.#entries('thread', id)
      .filter((each) => each.version > after && (deltas || each.kind !== 'delta'))
      .slice(0, limit)
      .map((each) => each.value.read() as ThreadEntry);
  }

  readInstance(id: InstanceId, after: number, { limit }: ReadOptions): InstanceEntry[] {
    const entries = this.#entries('instance', id).slice(after, after + limit);
    return entries.map((each) => each.value.read() as InstanceEntry);
  }

  threadIds(): ThreadId[] {
    const ids = this.#ids('thread') as ThreadId[];
    return ids.filter((id) => !this.#alive.purged.has(id));
  }

  instanceVersion(id: InstanceId): number {
    return this.#entries('instance', id).at(-1)?.version ?? 0;
  }

  instanceIds(): InstanceId[] {
    return this.#ids('instance') as InstanceId[];
  }

  versionAt(id: ThreadId, sequence: number): number {
    return this.#entries('thread', id).findLast((each) => each.sequence <= sequence)?.version ?? 0;
  }

  changedSince(sequence: number): ThreadId[] {
    return this.threadIds().filter((id) => (this.#entries('thread', id).at(-1)?.sequence ?? 0) > sequence);
  }

  unsettledThreads(): ThreadId[] {
    const isUnsettled = ({ row, bound, errands }: ThreadState): boolean =>
      bound || errands > 0 || row.status === 'starting' || row.status === 'running';
    return [...this.#alive.threads].flatMap(([, { state, items }]) => {
      const read = state?.read();
      if (read === undefined) return [];
      const hasOpen = [...items.values()].some((item) => item.read().status === 'open');
      return hasOpen || isUnsettled(read) ? [read.row.id] : [];
    });
  }

  threadState(id: ThreadId): ThreadState | null {
    return this.#alive.threads.get(id)?.state?.read() ?? null;
  }

  listThreads(query: ThreadQuery): ThreadPage {
    const cursor = query.cursor === undefined ? FIRST_PAGE : decodeCursor(query.cursor);
    const found = [...this.#alive.threads.values()]
      .flatMap((tables) => tables.state?.read() ?? [])
      .filter((state) => state.removal === 'none' && isMatch(state.row, query))
      .map((state) => state.row)
      .filter((row) => byNewest(row, { updatedAt: cursor.updatedAt, id: cursor.threadId }) > 0)
      .toSorted(byNewest);
    const rows = found.slice(0, query.limit);
    const last = rows.at(-1);
    const isMore = found.length > rows.length && last !== undefined;
    const next = isMore ? encodeCursor({ updatedAt: last.updatedAt, threadId: last.id }) : null;
    return { rows, next, unreadable: [] };
  }

  turn(id: ThreadId, turn: TurnId): TurnRow | null {
    return this.#tables(id).turns.get(turn)?.read() ?? null;
  }

  turnByNative(id: ThreadId, nativeTurnId: string): TurnRow | null {
    return this.#turns(id).findLast((turn) => turn.nativeTurnId === nativeTurnId) ?? null;
  }

  latestTurn(id: ThreadId): TurnRow | null {
    return this.#turns(id).at(-1) ?? null;
  }

  turns(id: ThreadId, { above = 0, below = Infinity, limit }: TurnRange): TurnRow[] {
    const rows = this.#turns(id).filter(({ ordinal }) => ordinal > above && ordinal < below);
    return rows.toReversed().slice(0, limit);
  }

  checkpoint(id: ThreadId, turn: TurnId): CheckpointRow | null {
    return this.#tables(id).checkpoints.get(turn)?.read() ?? null;
  }

  checkpointsAbove(id: ThreadId, ordinal: number): CheckpointRow[] {
    const rows = [...this.#tables(id).checkpoints.values()].map((each) => each.read());
    return rows.filter((row) => row.ordinal > ordinal).toSorted((a, b) => a.ordinal - b.ordinal);
  }

  checkpointRoots(id: ThreadId): string[] {
    return [...new Set(this.checkpointsAbove(id, 0).flatMap(({ root }) => root ?? []))];
  }

  item(id: ThreadId, item: ItemId): ItemRow | null {
    return this.#tables(id).items.get(item)?.read() ?? null;
  }

  items(id: ThreadId, before: number | null, limit: number): ItemRow[] {
    const below = this.#items(id).filter((item) => item.ordinal < (before ?? Infinity));
    return below.slice(Math.max(0, below.length - limit));
  }

  openItems(id: ThreadId): ItemRow[] {
    return this.#items(id).filter((item) => item.status === 'open');
  }

  request(id: ThreadId, request: RequestId): RequestRow | null {
    return this.#tables(id).requests.get(request)?.read() ?? null;
  }

  openRequests(id: ThreadId): RequestRow[] {
    const rows = [...this.#tables(id).requests.values()].map((each) => each.read());
    return rows.filter((row) => row.status !== 'closed');
  }

  instance(id: InstanceId): InstanceRow | null {
    return this.#alive.instances.get(id)?.read() ?? null;
  }

  putProcess(row: ProcessRow): void {
    this.#alive.processes.set(row.marker, new Stored(row));
  }

  removeProcess(marker: string): void {
    this.#alive.processes.delete(marker);
  }

  processes(): ProcessRow[] {
    return [...this.#alive.processes.values()].map((each) => each.read());
  }

  prune(limit: number, before: number): ChoreStep {
    return this.#chores.prune(limit, before);
  }

  prunedBefore(id: ThreadId): number | null {
    return this.#alive.prunedBefore.get(id) ?? null;
  }

  deletedThreads(before: number, limit: number): ThreadId[] {
    return this.#chores.deletedThreads(before, limit);
  }

  beginPurge(id: ThreadId): void {
    this.#chores.beginPurge(id, this.threadVersion(id));
  }

  purges(): ThreadId[] {
    return [...this.#alive.purges];
  }

  purge(id: ThreadId, limit: number): ChoreStep {
    return this.#chores.purge(id, limit);
  }

  attachmentsOnlyOf(ids: readonly ThreadId[]): AttachmentId[] {
    return this.#chores.attachmentsOnlyOf(ids);
  }

  endPurges(ids: readonly ThreadId[]): void {
    for (const id of ids) {
      this.#alive.attachmentUses.delete(id);
      this.#alive.purges.delete(id);
    }
  }

  compact(): { beforeBytes: number; afterBytes: number } {
    const sizeBytes = this.#alive.streams.size;
    return { beforeBytes: sizeBytes, afterBytes: sizeBytes };
  }

  replaceThread(rows: ThreadRows): void {
    const store = this.#alive;
    if (store.purged.has(rows.threadId)) return;
    const tables = tablesOf(rows);
    store.threads.delete(rows.threadId);
    merge(store, { threadId: rows.threadId, tables });
  }

  close(): void {
    if (this.#store.holder === this) this.#store.holder = null;
  }

  #entries(kind: 'thread' | 'instance', id: string): readonly StoredEntry[] {
    return this.#alive.streams.get(`${kind} ${id}`) ?? [];
  }

  #ids(kind: 'thread' | 'instance'): string[] {
    const prefix = `${kind} `;
    const words = [...this.#alive.streams.keys()].filter((word) => word.startsWith(prefix));
    return words.map((word) => word.slice(prefix.length));
  }

  #tables(id: ThreadId): ThreadTables {
    return this.#alive.threads.get(id) ?? new ThreadTables();
  }

  #turns(id: ThreadId): TurnRow[] {
    const rows = [...this.#tables(id).turns.values()].map((each) => each.read());
    return rows.toSorted((a, b) => a.ordinal - b.ordinal);
  }

  #items(id: ThreadId): ItemRow[] {
    const rows = [...this.#tables(id).items.values()].map((each) => each.read());
    return rows.toSorted((a, b) => a.ordinal - b.ordinal);
  }
}

type Place = Pick<ThreadRow, 'updatedAt' | 'id'> | { readonly updatedAt: number; readonly id: string };

function byNewest(a: Place, b: Place): number {
  if (a.updatedAt !== b.updatedAt) return b.updatedAt - a.updatedAt;
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}

function isMatch(row: ThreadRow, { archived, status, query = '' }: ThreadQuery): boolean {
  if (archived !== undefined && row.archived !== archived) return false;
  if (status !== undefined && row.status !== status) return false;
  return searchTextOf(row).includes(foldCase(query));
}

// ---- a commit: first everything that can fail, then everything that counts ----------------------------------------

interface Staged {
  readonly entries: readonly { readonly stream: string; readonly entry: StoredEntry }[];
  readonly receipts: readonly { readonly id: CommandId; readonly receipt: Stored<Receipt> }[];
  readonly threads: readonly StoredRows[];
  readonly instances: readonly { readonly id: InstanceId; readonly row: Stored<InstanceRow> }[];
  readonly caches: readonly { readonly id: ThreadId; readonly cache: Stored<ThreadCache> }[];
}

function stage(store: MemoryStore, write: TickWrite): Staged {
  checkPlaces(store, write.entries);
  return {
    entries: write.entries.map((entry) => ({ stream: streamOf(entry), entry: storedEntry(entry) })),
    receipts: write.receipts.map((receipt) => ({
      id: receipt.commandId,
      receipt: newReceipt(store, receipt),
    })),
    threads: write.threads.map((rows) => ({ threadId: rows.threadId, tables: tablesOf(rows) })),
    instances: write.instances.map((row) => ({
      id: row.instanceId,
      row: new Stored(row, instanceRowSchema),
    })),
    caches: write.caches.map((cache) => ({ id: cache.threadId, cache: new Stored(cache) })),
  };
}

function checkPlaces(store: MemoryStore, entries: readonly Entry[]): void {
  const versions = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    const stream = streamOf(entry);
    const purged = entry.kind === 'instance' ? undefined : store.purged.get(entry.stream as ThreadId);
    const version = versions.get(stream) ?? store.streams.get(stream)?.at(-1)?.version ?? purged ?? 0;
    if (entry.sequence !== store.entryCount + index + 1 || entry.version !== version + 1) {
      throw new RuntimeError('INTERNAL', `entry ${entry.sequence} does not continue the journal`);
    }
    versions.set(stream, entry.version);
  }
}

function storedEntry(entry: Entry): StoredEntry {
  const { sequence, version, kind, at, commandId } = entry;
  const schema: z.ZodType<Entry> = kind === 'instance' ? instanceEntrySchema : threadEntrySchema;
  return { sequence, version, kind, at, commandId, value: new Stored<Entry>(entry, schema) };
}

function newReceipt(store: MemoryStore, receipt: Receipt): Stored<Receipt> {
  if (!store.receipts.has(receipt.commandId)) return new Stored(receipt);
  throw new RuntimeError('INTERNAL', `the command ${receipt.commandId} has a receipt`);
}

function tablesOf({ state, turns, items, requests, checkpoints }: ThreadRows): ThreadTables {
  const tables = new ThreadTables();
  if (state !== null) tables.state = new Stored(state, threadStateSchema);
  for (const row of turns) tables.turns.set(row.turnId, new Stored(row, turnRowSchema));
  for (const row of items) tables.items.set(row.itemId, new Stored(row, itemRowSchema));
  for (const row of requests) tables.requests.set(row.requestId, new Stored(row, requestRowSchema));
  for (const row of checkpoints) tables.checkpoints.set(row.turnId, new Stored(row, checkpointRowSchema));
  return tables;
}

function apply(store: MemoryStore, staged: Staged): void {
  for (const { stream, entry } of staged.entries) {
    const entries = store.streams.get(stream) ?? [];
    entries.push(entry);
    store.streams.set(stream, entries);
    store.entryCount = entry.sequence;
    noteChores(store, entry.value.read());
  }
  for (const { id, receipt } of staged.receipts) store.receipts.set(id, receipt);
  for (const rows of staged.threads) merge(store, rows);
  for (const { id, row } of staged.instances) store.instances.set(id, row);
  for (const { id, cache } of staged.caches) store.caches.set(id, cache);
}

function merge(store: MemoryStore, { threadId, tables }: StoredRows): void {
  const known = store.threads.get(threadId) ?? new ThreadTables();
  known.state = tables.state ?? known.state;
  for (const [id, row] of tables.turns) known.turns.set(id, row);
  for (const [id, row] of tables.items) {
    known.items.set(id, row);
    noteAttachments(store, threadId, row.read());
  }
  for (const [id, row] of tables.requests) known.requests.set(id, row);
  for (const [id, row] of tables.checkpoints) known.checkpoints.set(id, row);
  store.threads.set(threadId, known);
}
