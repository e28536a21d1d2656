/** The items of a thread, and its roster: background work that outlives its turn. */
import type { Failure } from './error.ts';
import type { ThreadTables } from './evolve.ts';
import type { Fact, FactEvent, FactOf } from './fact.ts';
import type { ItemId, TurnId } from './ids.ts';
import { canOutlive, type Item, type ItemRow, type ItemStatus } from './item.ts';

type TurnFact = FactOf<'turn.ended'> | FactOf<'turn.attempted'>;
type ItemFact = Extract<Fact, { item: Item }>;

export function evolveItems(tables: ThreadTables, { fact, at }: FactEvent): void {
  switch (fact.type) {
    case 'item.delta':
      return tables.append(fact.itemId, fact.text);
    case 'item.closed':
      return stateText(tables, fact);
    case 'item.started':
    case 'item.updated':
    case 'item.completed':
      return putItem(tables, fact, at);
    case 'turn.ended':
    case 'turn.attempted':
      return closeTurn(tables, fact, at);
    case 'worktree.preparing':
    case 'worktree.failed':
    case 'connection.closed':
    case 'connection.lost':
      return closeConnection(tables, at);
    default:
      return markItems(tables, fact, at);
  }
}

/** What became of an item that is whole. */
function markItems(tables: ThreadTables, fact: Fact, at: number): void {
  switch (fact.type) {
    case 'plan.implemented':
      return markPlan(tables, fact, at);
    case 'thread.deleted':
      return endTransfers(tables, at);
    case 'transfer.superseded':
      return markTransfers(tables, [fact.transferId], { at, superseded: true });
    case 'transfer.consumed':
      return markTransfers(tables, fact.transferIds, { at, consumedBy: fact.turnId });
    default:
  }
}

/** The thread's background work. */
export const rosterOf = (tables: Pick<ThreadTables, 'openItems'>): ItemRow[] =>
  tables.openItems(null).filter(({ background }) => background === true);

/**
 * The row counts the roster as it changes: nothing is looked through for that. `known`: the item as it was; looked up
 * once, because a store may have to be asked.
 */
function put(tables: ThreadTables, item: ItemRow, known: ItemRow | undefined): void {
  const before = known?.background ?? false;
  const after = item.background ?? false;
  tables.items.set(item.itemId, item);
  const { state } = tables;
  if (state === null || before === after) return;
  const backgroundCount = state.row.backgroundCount + (after ? 1 : -1);
  tables.state = { ...state, row: { ...state.row, backgroundCount } };
}

function update(tables: ThreadTables, itemId: ItemRow['itemId'], change: (item: ItemRow) => ItemRow): void {
  const item = tables.items.get(itemId);
  if (item !== undefined) put(tables, change(item), item);
}

/** Its times stay, and its place on the roster where it is open: it says nothing that was not known. */
function stateText(tables: ThreadTables, { itemId, text, status }: FactOf<'item.closed'>): void {
  update(tables, itemId, (item) =>
    status === 'open' ? { ...item, text, status } : ended(item, { text, status }),
  );
}

/** Whatever is over is no part of the roster. */
function ended({ background: _, ...item }: ItemRow, more: Partial<ItemRow>): ItemRow {
  return { ...item, ...more };
}

function putItem(tables: ThreadTables, { item }: ItemFact, at: number): void {
  const known = tables.items.get(item.itemId);
  const { ordinal, createdAt } = known ?? { ordinal: item.ordinal, createdAt: at };
  const isBackground = item.status === 'open' && canOutlive(item.body) && isOver(tables, item, known);
  const row = { ...marked(item, known), ordinal, createdAt, updatedAt: at };
  put(tables, isBackground ? { ...row, background: true } : row, known);
  const isWhole = item.body.kind === 'subagent' || item.body.kind === 'task';
  if (isWhole && item.status !== 'open') closeParts(tables, item, at);
}

/** Its turn has ended; it began late, or goes on. */
function isOver(tables: ThreadTables, { turnId }: Item, known: ItemRow | undefined): boolean {
  if (known?.background === true) return true;
  return turnId !== null && typeof tables.turns.get(turnId)?.endedAt === 'number';
}

