import type { InstanceEntry, ThreadEntry } from '../../machines/domain/entry.ts';
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
import type { CheckpointRow } from '../../machines/domain/checkpoint.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type * as port from '../../machines/ports/journal.ts';
import type { ProcessRow } from '../../machines/ports/process-host.ts';
import { EntryAppender } from './append-entries.ts';
import { AttachmentUses } from './attachment-uses.ts';
import { Caches } from './caches.ts';
import { compact } from './compact.ts';
import type { Database } from './database.ts';
import { Epochs } from './epochs.ts';
import { ThreadList } from './list-threads.ts';
import type { FolderLock } from './folder-lock.ts';
import type { OpenFolder } from './open.ts';
import { Processes } from './processes.ts';
import { Pruner } from './prune.ts';
import { Purger } from './purge.ts';
import { EntryReader } from './read-entries.ts';
import { RowReader } from './read-rows.ts';
import { Receipts } from './receipts.ts';
import { RowWriter } from './write-rows.ts';

/** Points at which tests let a commit fail. What they throw is reported as STORE_UNAVAILABLE. */
export interface Faults {
  /** Everything is written, nothing committed. */
  readonly beforeCommit?: () => void;
  /** Everything is committed; the caller recognises such a failure by `lastSequence`. */
  readonly afterCommit?: () => void;
}

export interface JournalStart {
  readonly epoch: string;
  readonly startedAt: number;
  readonly faults: Faults;
}

/** Owns the open folder until it is closed; every method delegates to the part that its name says. */
export class SqliteJournal implements port.Journal {
  readonly #database: Database;
  readonly #lock: FolderLock;
  readonly #faults: Faults;
  readonly #appender: EntryAppender;
  readonly #entries: EntryReader;
  readonly #receipts: Receipts;
  readonly #caches: Caches;
  readonly #writer: RowWriter;
  readonly #rows: RowReader;
  readonly #list: ThreadList;
  readonly #processes: Processes;
  readonly #epochs: Epochs;
  readonly #attachments: AttachmentUses;
  readonly #pruner: Pruner;
  readonly #purger: Purger;
  #isClosed = false;

  constructor({ database, lock }: OpenFolder, { epoch, startedAt, faults }: JournalStart) {
    const { sqlite } = database;
    this.#database = database;
    this.#lock = lock;
    this.#faults = faults;
    this.#appender = new EntryAppender(sqlite);
    this.#entries = new EntryReader(sqlite);
    this.#receipts = new Receipts(sqlite);
    this.#caches = new Caches(sqlite);
    this.#writer = new RowWriter(sqlite);
    this.#rows = new RowReader(sqlite);
    this.#list = new ThreadList(sqlite);
    this.#processes = new Processes(database);
    this.#attachments = new AttachmentUses(sqlite);
    this.#pruner = new Pruner(database);
    this.#purger = new Purger({ database, writer: this.#writer, attachments: this.#attachments });
    this.#epochs = new Epochs(database, { epoch, startedAt, afterSequence: this.lastSequence() });
  }

  get epoch(): port.Epoch {
    return this.#epochs.running(this.lastSequence());
  }

  epochs(): port.Epoch[] {
    return this.#epochs.all(this.lastSequence());
  }

  lastSequence(): number {
    return this.#appender.lastSequence();
  }

  commit(write: port.TickWrite): void {
    try {
      this.#database.transact('committing a tick', () => {
        this.#write(write);
        reach(this.#faults.beforeCommit);
      });
      reach(this.#faults.afterCommit);
    } catch (thrown) {
      this.#appender.forget();
      throw thrown;
    }
  }

