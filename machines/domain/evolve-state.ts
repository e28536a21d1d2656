/** The thread's own row: settings, status, queue, usage and plan folded from facts. */
import type { Fact, FactEvent, FactOf } from './fact.ts';
import type { Lineage } from './lineage.ts';
import { CHILD_LIMIT, type ThreadRow, type ThreadState } from './snapshot.ts';
import { withoutModel, type Queue } from './turn.ts';

const PREVIEW_LENGTH = 200;

export function initialState(fact: FactOf<'thread.created'>, at: number): ThreadState {
  const { title, cwd, instanceId, model } = fact.settings;
  const row: ThreadRow = {
    id: fact.threadId,
    title,
    cwd,
    instanceId,
    model,
    status: 'ready',
    activeTurnId: null,
    openRequestCount: 0,
    backgroundCount: 0,
    lastError: null,
    archived: false,
    parentId: fact.lineage?.parentId ?? null,
    ...(fact.lineage && { lineageKind: fact.lineage.kind }),
    createdAt: at,
    updatedAt: at,
    preview: '',
  };
  return {
    row,
    settings: fact.settings,
    queue: { status: 'flowing', reason: null, entries: [] },
    usage: null,
    plan: null,
    lineage: fact.lineage ?? null,
    itemCount: fact.lineage?.itemOrdinal ?? 0,
    completedTurnOrdinal: fact.lineage?.kind === 'fork' ? fact.lineage.turnOrdinal : null,
    turnOrdinal: inheritedTurnOrdinal(fact.lineage),
    bound: false,
    removal: 'none',
    errands: 0,
  };
}

/** Of a fork: the turns that are its source's. */
export const inheritedTurnOrdinal = (lineage: Lineage | null | undefined): number =>
  lineage?.kind === 'fork' ? lineage.turnOrdinal : 0;

export function evolveState(state: ThreadState, event: FactEvent): ThreadState {
  const { fact } = event;
  // both only tell the text that an item has anyway
  if (fact.type === 'item.delta' || fact.type === 'item.closed') return state;
  const queue = evolveQueue(state.queue, fact);
  const itemCount = 'item' in fact ? Math.max(state.itemCount ?? 0, fact.item.ordinal) : state.itemCount;
  const errands = Math.max(0, state.errands + (ERRANDS.get(fact.type) ?? 0));
  const next = { ...state, errands, queue, itemCount, ...changeOf(state, fact) };
  return { ...next, row: { ...evolveRow(next, fact), updatedAt: event.at } };
}

/** Captures and rollbacks: what begins one and what ends it. */
const ERRANDS: ReadonlyMap<Fact['type'], number> = new Map([
  ['checkpoint.capturing', 1],
  ['checkpoint.captured', -1],
  ['checkpoint.missing', -1],
  ['checkpoint.failed', -1],
  ['rollback.began', 1],
  ['rollback.ended', -1],
]);

function changeOf(state: ThreadState, fact: Fact): Partial<ThreadState> {
  if (/^(connection|worktree)\./.test(fact.type)) return boundBy(state, fact);
  switch (fact.type) {
    case 'thread.titleSet':
    case 'thread.modelSet':
    case 'thread.runtimeModeSet':
    case 'thread.interactionModeSet':
    case 'thread.deliveryModeSet': {
      const { type: _, ...changed } = fact;
      return { settings: { ...state.settings, ...changed } };
    }
    case 'thread.providerSwitched': {
      const { instanceId, model, options } = fact;
      return { settings: { ...state.settings, instanceId, model, options }, usage: null };
    }
    case 'thread.deleting':
      return { removal: 'deleting' };
    case 'thread.deleted':
      return { removal: 'deleted', errands: 0 };
    case 'usage.updated':
      return { usage: fact.usage };
    case 'plan.updated':
      return { plan: { turnId: fact.turnId, explanation: fact.explanation, steps: fact.steps } };
    default:
      return childrenBy(state, fact);
  }
}

function childrenBy(state: ThreadState, fact: Fact): Partial<ThreadState> {
  if (fact.type === 'task.delegated') return { children: withChild(state, fact.task.threadId) };
  return fact.type === 'thread.forked' ? { children: withChild(state, fact.childId) } : {};
}

