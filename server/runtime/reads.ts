/** What the doors read: rows of the store, with the text that is just being streamed. */
import { failureOf, RuntimeError } from '../../machines/domain/error.ts';
import { instanceIdSchema, type ItemId, type ThreadId } from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { MachineState, ThreadRow, ThreadState } from '../../machines/domain/snapshot.ts';
import type { Epoch, Journal, ThreadQuery } from '../../machines/ports/journal.ts';
import type { JournalPart, RuntimeReads, SnapshotRead } from './api.ts';
import type { Instances } from './instances.ts';
import type { LoadedThread } from './loaded-thread.ts';
import { machineStateOf } from './machine-state.ts';
import type { Threads } from './threads.ts';
import { itemOf, itemsOf, type TranscriptRows } from './transcript.ts';
import { shownState } from './shown-state.ts';

/** Further back than so many entries it is not looked up which threads changed; a whole list costs less. */
const CHANGES_LIMIT = 100_000;

export class Reads implements RuntimeReads {
  readonly #journal: Journal;
  /** Of whichever thread, mended where they are damaged. */
  readonly rows: TranscriptRows;
  readonly #threads: Threads;
  readonly #instances: Instances;

  constructor(journal: Journal, threads: Threads, instances: Instances) {
    this.#journal = journal;
    const mending = <Row>(threadId: ThreadId, read: () => Row): Row => threads.mending(threadId, read);
    this.rows = {
      threadState: (id) => mending(id, () => journal.threadState(id)),
      items: (id, ...page) => mending(id, () => journal.items(id, ...page)),
      item: (id, itemId) => mending(id, () => journal.item(id, itemId)),
    };
    this.#threads = threads;
    this.#instances = instances;
  }

  get epoch(): Epoch {
    return this.#journal.epoch;
  }

  epochs(): readonly Epoch[] {
    return this.#journal.epochs();
  }

  sequence(): number {
    return this.#journal.lastSequence();
  }