  #write(write: port.TickWrite): void {
    const { entries, receipts, threads, instances, caches } = write;
    this.#appender.append(entries);
    this.#attachments.note(write);
    for (const receipt of receipts) this.#receipts.put(receipt);
    for (const rows of threads) this.#writer.put(rows);
    for (const row of instances) this.#writer.putInstance(row);
    for (const cache of caches) this.#caches.put(cache);
  }

  receipt(commandId: CommandId): port.Receipt | null {
    return this.#receipts.get(commandId);
  }

  loadThread(threadId: ThreadId): port.LoadedThread {
    return {
      base: this.#entries.newestBase(threadId),
      cache: this.#caches.get(threadId),
      version: this.threadVersion(threadId),
    };
  }

  threadVersion(threadId: ThreadId): number {
    return Math.max(this.#entries.lastVersion('thread', threadId), this.#purger.lastVersion(threadId) ?? 0);
  }

  readThread(threadId: ThreadId, after: number, options: port.ReadOptions): ThreadEntry[] {
    return this.#entries.thread(threadId, after, options);
  }

  readInstance(instanceId: InstanceId, after: number, options: port.ReadOptions): InstanceEntry[] {
    return this.#entries.instance(instanceId, after, options.limit);
  }

  threadIds(): ThreadId[] {
    return this.#entries.threadIds();
  }

  instanceVersion(instanceId: InstanceId): number {
    return this.#entries.lastVersion('instance', instanceId);
  }

  instanceIds(): InstanceId[] {
    return this.#entries.instanceIds();
  }

  versionAt(threadId: ThreadId, sequence: number): number {
    return this.#entries.versionAt(threadId, sequence);
  }

  changedSince(sequence: number): ThreadId[] {
    return this.#entries.changedSince(sequence, this.lastSequence());
  }

  unsettledThreads(): ThreadId[] {
    return this.#rows.unsettledThreads();
  }

  threadState(threadId: ThreadId): ThreadState | null {
    return this.#rows.threadState(threadId);
  }

  listThreads(query: port.ThreadQuery): port.ThreadPage {
    return this.#list.page(query);
  }

  turn(threadId: ThreadId, turnId: TurnId): TurnRow | null {
    return this.#rows.turn(threadId, turnId);
  }

  turnByNative(threadId: ThreadId, nativeTurnId: string): TurnRow | null {
    return this.#rows.turnByNative(threadId, nativeTurnId);
  }

  latestTurn(threadId: ThreadId): TurnRow | null {
    return this.#rows.latestTurn(threadId);
  }

  turns(threadId: ThreadId, range: port.TurnRange): TurnRow[] {
    return this.#rows.turns(threadId, range);
  }

  checkpoint(threadId: ThreadId, turnId: TurnId): CheckpointRow | null {
    return this.#rows.checkpoints.checkpoint(threadId, turnId);
  }

  checkpointsAbove(threadId: ThreadId, ordinal: number): CheckpointRow[] {
    return this.#rows.checkpoints.checkpointsAbove(threadId, ordinal);
  }

  checkpointRoots(threadId: ThreadId): string[] {
    return this.#rows.checkpoints.checkpointRoots(threadId);
  }

  item(threadId: ThreadId, itemId: ItemId): ItemRow | null {
    return this.#rows.item(threadId, itemId);
  }

  items(threadId: ThreadId, before: number | null, limit: number): ItemRow[] {
    return this.#rows.items(threadId, before, limit);
  }

  openItems(threadId: ThreadId): ItemRow[] {
    return this.#rows.openItems(threadId);
  }

  request(threadId: ThreadId, requestId: RequestId): RequestRow | null {
    return this.#rows.request(threadId, requestId);
  }

  openRequests(threadId: ThreadId): RequestRow[] {
    return this.#rows.openRequests(threadId);
  }

  instance(instanceId: InstanceId): InstanceRow | null {
    return this.#rows.instance(instanceId);
  }

  putProcess(row: ProcessRow): void {
    this.#processes.put(row);
  }

  removeProcess(marker: string): void {
    this.#processes.remove(marker);
  }

  processes(): ProcessRow[] {
    return this.#processes.all();
  }

  replaceThread(rows: port.ThreadRows): void {
    if (this.#purger.lastVersion(rows.threadId) !== null) return;
    this.#database.transact(`replacing the rows of thread ${rows.threadId}`, () =>
      this.#writer.replace(rows),
    );
  }

  prune(limit: number, before: number): port.ChoreStep {
    return this.#pruner.step(limit, before);
  }

  prunedBefore(threadId: ThreadId): number | null {
    return this.#pruner.prunedBefore(threadId);
  }

  deletedThreads(before: number, limit: number): ThreadId[] {
    return this.#purger.deleted(before, limit);
  }

  beginPurge(threadId: ThreadId): void {
    this.#purger.begin(threadId, this.threadState(threadId));
  }

  purges(): ThreadId[] {
    return this.#purger.begun();
  }

  purge(threadId: ThreadId, limit: number): port.ChoreStep {
    return this.#purger.step(threadId, limit);
  }

  attachmentsOnlyOf(threadIds: readonly ThreadId[]): AttachmentId[] {
    return this.#purger.attachmentsOnlyOf(threadIds);
  }

  endPurges(threadIds: readonly ThreadId[]): void {
    this.#purger.end(threadIds);
  }

  compact(): { beforeBytes: number; afterBytes: number } {
    return compact(this.#database);
  }

  /** Brings the log into the database file and gives the folder free, in this order. Closing again does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#database.sqlite.exec('pragma wal_checkpoint(truncate)');
    } catch {
      // the disk may be full: what stays in the log is not lost, the next start reads it
    } finally {
      this.#database.sqlite.close();
      this.#lock.release();
    }
  }
}

function reach(fault: (() => void) | undefined): void {
  try {
    fault?.();
  } catch (cause) {
    throw new RuntimeError('STORE_UNAVAILABLE', `committing a tick: ${String(cause)}`, { cause });
  }
}