function withChild(
  { children = [] }: ThreadState,
  child: ThreadState['row']['id'],
): ThreadState['row']['id'][] {
  return children.includes(child) ? children : [...children, child].slice(-CHILD_LIMIT);
}

/** While it is made a restart has to see to the thread, as to one with a connection. */
function worktreeBy({ settings, worktree }: ThreadState, fact: Fact): Partial<ThreadState> {
  if (fact.type === 'worktree.preparing') {
    const { request } = fact;
    return { bound: true, worktree: { status: 'making', request, made: null, failure: null } };
  }
  if (fact.type === 'worktree.failed') {
    const { failure } = fact;
    return { bound: false, ...(worktree && { worktree: { ...worktree, status: 'failed', failure } }) };
  }
  if (fact.type !== 'worktree.ready') return {};
  const { made } = fact;
  return {
    bound: false,
    settings: { ...settings, cwd: made.cwd },
    ...(worktree && { worktree: { ...worktree, status: 'ready', made, failure: null } }),
  };
}

function boundBy(state: ThreadState, fact: Fact): Partial<ThreadState> {
  if (fact.type.startsWith('worktree.')) return worktreeBy(state, fact);
  if (fact.type === 'connection.opening' || fact.type === 'connection.adopted') return { bound: true };
  const isGone = fact.type === 'connection.closed' || fact.type === 'connection.lost';
  return isGone ? { bound: false } : {};
}

function evolveRow({ row, settings }: ThreadState, fact: Fact): ThreadRow {
  switch (fact.type) {
    case 'thread.titleSet':
    case 'thread.modelSet':
      return { ...row, title: settings.title, model: settings.model };
    case 'worktree.ready':
      return { ...row, cwd: settings.cwd };
    case 'thread.providerSwitched':
      return { ...row, instanceId: settings.instanceId, model: settings.model };
    case 'thread.archived':
    case 'thread.unarchived':
      return { ...row, archived: fact.type === 'thread.archived' };
    case 'thread.statusChanged': {
      const { status, activeTurnId, lastError } = fact;
      return { ...row, status, activeTurnId, lastError };
    }
    case 'request.opened':
      return { ...row, openRequestCount: row.openRequestCount + 1 };
    case 'request.closed':
      return { ...row, openRequestCount: Math.max(0, row.openRequestCount - 1) };
    case 'item.completed':
      return { ...row, preview: previewOf(fact) ?? row.preview };
    default:
      return row;
  }
}

function previewOf({ item }: FactOf<'item.completed'>): string | null {
  const isMessage = item.body.kind === 'user_message' || item.body.kind === 'assistant_message';
  return isMessage && item.text !== '' ? item.text.slice(0, PREVIEW_LENGTH) : null;
}

/** (queue, fact) → queue; the thread's chart keeps its queue by the same fold. */
export function evolveQueue(queue: Queue, fact: Fact): Queue {
  const { entries } = queue;
  switch (fact.type) {
    case 'queue.added':
      return { ...queue, entries: entries.toSpliced(fact.index, 0, fact.entry) };
    case 'queue.edited':
      return {
        ...queue,
        entries: entries.map((each) =>
          each.turnId === fact.queueEntryId ? { ...each, text: fact.text } : each,
        ),
      };
    case 'queue.reordered':
      return { ...queue, entries: fact.order.flatMap((id) => entries.filter((each) => each.turnId === id)) };
    case 'queue.removed': {
      const rest = entries.filter((each) => each.turnId !== fact.queueEntryId);
      // an empty queue holds nothing up
      return rest.length === 0
        ? { status: 'flowing', reason: null, entries: rest }
        : { ...queue, entries: rest };
    }
    case 'queue.held':
      return {
        status: 'held',
        reason: fact.reason,
        entries: entries.map((each) => ({ ...each, intent: 'queued' as const })),
      };
    case 'thread.providerSwitched':
      return { ...queue, entries: entries.map((each) => withoutModel(each)) };
    case 'queue.released':
      return { ...queue, status: 'flowing', reason: null };
    default:
      return queue;
  }
}
