/** The store: journal, receipts and projections of one data folder, written in one transaction per tick. */
import type { CommandResult } from '../domain/command.ts';
import type { Base, Entry, InstanceEntry, ThreadEntry } from '../domain/entry.ts';
import type { Status } from '../domain/fact.ts';
import type {
  AttachmentId,
  CommandId,
  InstanceId,
  ItemId,
  RequestId,
  ThreadId,
  TurnId,
} from '../domain/ids.ts';
import type { InstanceRow } from '../domain/instance.ts';
import type { ItemRow } from '../domain/item.ts';
import type { CheckpointRow } from '../domain/checkpoint.ts';
import type { RequestRow } from '../domain/request.ts';
import type { ThreadState } from '../domain/snapshot.ts';
import type { TurnRow } from '../domain/turn.ts';
import type { ProcessRow } from './process-host.ts';

/** Proof that a command was accepted; kept for the life of its thread. */
export interface Receipt {
  readonly commandId: CommandId;
  readonly threadId: ThreadId;
  /** SHA-256 of the canonical JSON of the parsed command with defaults, as hex. */
  readonly fingerprint: string;
  readonly result: Omit<CommandResult, 'duplicate'>;
}

/** A thread's charts between bases; only a cache, valid for one machine hash. */
export interface ThreadCache {
  readonly threadId: ThreadId;
  readonly machineHash: string;
  /** Of the last entry that is in it. */
  readonly version: number;
  readonly charts: string;
}

/** Rows of one thread that an entry changed; each replaces the row of the same key. */
export interface ThreadRows {
  readonly threadId: ThreadId;
  readonly state: ThreadState | null;
  readonly turns: readonly TurnRow[];
  readonly items: readonly ItemRow[];
  readonly requests: readonly RequestRow[];
  readonly checkpoints: readonly CheckpointRow[];
}

/** All that one tick writes, in one transaction. */
export interface TickWrite {
  /** Sequences continue the journal's without a gap. */
  readonly entries: readonly Entry[];
  readonly receipts: readonly Receipt[];
  readonly threads: readonly ThreadRows[];
  readonly instances: readonly InstanceRow[];
  readonly caches: readonly ThreadCache[];
}

/** What an entry of a thread needs to be stepped again. */
export interface LoadedThread {
  /** The newest base, with the version of its entry; `null`: step from the first entry. */
  readonly base: { readonly version: number; readonly base: Base } | null;
  readonly cache: ThreadCache | null;
  /** As `threadVersion`. */
  readonly version: number;
}

/** A start of the server. */
export interface Epoch {
  readonly epoch: string;
  readonly startedAt: number;
  /** The last sequence that was committed in it; of the running one, so far. */
  readonly lastSequence: number;
}

export interface ThreadQuery {
  readonly archived?: boolean;
  readonly status?: Status;
  /** Matches title, folder and preview, ignoring case. */
  readonly query?: string;
  readonly cursor?: string;
  readonly limit: number;
}

/** What one bounded piece of housekeeping has done; each is a transaction of its own. */
export interface ChoreStep {
  /** Entries and rows. */
  readonly removedCount: number;
  /** Nothing of this chore is left. */
  readonly isDone: boolean;
}

/** Which turns of a thread; without anything: all. */
export interface TurnRange {
  readonly above?: number;
  readonly below?: number;
  readonly limit?: number;
}

/** A page of the thread list. */
export interface ThreadPage {
  readonly rows: ThreadState['row'][];
  readonly next: string | null;
  /** Threads of the page whose rows cannot be read; they are not among `rows`. */
  readonly unreadable: readonly ThreadId[];
}

/**
 * Synchronous, and owned by one server: opening a folder that another server uses fails with `STORE_LOCKED`. Every
 * row is parsed when it is read; one that does not parse, or is not as it was written, throws `STORE_CORRUPT` with its
 * key.
 */
export interface Journal {
  readonly epoch: Epoch;
  lastSequence(): number;
  /**
   * All or nothing. @throws {RuntimeError} STORE_UNAVAILABLE when it could not be written (disk full, read-only, I/O
   * error); the caller compares `lastSequence` to learn whether it was, after all.
   */
  commit(write: TickWrite): void;

