/** What the doors (gateway, command line, tests) see of the runtime. */
import type { StoredCharts } from '../../machines/charts.ts';
import type { Command, CommandResult } from '../../machines/domain/command.ts';
import type { Entry, ThreadEntry } from '../../machines/domain/entry.ts';
import type { FactEvent } from '../../machines/domain/fact.ts';
import type { CommandId, ItemId, ThreadId } from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { TurnId } from '../../machines/domain/ids.ts';
import type { ChangedFile, CheckpointRow, FileConflict } from '../../machines/domain/checkpoint.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { MachineState, ThreadRow, ThreadSnapshot } from '../../machines/domain/snapshot.ts';
import type { Epoch, ThreadQuery } from '../../machines/ports/journal.ts';
import type { StateChange, TakenEvent } from '../../machines/taken.ts';
import type { Unsure } from './timeline.ts';

/** What one commit changed of one thread. */
export interface CommittedThread {
  readonly threadId: ThreadId;
  /** In the order of their versions; entries without facts are listed too. */
  readonly entries: readonly CommittedEntry[];
  /** The machines after the last of the entries; `null` where they did not move or nobody watches. */
  readonly state: MachineState | null;
  /** The row, where the shell shows a change. */
  readonly row: ThreadRow | null;
  /** The thread is no longer listed. */
  readonly removed: boolean;
  /** The same entries for those who look inside; absent where nobody does. */
  readonly inspected?: readonly InspectedEntry[];
}

/** What the actors of a thread did with an input. */
export interface Insight {
  readonly taken: readonly TakenEvent[];
  readonly changes: readonly StateChange[];
  /** What the charts asked for; it is performed after the commit, unless it was overtaken meanwhile. */
  readonly effects: readonly unknown[];
  /** Armed and cancelled. */
  readonly timers: readonly unknown[];
}

/** An entry with all that is known of it, secrets taken out. */
export interface InspectedEntry
  extends
    Insight,
    Pick<ThreadEntry, 'sequence' | 'version' | 'at' | 'kind' | 'outcome' | 'machineHash' | 'commandId'> {
  readonly input: unknown;
  /** Types of its facts. */
  readonly facts: readonly string[];
}

export interface CommittedEntry {
  readonly sequence: number;
  readonly version: number;
  readonly at: number;
  /** `delta`: its one fact is an `item.delta`. */
  readonly kind: Entry['kind'];
  readonly facts: readonly FactEvent['fact'][];
}

/** One commit, after its effects were released. */
export interface CommittedTick {
  /** Of the whole journal. */
  readonly sequence: number;
  readonly threads: readonly CommittedThread[];
  readonly instances: readonly InstanceRow[];
  /** Watched threads whose state has changed without an entry of theirs: their instance went out of service, or came back. */
  readonly restated: readonly ThreadId[];
}

export interface ServerInfo {
  readonly version: string;
  readonly epoch: string;
  readonly machineHash: string;
}

export interface Runtime {
  readonly info: ServerInfo;
  /**
   * Resolves after the commit. Commands are taken in the order of the calls.
   * @throws {RuntimeError} with the code of the refusal; nothing happened then and the id stays free.
   */
  dispatch(commandId: CommandId, command: Command): Promise<CommandResult>;
  /**
   * Takes all text of deleted threads away for ever; resolves when it is gone.
   * @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_NOT_DELETED; nothing was done then. SHUTTING_DOWN.
   */
  purge(threadIds: readonly ThreadId[]): Promise<void>;
  /** Called once for each commit, in order; the listener must not throw or block. Returns its own removal. */
  onCommitted(listener: (tick: CommittedTick) => void): () => void;
  /** While at least one watcher is there, commits carry the thread's machine state. Returns the end of the watch. */
  watch(threadId: ThreadId): () => void;
  /** While somebody looks inside, commits carry what the thread's actors did. Returns the end of the look. */
  inspect(threadId: ThreadId): () => void;
  /** What the configuration asks for and is not in force, and why. */
  readonly notices: readonly string[];
  /** Recovery is finished and the store is open. */
  isReady(): boolean;
  readonly reads: RuntimeReads;
  readonly diffs: Diffs;
  readonly past: Past;
  readonly folders: FolderReads;
}

/** A thread as it was after an entry. */
export interface PastRead {
  /** Of that entry. */
  readonly sequence: number;
  readonly version: number;
  readonly at: number;
  /** Of the charts that recorded it. */
  readonly machineHash: string;
  /** What was streamed before this version stands in its item only when that is complete; `null`: all of it is there. */
  readonly prunedBefore: number | null;
  /** Where the charts of this release parted from the journal; `null`: they did not. */
  readonly unsure: Unsure | null;
  /** What the charts remembered, without secrets; `null`: nobody asked, or they are unsure. */
  readonly contexts: StoredCharts | null;
  readonly snapshot: ThreadSnapshot;
}

/** Which page of its items, and what besides. */
export interface PastQuery {
  /** An ordinal; `null`: the newest. */
  readonly before: number | null;
  readonly limit: number;
  readonly contexts: boolean;
}

