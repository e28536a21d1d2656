import type { Base, InstanceEntry, ThreadEntry } from '../../machines/domain/entry.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import {
  commandIdSchema,
  connectionIdOf,
  instanceIdSchema,
  itemIdSchema,
  requestIdSchema,
  threadIdSchema,
  turnIdSchema,
} from '../../machines/domain/ids.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { ThreadRow, ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { Receipt, ThreadRows, TickWrite } from '../../machines/ports/journal.ts';

export const threadId = (word: string) => threadIdSchema.parse(word);
export const turnId = (word: string) => turnIdSchema.parse(word);
export const itemId = (word: string) => itemIdSchema.parse(word);
export const requestId = (word: string) => requestIdSchema.parse(word);
export const commandId = (word: string) => commandIdSchema.parse(word);
export const instanceId = (word: string) => instanceIdSchema.parse(word);

const CODEX = instanceId('codex');
export const CAPABILITIES = {
  interrupt: true,
  nativeSteer: true,
  images: false,
  planMode: true,
  resume: true,
  compact: true,
};
const SETTINGS: ThreadState['settings'] = {
  title: '',
  cwd: '/work',
  instanceId: CODEX,
  model: null,
  options: {},
  runtimeMode: 'approval-required',
  policy: {},
  interactionMode: 'default',
  deliveryMode: 'streaming',
};

/** A tick that writes nothing but what is given. */
export const tickOf = (write: Partial<TickWrite>): TickWrite => ({
  entries: [],
  receipts: [],
  threads: [],
  instances: [],
  caches: [],
  ...write,
});

/** Makes entries that continue a journal: sequences and versions are counted here. */
export class EntryMaker {
  #sequence = 0;
  readonly #versions = new Map<string, number>();

  /** The next entry of a thread; by default a settled title change. */
  input(stream: string, more: { input?: ThreadInput; facts?: Fact[]; commandId?: string } = {}): ThreadEntry {
    const title = `title ${this.#sequence + 1}`;
    return {
      ...this.#place(`thread ${stream}`),
      kind: 'input',
      stream,
      commandId: more.commandId === undefined ? null : commandId(more.commandId),
      input: more.input ?? { type: 'thread.setTitle', title },
      facts: more.facts ?? [{ type: 'thread.titleSet', title }],
    };
  }

  delta(stream: string, text: string): ThreadEntry {
    const item = itemId('item-1');
    return {
      ...this.#place(`thread ${stream}`),
      kind: 'delta',
      stream,
      input: {
        type: 'provider.itemDelta',
        connectionId: connectionIdOf(threadId(stream), 1),
        itemId: item,
        text,
      },
      facts: [{ type: 'item.delta', itemId: item, text }],
    };
  }

  base(stream: string, label: string): ThreadEntry {
    return {
      ...this.#place(`thread ${stream}`),
      kind: 'base',
      stream,
      input: baseOf(label),
      facts: [],
    };
  }

  instance(stream: string): InstanceEntry {
    return {
      ...this.#place(`instance ${stream}`),
      kind: 'instance',
      stream,
      input: { type: 'process.started', report: { version: '1.2.3', account: null } },
      facts: [{ type: 'instance.stateChanged', state: 'ready', failure: null }],
    };
  }

  #place(stream: string) {
    this.#sequence += 1;
    const version = (this.#versions.get(stream) ?? 0) + 1;
    this.#versions.set(stream, version);
    return {
      sequence: this.#sequence,
      version,
      at: 1_700_000_000_000 + this.#sequence,
      machineHash: 'hash-1',
      outcome: 'applied' as const,
      commandId: null,
    };
  }
}

export const baseOf = (label: string): Base => ({
  type: 'thread.based',
  format: 1,
  charts: { root: { value: 'ready', context: { label } } },
  timers: {},
});

export const rowsOf = (id: string, rows: Partial<Omit<ThreadRows, 'threadId'>>): ThreadRows => ({
  threadId: threadId(id),
  state: null,
  turns: [],
  items: [],
  requests: [],
  checkpoints: [],
  ...rows,
});

export function stateOf(
  id: string,
  row: Partial<ThreadRow> = {},
  more: Partial<ThreadState> = {},
): ThreadState {
  return {
    row: {
      id: threadId(id),
      title: '',
      cwd: '/work',
      instanceId: CODEX,
      model: null,
      status: 'ready',
      activeTurnId: null,
      openRequestCount: 0,
      backgroundCount: 0,
      lastError: null,
      archived: false,
      parentId: null,
      createdAt: 1,
      updatedAt: 1,
      preview: '',
      ...row,
    },
    settings: SETTINGS,
    queue: { status: 'flowing', reason: null, entries: [] },
    usage: null,
    plan: null,
    lineage: null,
    itemCount: 0,
    completedTurnOrdinal: null,
    turnOrdinal: null,
    bound: false,
    removal: 'none',
    errands: 0,
    ...more,
  };
}

/** Rows of one thread whose state has these fields. */
export const listed = (id: string, row: Partial<ThreadRow>, more: Partial<ThreadState> = {}): ThreadRows =>
  rowsOf(id, { state: stateOf(id, row, more) });

export const turnOf = (id: string, ordinal: number, more: Partial<TurnRow> = {}): TurnRow => ({
  turnId: turnId(id),
  ordinal,
  attempt: 1,
  origin: 'user',
  side: false,
  status: 'running',
  nativeTurnId: null,
  settings: null,
  sourcePlan: null,
  failure: null,
  reason: null,
  into: null,
  begunAt: 1,
  startedAt: null,
  endedAt: null,
  ...more,
});

export const itemOf = (id: string, ordinal: number, more: Partial<ItemRow> = {}): ItemRow => ({
  itemId: itemId(id),
  body: { kind: 'reasoning' },
  text: `text of ${id}`,
  status: 'completed',
  ordinal,
  turnId: null,
  attempt: 1,
  createdAt: 1,
  updatedAt: 1,
  ...more,
});

export const requestOf = (id: string, more: Partial<RequestRow> = {}): RequestRow => ({
  requestId: requestId(id),
  nativeRequestId: '0',
  body: { kind: 'command', command: 'ls' },
  decisions: ['accept', 'decline'],
  owner: 'turn',
  turnId: turnId('turn-1'),
  attempt: 1,
  connectionId: connectionIdOf(threadId('a'), 1),
  status: 'open',
  answer: null,
  outcome: null,
  failure: null,
  createdAt: 1,
  updatedAt: 1,
  ...more,
});

export const instanceOf = (id: string, more: Partial<InstanceRow> = {}): InstanceRow => ({
  instanceId: instanceId(id),
  driver: 'codex',
  available: true,
  state: 'unchecked',
  capabilities: CAPABILITIES,
  models: [],
  commands: [],
  ...more,
});

export const receiptOf = (id: string, thread: string, sequence: number): Receipt => ({
  commandId: commandId(id),
  threadId: threadId(thread),
  fingerprint: `fingerprint of ${id}`,
  result: { sequence, threadId: threadId(thread), turnId: turnId('turn-1') },
});