  listThreads(query: ThreadQuery): { rows: ThreadRow[]; next: string | null } {
    const first = this.#journal.listThreads(query);
    // loading a thread mends its rows, or quarantines it
    const isMended = first.unreadable.some((threadId) => this.#loaded(threadId) !== null);
    const { rows, next, unreadable } = isMended ? this.#journal.listThreads(query) : first;
    const damaged = unreadable.map((threadId) => unreadableRow(threadId, this.#threads.quarantine(threadId)));
    return { rows: [...rows.map((row) => this.#shown(row)), ...damaged], next };
  }

  deletedThreads(before: number, limit: number): ThreadId[] {
    return this.#journal.deletedThreads(before, limit);
  }

  snapshot(threadId: ThreadId, page: { before: number | null; limit: number }): SnapshotRead {
    return this.#threads.mending(threadId, () => this.#snapshot(threadId, page));
  }

  #snapshot(threadId: ThreadId, page: { before: number | null; limit: number }): SnapshotRead {
    const state = this.#stateOf(threadId);
    const items = itemsOf(this.rows, threadId, page);
    const { activeTurnId } = state.row;
    const machine = this.machineState(threadId);
    const turn =
      (activeTurnId === null ? null : this.#journal.turn(threadId, activeTurnId)) ??
      this.#journal.latestTurn(threadId);
    return {
      ...this.version(threadId),
      snapshot: {
        thread: { ...this.#shown(state.row), ...state.settings },
        machine,
        turn,
        items: items.map((item) => this.#streamed(threadId, item)),
        roster: this.#roster(threadId),
        requests: this.#journal.openRequests(threadId),
        ...shownState(state),
      },
    };
  }

  version(threadId: ThreadId): { version: number; sequence: number } {
    this.#stateOf(threadId);
    const version = this.#threads.peek(threadId)?.version ?? this.#journal.threadVersion(threadId);
    return { version, sequence: this.#journal.lastSequence() };
  }

  versionAt(threadId: ThreadId, sequence: number): number {
    return this.#journal.versionAt(threadId, sequence);
  }

  item(threadId: ThreadId, itemId: ItemId): ItemRow | null {
    const item = itemOf(this.rows, threadId, itemId);
    return item === null ? null : this.#streamed(threadId, item);
  }

  machineState(threadId: ThreadId): MachineState {
    const thread = this.#loaded(threadId);
    if (thread !== null) {
      return machineStateOf(thread, this.#instances.refusalOf(thread.context.settings.instanceId));
    }
    if (this.#threads.quarantine(threadId) !== null) return QUARANTINED;
    throw notFound(threadId);
  }

  row(threadId: ThreadId): ThreadRow | null {
    const state = this.#journal.threadState(threadId);
    return state === null || state.removal !== 'none' ? null : this.#shown(state.row);
  }

  entries(threadId: ThreadId, after: number, options: { limit: number; deltas: boolean }) {
    const entries = this.#journal.readThread(threadId, after, options);
    return { entries, prunedBefore: this.#journal.prunedBefore(threadId) };
  }

  journals(threadId: ThreadId): readonly JournalPart[] {
    const parts: JournalPart[] = [{ threadId, until: this.version(threadId).version }];
    for (let state = this.#journal.threadState(threadId); state?.lineage?.kind === 'fork';) {
      const { parentId, version } = state.lineage;
      parts.unshift({ threadId: parentId, until: version });
      state = this.#journal.threadState(parentId);
    }
    return parts;
  }

  changedSince(sequence: number): readonly ThreadId[] | null {
    if (this.#journal.lastSequence() - sequence > CHANGES_LIMIT) return null;
    return this.#journal.changedSince(sequence);
  }

  instances(): readonly InstanceRow[] {
    return [...this.#instances.all()].flatMap(({ row }) => (row === null || row.removed ? [] : row));
  }

  removedInstances(): readonly InstanceRow[] {
    return this.#journal
      .instanceIds()
      .flatMap((id) => this.#journal.instance(id) ?? [])
      .filter((row) => row.removed === true);
  }

  #stateOf(threadId: ThreadId): ThreadState {
    const state = this.#journal.threadState(threadId);
    if (state === null) throw notFound(threadId);
    if (state.removal !== 'none') {
      throw new RuntimeError('THREAD_DELETED', `thread ${threadId} is deleted`);
    }
    return state;
  }

  #roster(threadId: ThreadId): ItemRow[] {
    const open = this.#journal.openItems(threadId);
    return open.filter(({ background }) => background === true).map((item) => this.#streamed(threadId, item));
  }

  #streamed(threadId: ThreadId, item: ItemRow): ItemRow {
    if (item.status !== 'open' || item.inherited !== undefined) return item;
    return this.#loaded(threadId)?.projection.items.cached(item.itemId) ?? item;
  }

  /** `null`: unknown or quarantined. */
  #loaded(threadId: ThreadId): LoadedThread | null {
    try {
      return this.#threads.get(threadId);
    } catch (error) {
      if (this.#threads.quarantine(threadId) === null) throw error;
      return null;
    }
  }

  /** A quarantined thread stands still, whatever its row says. */
  #shown(row: ThreadRow): ThreadRow {
    const error = this.#threads.quarantine(row.id);
    if (error === null) return row;
    return { ...row, status: 'error', activeTurnId: null, lastError: failureOf(error) };
  }
}

const notFound = (threadId: ThreadId): RuntimeError =>
  new RuntimeError('THREAD_NOT_FOUND', `there is no thread ${threadId}`);

/** Stands in the list for a thread of which nothing can be read. */
const unreadableRow = (threadId: ThreadId, error: RuntimeError | null): ThreadRow => ({
  id: threadId,
  title: '',
  cwd: '/',
  instanceId: instanceIdSchema.parse('unknown'),
  model: null,
  status: 'error',
  activeTurnId: null,
  openRequestCount: 0,
  backgroundCount: 0,
  lastError: failureOf(error ?? new RuntimeError('STORE_CORRUPT', `thread ${threadId} cannot be read`)),
  archived: false,
  parentId: null,
  createdAt: 0,
  updatedAt: 0,
  preview: '',
});

const QUARANTINED: MachineState = {
  status: 'error',
  activeTurnId: null,
  value: 'quarantined',
  tags: ['quarantined'],
  can: ['thread.delete'],
  children: {},
  timers: [],
  closing: null,
};
