/** A runtime without machines: a test says what is committed, and the journal is in memory. */
import { commandSchema, type Command, type CommandResult } from '../../machines/domain/command.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import { itemIdSchema, threadIdSchema, type CommandId, type ThreadId } from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { ThreadRow } from '../../machines/domain/snapshot.ts';
import type { Epoch, ThreadQuery } from '../../machines/ports/journal.ts';
import type {
  CommittedThread,
  CommittedTick,
  DiffRead,
  Diffs,
  Past,
  FolderReads,
  Runtime,
  RuntimeReads,
} from '../../server/runtime/api.ts';
import { NO_FOLDERS } from '../../server/runtime/folders.ts';
import { FakeThread } from './fake-thread.ts';

type Staged = Pick<ThreadEntry, 'kind' | 'facts'> & { threadId: ThreadId };

const MACHINE_HASH = 'fake-machines';
const STARTED_AT = 1_700_000_000_000;

const NO_DIFF: DiffRead = {
  status: 'missing',
  reason: 'nothing is captured here',
  fileCount: 0,
  additions: 0,
  deletions: 0,
  files: [],
  next: null,
  diff: null,
  truncated: false,
};

export class FakeRuntime implements Runtime {
  readonly folders: FolderReads = NO_FOLDERS;
  readonly diffs: Diffs = {
    ofTurn: () => Promise.resolve(NO_DIFF),
    ofThread: () => Promise.resolve(NO_DIFF),
    plan: () =>
      Promise.resolve({ turnIds: [], restore: [], restoreCount: 0, conflicts: [], conflictCount: 0 }),
  };
  readonly past: Past = {
    stateAt: (threadId, sequence, page) => {
      const snapshot = this.thread(threadId).snapshot(page);
      const version = this.reads.versionAt(threadId, sequence);
      const place = { sequence, version, at: STARTED_AT, machineHash: MACHINE_HASH };
      return Promise.resolve({ ...place, prunedBefore: null, unsure: null, contexts: null, snapshot });
    },
    entries: () => Promise.resolve([]),
  };
  readonly threads = new Map<ThreadId, FakeThread>();
  readonly watched = new Map<ThreadId, number>();
  readonly dispatched: { commandId: string; command: Command }[] = [];
  readonly purged: ThreadId[] = [];
  instanceRows: InstanceRow[] = [];
  isStarted = true;
  /** Answers before the default does; `undefined` leaves it to the default. */
  onDispatch: ((command: Command) => Promise<CommandResult> | undefined) | null = null;
  /** How far back `changedSince` can tell. */
  changedFrom = 0;
  #sequence = 0;
  #epochs: Epoch[] = [{ epoch: 'epoch-1', startedAt: STARTED_AT, lastSequence: 0 }];
  #staged: Staged[] = [];
  #stagedInstances: InstanceRow[] = [];
  readonly #receipts = new Map<string, { command: string; result: CommandResult }>();
  readonly #listeners = new Set<(tick: CommittedTick) => void>();