/** What a sub-agent leaves open of its own transcript when it ends. */
function closeParts(tables: ThreadTables, whole: Item, at: number): void {
  for (const item of tables.openItems(whole.turnId)) {
    if (item.parentItemId !== whole.itemId || canOutlive(item.body)) continue;
    const status = whole.status === 'completed' ? statusOfDone(item) : whole.status;
    put(tables, ended(item, { status, updatedAt: at }), item);
  }
}

/**
 * A provider may leave items open at the end of a turn or attempt (codex 0.169.0 does, even of completed ones). Commands,
 * tasks and sub-agents of a completed turn go on, with what belongs to them.
 */
function closeTurn(tables: ThreadTables, fact: TurnFact, at: number): void {
  const isDone = fact.type === 'turn.ended' && fact.outcome === 'completed';
  const open = tables.openItems(fact.turnId);
  const going = new Set(
    isDone ? open.filter(({ body }) => canOutlive(body)).map(({ itemId }) => itemId) : [],
  );
  for (const item of open) {
    const isPart = item.parentItemId !== undefined && going.has(item.parentItemId);
    if (going.has(item.itemId)) put(tables, { ...item, background: true, updatedAt: at }, item);
    else if (!isPart) {
      put(tables, ended(item, { status: closedStatus(item, fact), updatedAt: at }), item);
    }
  }
}

/** What the server itself works at. */
const OF_SERVER: ReadonlySet<Item['body']['kind']> = new Set(['transfer', 'rollback', 'delegation']);

/** Nobody will tell how it went, but of what we do ourselves. What runs in a turn is closed by its end, which follows. */
function closeConnection(tables: ThreadTables, at: number): void {
  for (const item of tables.openItems(null)) {
    if (OF_SERVER.has(item.body.kind) || (item.turnId !== null && !isOver(tables, item, item))) continue;
    put(tables, ended(item, { status: 'unknown', updatedAt: at }), item);
  }
}

function closedStatus(item: ItemRow, fact: TurnFact): ItemStatus {
  if (fact.type === 'turn.attempted' || fact.outcome === 'interrupted') return 'interrupted';
  if (fact.outcome === 'failed') return wasLost(fact.failure) ? 'unknown' : 'failed';
  return fact.outcome === 'completed' ? statusOfDone(item) : 'unknown';
}

function statusOfDone({ body: { kind } }: ItemRow): ItemStatus {
  return kind === 'assistant_message' || kind === 'reasoning' || kind === 'plan' ? 'completed' : 'unknown';
}

const wasLost = (failure: Failure | null): boolean => failure?.code === 'CONNECTION_LOST';

function markPlan(tables: ThreadTables, { itemId, ...by }: FactOf<'plan.implemented'>, at: number): void {
  const { threadId, turnId } = by;
  update(tables, itemId, (item) =>
    item.body.kind === 'plan'
      ? { ...item, body: { ...item.body, implementedBy: { threadId, turnId } }, updatedAt: at }
      : item,
  );
}

/** What became of them; one that was never put together will not be now. */
function markTransfers(
  tables: ThreadTables,
  ids: readonly ItemId[],
  { at, ...mark }: { readonly at: number; readonly superseded?: true; readonly consumedBy?: TurnId },
): void {
  for (const itemId of ids) {
    update(tables, itemId, (item) => {
      if (item.body.kind !== 'transfer') return item;
      const body = { ...item.body, ...mark };
      return ended(item, { body, updatedAt: at, ...(item.status === 'open' && { status: 'interrupted' }) });
    });
  }
}

const TOLD_LATER: ReadonlySet<Item['body']['kind']> = new Set(['transfer', 'delegation']);

/** Nobody will be told any more. */
function endTransfers(tables: ThreadTables, at: number): void {
  for (const item of tables.openItems(null)) {
    if (TOLD_LATER.has(item.body.kind))
      put(tables, ended(item, { status: 'interrupted', updatedAt: at }), item);
  }
}

/** A plan that is written anew stays implemented. */
function marked(item: Item, known: ItemRow | undefined): Item {
  const isMarked = known?.body.kind === 'plan' && item.body.kind === 'plan';
  return isMarked ? { ...item, body: { ...known.body, ...item.body } } : item;
}