  receipt(commandId: CommandId): Receipt | null;
  loadThread(threadId: ThreadId): LoadedThread;
  /** Entries with a version above `after`, ascending; deltas only where asked for. */
  readThread(threadId: ThreadId, after: number, options: ReadOptions): ThreadEntry[];
  readInstance(instanceId: InstanceId, after: number, options: ReadOptions): InstanceEntry[];
  /** Threads that have entries, tombstones included and purged ones left out, in the order of their creation. */
  threadIds(): ThreadId[];
  /** The version of the thread's last entry, also of one that was removed; 0 for an unknown thread. */
  threadVersion(threadId: ThreadId): number;
  /** The version of the instance's last entry; 0 for an unknown one. */
  instanceVersion(instanceId: InstanceId): number;
  instanceIds(): InstanceId[];

  /** The thread of an entry's sequence and the last version at or below it, to find a global cursor's place in a thread. */
  versionAt(threadId: ThreadId, sequence: number): number;
  /** Threads that have an entry above the sequence, tombstones included. */
  changedSince(sequence: number): ThreadId[];

  /** Threads that a restart has to see to: bound, starting, running, with an open item, or with a capture under way; tombstones included. */
  unsettledThreads(): ThreadId[];

  threadState(threadId: ThreadId): ThreadState | null;
  /** Newest `updatedAt` first; deleted threads are not listed. */
  listThreads(query: ThreadQuery): ThreadPage;
  turn(threadId: ThreadId, turnId: TurnId): TurnRow | null;
  turnByNative(threadId: ThreadId, nativeTurnId: string): TurnRow | null;
  latestTurn(threadId: ThreadId): TurnRow | null;
  /** By their ordinals, descending. */
  turns(threadId: ThreadId, range: TurnRange): TurnRow[];
  checkpoint(threadId: ThreadId, turnId: TurnId): CheckpointRow | null;
  /** Of turns with an ordinal above it, ascending. */
  checkpointsAbove(threadId: ThreadId, ordinal: number): CheckpointRow[];
  /** Repositories in which the thread has captured something. */
  checkpointRoots(threadId: ThreadId): string[];
  item(threadId: ThreadId, itemId: ItemId): ItemRow | null;
  /** Ordinals below `before` (`null`: the newest), at most `limit`, ascending. */
  items(threadId: ThreadId, before: number | null, limit: number): ItemRow[];
  openItems(threadId: ThreadId): ItemRow[];
  request(threadId: ThreadId, requestId: RequestId): RequestRow | null;
  openRequests(threadId: ThreadId): RequestRow[];
  instance(instanceId: InstanceId): InstanceRow | null;
  /** Every start of the server, for cursors of its time; oldest first, the running one last. */
  epochs(): Epoch[];

  /** Written at once, in a transaction of its own. */
  putProcess(row: ProcessRow): void;
  removeProcess(marker: string): void;
  processes(): ProcessRow[];

  /** Replaces all projections of a thread, for a rebuild from the journal. A purged one stays as it is. */
  replaceThread(rows: ThreadRows): void;

  /**
   * Removes deltas that stand before a base of their thread which is older than `before` (epoch ms), at most `limit` at
   * once: whoever writes a base has told the text of all items before it. The entries that remain keep their numbers.
   */
  prune(limit: number, before: number): ChoreStep;
  /** One more than the version of the last delta that was removed of the thread; `null`: none was. */
  prunedBefore(threadId: ThreadId): number | null;

  /**
   * Deleted threads that nobody has begun to purge, last changed before `before` (epoch ms); the oldest first. Those whose
   * items a living thread has inherited are left out.
   */
  deletedThreads(before: number, limit: number): ThreadId[];
  /**
   * From now on the thread is a tombstone for ever: its id stays in use, its state tells no more than that.
   * @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_NOT_DELETED
   */
  beginPurge(threadId: ThreadId): void;
  /** Threads whose purge has begun and not ended, also in an earlier run. */
  purges(): ThreadId[];
  /** Removes at most `limit` of the entries, rows and receipts of a thread whose purge has begun. */
  purge(threadId: ThreadId, limit: number): ChoreStep;
  /** What these threads used and no other thread uses. */
  attachmentsOnlyOf(threadIds: readonly ThreadId[]): AttachmentId[];
  /**
   * Everything of these threads is gone. The files are written anew without it, and whoever calls waits for that: some
   * seconds a gigabyte, so many threads at a time. If that fails, the purges have not ended.
   */
  endPurges(threadIds: readonly ThreadId[]): void;
  /** Writes the files anew without what was removed, and waits for it: not while the server has anything to do. */
  compact(): { readonly beforeBytes: number; readonly afterBytes: number };
  close(): void;
}

export interface ReadOptions {
  readonly limit: number;
  readonly deltas: boolean;
}