  get info() {
    return { version: '0.1.0', epoch: this.reads.epoch.epoch, machineHash: MACHINE_HASH };
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  thread(threadId: string): FakeThread {
    const thread = this.threads.get(threadIdSchema.parse(threadId));
    if (thread === undefined) throw new Error(`no thread ${threadId}`);
    return thread;
  }

  create(threadId: string, title = threadId): ThreadId {
    const id = threadIdSchema.parse(threadId);
    const command = commandSchema.parse({ type: 'thread.create', title, cwd: '/work', instanceId: 'replay' });
    if (command.type !== 'thread.create') throw new Error('unreachable');
    const { type: _, threadId: _id, ...settings } = command;
    this.commit(id, { type: 'thread.created', threadId: id, settings });
    return id;
  }

  /** One entry with these facts, committed with the next tick. */
  stage(threadId: string, ...facts: Fact[]): this {
    this.#staged.push({ kind: 'input', threadId: threadIdSchema.parse(threadId), facts });
    return this;
  }

  stageDelta(threadId: string, itemId: string, text: string): this {
    const facts: Fact[] = [{ type: 'item.delta', itemId: itemIdSchema.parse(itemId), text }];
    this.#staged.push({ kind: 'delta', threadId: threadIdSchema.parse(threadId), facts });
    return this;
  }

  stageInstance(row: InstanceRow): this {
    this.#stagedInstances.push(row);
    return this;
  }

  commit(threadId: string, ...facts: Fact[]): void {
    this.stage(threadId, ...facts).tick();
  }

  /** Commits what is staged and announces it; a silent tick is a defect that followers have to survive. */
  tick({ isSilent = false } = {}): void {
    const entries = this.#staged.map((each) => this.#commitEntry(each));
    this.instanceRows = [
      ...this.instanceRows.filter(
        (row) => !this.#stagedInstances.some((each) => each.instanceId === row.instanceId),
      ),
      ...this.#stagedInstances,
    ];
    const threadIds = [...new Set(this.#staged.map((each) => each.threadId))];
    const threads = threadIds.map((threadId) => this.#committedThread(threadId, entries));
    const tick = { sequence: this.#sequence, threads, instances: this.#stagedInstances, restated: [] };
    this.#staged = [];
    this.#stagedInstances = [];
    if (isSilent) return;
    for (const listener of this.#listeners) listener(tick);
  }

  #commitEntry({ threadId, kind, facts }: Staged): ThreadEntry {
    const thread = this.threads.get(threadId) ?? new FakeThread(threadId);
    this.threads.set(threadId, thread);
    this.#sequence += 1;
    const entry: ThreadEntry = {
      sequence: this.#sequence,
      version: (thread.entries.at(-1)?.version ?? 0) + 1,
      at: STARTED_AT + this.#sequence,
      machineHash: MACHINE_HASH,
      outcome: 'applied',
      commandId: null,
      kind,
      stream: threadId,
      input: { type: 'runtime.recovered' },
      facts,
    };
    thread.take(entry);
    return entry;
  }

  #committedThread(threadId: ThreadId, all: readonly ThreadEntry[]): CommittedThread {
    const thread = this.thread(threadId);
    const entries = all.filter((entry) => entry.stream === threadId);
    const isMoved = entries.some((entry) => entry.kind !== 'delta' && entry.facts.length > 0);
    return {
      threadId,
      entries,
      state: isMoved && this.watched.has(threadId) ? thread.machineState() : null,
      row: isMoved && !thread.isDeleted ? (thread.state?.row ?? null) : null,
      removed: isMoved && thread.isDeleted,
    };
  }

  /** The server starts again; what is above `lastSequence` has not reached the disk. */
  restart(lastSequence = this.#sequence): void {
    this.#sequence = lastSequence;
    for (const [threadId, old] of this.threads) {
      const thread = new FakeThread(threadId);
      for (const entry of old.entries) if (entry.sequence <= lastSequence) thread.take(entry);
      thread.prunedBefore = old.prunedBefore;
      this.threads.set(threadId, thread);
    }
    const [running, ...others] = this.#epochs.toReversed();
    const ended = running === undefined ? [] : [{ ...running, lastSequence }];
    const epoch = `epoch-${this.#epochs.length + 1}`;
    this.#epochs = [...others.toReversed(), ...ended, { epoch, startedAt: STARTED_AT, lastSequence }];
  }

  purge(threadIds: readonly ThreadId[]): Promise<void> {
    this.purged.push(...threadIds);
    return Promise.resolve();
  }

  async dispatch(commandId: CommandId, command: Command): Promise<CommandResult> {
    this.dispatched.push({ commandId, command });
    const known = this.#receipts.get(commandId);
    const fingerprint = JSON.stringify(command);
    if (known?.command === fingerprint) return { ...known.result, duplicate: true };
    if (known !== undefined) throw new RuntimeError('COMMAND_CONFLICT', `${commandId} was another command`);
    const result = await (this.onDispatch?.(command) ?? this.#apply(command));
    this.#receipts.set(commandId, { command: fingerprint, result });
    return result;
  }

  #apply(command: Command): CommandResult {
    if (command.type === 'thread.create')
      this.create(command.threadId ?? 'made-by-the-server', command.title);
    else if (command.type === 'thread.delete') this.commit(command.threadId, { type: 'thread.deleted' });
    else if (command.type === 'thread.setTitle') {
      this.commit(command.threadId, { type: 'thread.titleSet', title: command.title });
    } else this.commit(command.threadId, { type: 'command.noEffect', command: command.type });
    const threadId = command.threadId ?? threadIdSchema.parse('made-by-the-server');
    return { sequence: this.#sequence, threadId, duplicate: false };
  }

  onCommitted(listener: (tick: CommittedTick) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  watch(threadId: ThreadId): () => void {
    this.watched.set(threadId, (this.watched.get(threadId) ?? 0) + 1);
    return () => {
      const left = (this.watched.get(threadId) ?? 1) - 1;
      if (left === 0) this.watched.delete(threadId);
      else this.watched.set(threadId, left);
    };
  }

  inspect(): () => void {
    return () => {};
  }

  notices: string[] = [];

  isReady(): boolean {
    return this.isStarted;
  }

  #known(threadId: ThreadId): FakeThread {
    const thread = this.threads.get(threadId);
    if (thread === undefined) throw new RuntimeError('THREAD_NOT_FOUND', `no thread ${threadId}`);
    if (thread.isDeleted) throw new RuntimeError('THREAD_DELETED', `${threadId} is deleted`);
    return thread;
  }

  #list({ archived, status, query = '', cursor, limit }: ThreadQuery) {
    const rows = [...this.threads.values()]
      .flatMap((thread): ThreadRow[] => (thread.state === null || thread.isDeleted ? [] : [thread.state.row]))
      .filter((row) => archived === undefined || row.archived === archived)
      .filter((row) => (status === undefined || row.status === status) && row.title.includes(query))
      .sort((one, other) => other.updatedAt - one.updatedAt);
    const start = cursor === undefined ? 0 : rows.findIndex((row) => row.updatedAt < Number(cursor));
    const page = start === -1 ? [] : rows.slice(start, start + limit);
    const isLast = start === -1 || start + limit >= rows.length;
    return { rows: page, next: isLast ? null : String(page.at(-1)?.updatedAt) };
  }

  readonly reads: RuntimeReads = ((runtime: FakeRuntime): RuntimeReads => ({
    get epoch() {
      return runtime.#epochs.at(-1)!;
    },
    epochs: () => runtime.#epochs,
    sequence: () => runtime.#sequence,
    listThreads: (query) => runtime.#list(query),
    deletedThreads: () => [],
    snapshot: (threadId, page) => {
      const thread = runtime.#known(threadId);
      return { ...runtime.reads.version(threadId), snapshot: thread.snapshot(page) };
    },
    version: (threadId) => {
      const { version = 0 } = runtime.#known(threadId).entries.at(-1) ?? {};
      return { version, sequence: runtime.#sequence };
    },
    versionAt: (threadId, sequence) =>
      runtime.thread(threadId).entries.findLast((entry) => entry.sequence <= sequence)?.version ?? 0,
    item: (threadId, itemId) => runtime.#known(threadId).items.get(itemId) ?? null,
    machineState: (threadId) => runtime.#known(threadId).machineState(),
    row: (threadId) => {
      const thread = runtime.threads.get(threadId);
      return thread === undefined || thread.isDeleted ? null : (thread.state?.row ?? null);
    },
    entries: (threadId, after, { limit, deltas }) => {
      const { entries, prunedBefore } = runtime.thread(threadId);
      const found: ThreadEntry[] = [];
      for (
        let index = firstAbove(entries, after);
        index < entries.length && found.length < limit;
        index += 1
      ) {
        const entry = entries[index];
        if (entry && (deltas || entry.kind !== 'delta')) found.push(entry);
      }
      return { entries: found, prunedBefore };
    },
    journals: (threadId) => [{ threadId, until: runtime.reads.version(threadId).version }],
    changedSince: (sequence) =>
      sequence < runtime.changedFrom
        ? null
        : [...runtime.threads.values()]
            .filter(({ entries }) => (entries.at(-1)?.sequence ?? 0) > sequence)
            .map((thread) => thread.threadId),
    instances: () => runtime.instanceRows.filter((row) => row.removed !== true),
    removedInstances: () => runtime.instanceRows.filter((row) => row.removed === true),
  }))(this);
}

function firstAbove(entries: readonly ThreadEntry[], after: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.version ?? 0) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