/** Looks at earlier moments. Works in pieces: ticks and clients go on meanwhile. */
export interface Past {
  /**
   * After the thread's last entry at or below the sequence. The thread has to be there: look first.
   * @throws {RuntimeError} ENTRY_NOT_FOUND, RATE_LIMITED, STORE_CORRUPT
   */
  stateAt(threadId: ThreadId, sequence: number, query: PastQuery): Promise<PastRead>;
  /**
   * Entries above a version, at most `limit`, with what the actors did, computed again.
   * @throws {RuntimeError} RATE_LIMITED, STORE_CORRUPT
   */
  entries(threadId: ThreadId, after: number, limit: number): Promise<InspectedEntry[]>;
}

/** A folder in which a thread could work. */
export interface FolderRead {
  readonly path: string;
  /** `null`: nothing above it may be looked at. */
  readonly parent: string | null;
  /** The folders in which may be looked. */
  readonly roots: readonly string[];
  readonly folders: readonly {
    readonly name: string;
    readonly path: string;
    readonly isRepository: boolean;
  }[];
  /** There are more than are listed. */
  readonly truncated: boolean;
}

/** Looks at folders, and only inside the configured roots. */
export interface FolderReads {
  /** `null`: the first root. @throws {RuntimeError} WORKSPACE_NOT_FOUND, FORBIDDEN outside the roots */
  list(path: string | null): Promise<FolderRead>;
}

/** The entries of a thread up to a version. */
export interface JournalPart {
  readonly threadId: ThreadId;
  readonly until: number;
}

/** Consistent with the last commit that `onCommitted` announced, as long as no `await` stands between two calls. */
export interface RuntimeReads {
  readonly epoch: Epoch;
  /** The running one last. */
  epochs(): readonly Epoch[];
  sequence(): number;
  listThreads(query: ThreadQuery): { rows: ThreadRow[]; next: string | null };
  /** Deleted threads that are not purged, last changed before a time (epoch ms); the oldest first. */
  deletedThreads(before: number, limit: number): ThreadId[];
  /** @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_DELETED */
  snapshot(threadId: ThreadId, page: { before: number | null; limit: number }): SnapshotRead;
  /** @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_DELETED */
  version(threadId: ThreadId): { version: number; sequence: number };
  /** The thread's last version at or below the sequence; 0 where it had no entry yet. */
  versionAt(threadId: ThreadId, sequence: number): number;
  /** With the text streamed so far. */
  item(threadId: ThreadId, itemId: ItemId): ItemRow | null;
  machineState(threadId: ThreadId): MachineState;
  row(threadId: ThreadId): ThreadRow | null;
  /** Entries above the version `after`, ascending, at most `limit`. `prunedBefore`: deltas below that version are gone. */
  entries(
    threadId: ThreadId,
    after: number,
    options: { limit: number; deltas: boolean },
  ): { entries: ThreadEntry[]; prunedBefore: number | null };
  /**
   * The journals in which a thread's transcript stands, the oldest first: of what it branched off from up to there, deleted
   * ones too, and then its own. Each entry has a higher sequence than those of the journals before.
   * @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_DELETED
   */
  journals(threadId: ThreadId): readonly JournalPart[];
  /** Threads with an entry above the sequence; `null` where that is too long ago to tell. */
  changedSince(sequence: number): readonly ThreadId[] | null;
  /** Those that are configured. */
  instances(): readonly InstanceRow[];
  /** Last rows of those that were configured once: who comes back may still hold them. */
  removedInstances(): readonly InstanceRow[];
}

/** What is asked of a list of changed files. */
export interface DiffQuery {
  /** Only this one. */
  readonly path?: string | undefined;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
  /** With the unified diff of the page. */
  readonly text: boolean;
}

export interface DiffRead {
  /** `missing` and `failed`: the files are what the provider said of its own changes. */
  readonly status: CheckpointRow['status'];
  readonly reason: string | null;
  /** Of all pages. */
  readonly fileCount: number;
  readonly additions: number;
  readonly deletions: number;
  readonly files: readonly ChangedFile[];
  readonly next: string | null;
  readonly diff: string | null;
  /** The diff was cut. */
  readonly truncated: boolean;
}

export interface RollbackQuery {
  /** The last turn that would stay; `null`: none. */
  readonly turnId: TurnId | null;
  /** `false`: the files would stay as they are. */
  readonly files: boolean;
  /** `false`: the turns would stay. */
  readonly conversation: boolean;
  readonly force: readonly string[];
}

/** What a rollback would do now. */
export interface RollbackPlanRead {
  readonly turnIds: readonly TurnId[];
  /** Files that would be put back; those that do not remain would be removed. The first thousand. */
  readonly restore: readonly { readonly path: string; readonly remains: boolean }[];
  readonly restoreCount: number;
  readonly conflicts: readonly FileConflict[];
  readonly conflictCount: number;
}

/** Reads of the workspace's files around turns. */
export interface Diffs {
  /** @throws {RuntimeError} TURN_NOT_FOUND, CHECKPOINT_LOST, GIT_FAILED */
  ofTurn(threadId: ThreadId, turnId: TurnId, query: DiffQuery): Promise<DiffRead>;
  /** @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED */
  ofThread(threadId: ThreadId, query: DiffQuery): Promise<DiffRead>;
  /** @throws {RuntimeError} TURN_NOT_FOUND, CHECKPOINT_MISSING, CHECKPOINT_LOST, GIT_FAILED */
  plan(threadId: ThreadId, query: RollbackQuery): Promise<RollbackPlanRead>;
}

export interface SnapshotRead {
  readonly sequence: number;
  readonly version: number;
  readonly snapshot: ThreadSnapshot;
}
