/** The rows of one thread while facts are folded into them: what is dirty, what is cached, else the store's. */
import type { ThreadTables, Table } from '../../machines/domain/evolve.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import type { ItemId, RequestId, ThreadId, TurnId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { CheckpointRow } from '../../machines/domain/checkpoint.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { Journal, ThreadRows } from '../../machines/ports/journal.ts';

/** Rows that are read at once. */
const ITEM_PAGE = 200;

/** A row in memory. */
interface Cell<V> {
  /** As the store has it or will have it; `null`: only the amended one is known. */
  row: V | null;
  /** As it is now, where the store is to learn of that only with the next `set`; `null`: as above. */
  amended: V | null;
  /** The tick under way has changed it. */
  isDirty: boolean;
}

/**
 * Rows that are read again and again are kept: live ones, and those that the tick under way has changed. A thread that
 * is idle has none, and no map for them.
 */
class CachedTable<K extends string, V> implements Table<K, V> {
  #cells: Map<K, Cell<V>> | null = null;
  readonly #read: (key: K) => V | null;
  readonly #isLive: (row: V) => boolean;

  constructor(read: (key: K) => V | null, isLive: (row: V) => boolean) {
    this.#read = read;
    this.#isLive = isLive;
  }

  get(key: K): V | undefined {
    return this.cached(key) ?? this.#read(key) ?? undefined;
  }

  /** What is in memory, without asking the store. */
  cached(key: K): V | undefined {
    const cell = this.#cells?.get(key);
    return cell?.amended ?? cell?.row ?? undefined;
  }

  /** Among live rows and those that the tick under way has changed; the newest first. */
  find(isWanted: (row: V) => boolean): V | undefined {
    return this.#all()
      .flatMap(({ row }) => row ?? [])
      .findLast(isWanted);
  }

  /** The store's rows, and in their place or after them what is in memory. */
  over(stored: readonly V[], keyOf: (row: V) => K): V[] {
    const rows = new Map(stored.map((row) => [keyOf(row), row]));
    for (const [key, cell] of this.#cells ?? []) {
      const row = cell.amended ?? cell.row;
      if (row !== null) rows.set(key, row);
    }
    return [...rows.values()];
  }

  set(key: K, row: V): void {
    Object.assign(this.#cell(key), { row, amended: null, isDirty: true });
  }

  /** Text that is being streamed: of a row that is in memory. */
  amend(key: K, row: V): void {
    this.#cell(key).amended = row;
  }

  keep(key: K, row: V): void {
    this.#cell(key).row = row;
  }

  /** All that are in memory. */
  known(): V[] {
    return this.#all().flatMap(({ row, amended }) => amended ?? row ?? []);
  }

  live(): V[] {
    return this.#all()
      .flatMap(({ row, amended }) => (row === null ? [] : (amended ?? row)))
      .filter(this.#isLive);
  }

  dirty(): V[] {
    return this.#all().flatMap(({ row, isDirty }) => (isDirty && row !== null ? row : []));
  }

  /** The dirty rows are stored: those that are not live are forgotten. */
  clean(): void {
    for (const [key, cell] of this.#cells ?? []) {
      const isOver = cell.isDirty && cell.row !== null && !this.#isLive(cell.row);
      if (isOver) this.#cells?.delete(key);
      cell.isDirty = false;
    }
    if (this.#cells?.size === 0) this.#cells = null;
  }

  #all(): Cell<V>[] {
    return this.#cells === null ? [] : [...this.#cells.values()];
  }

  #cell(key: K): Cell<V> {
    this.#cells ??= new Map();
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const cell: Cell<V> = { row: null, amended: null, isDirty: false };
    this.#cells.set(key, cell);
    return cell;
  }
}

export class ThreadProjection implements ThreadTables {
  readonly threadId: ThreadId;
  readonly turns: CachedTable<TurnId, TurnRow>;
  readonly items: CachedTable<ItemId, ItemRow>;
  readonly requests: CachedTable<RequestId, RequestRow>;
  readonly checkpoints: CachedTable<TurnId, CheckpointRow>;
  /** Items with text that no fact but deltas has told. */
  #untold: Set<ItemId> | null = null;
  #state: ThreadState | null;
  #isStateDirty = false;
  readonly #journal: Journal;

  constructor(threadId: ThreadId, journal: Journal) {
    this.threadId = threadId;
    this.#state = journal.threadState(threadId);
    this.turns = new CachedTable(
      (id) => journal.turn(threadId, id),
      (turn) => turn.endedAt === null,
    );
    this.items = new CachedTable(
      (id) => journal.item(threadId, id),
      (item) => item.status === 'open',
    );
    this.requests = new CachedTable(
      (id) => journal.request(threadId, id),
      (request) => request.status !== 'closed',
    );
    this.#journal = journal;
    this.checkpoints = new CachedTable(
      (id) => journal.checkpoint(threadId, id),
      (checkpoint) => checkpoint.status === 'capturing',
    );
    for (const item of journal.openItems(threadId)) this.items.keep(item.itemId, item);
    for (const request of journal.openRequests(threadId)) this.requests.keep(request.requestId, request);
  }

  get state(): ThreadState | null {
    return this.#state;
  }

  set state(state: ThreadState | null) {
    if (state === this.#state) return;
    this.#state = state;
    this.#isStateDirty = true;
  }

  /** Ordinals below it, at most `limit`, descending; as the tick under way has them. */
  turnsBelow(below: number, limit: number): TurnRow[] {
    const rows = new Map(
      [...this.#journal.turns(this.threadId, { below, limit }), ...this.turns.known()]
        .filter(({ ordinal }) => ordinal < below)
        .map((turn) => [turn.turnId, turn]),
    );
    return [...rows.values()].toSorted((one, other) => other.ordinal - one.ordinal).slice(0, limit);
  }

  /** As the store has it; 0: there is none. */
  newestItemOrdinal(): number {
    return this.#journal.items(this.threadId, null, 1)[0]?.ordinal ?? 0;
  }

  /** Ascending, at least so many where there are as many; as the tick under way has them. */
  newestItems(limit: number): ItemRow[] {
    const stored = this.#journal.items(this.threadId, null, limit);
    return this.items
      .over(stored, ({ itemId }) => itemId)
      .toSorted((one, other) => one.ordinal - other.ordinal);
  }

  openItems(turnId: TurnId | null): readonly ItemRow[] {
    const open = this.items.live();
    return turnId === null ? open : open.filter((item) => item.turnId === turnId);
  }

  /** Those that the tick under way has begun included. */
  turnsAbove(ordinal: number): readonly TurnRow[] {
    const stored = this.#journal.turns(this.threadId, { above: ordinal });
    return this.turns
      .over(stored, ({ turnId }) => turnId)
      .filter((turn) => turn.ordinal > ordinal)
      .toSorted((one, other) => one.ordinal - other.ordinal);
  }

  newestTurn(): TurnRow | null {
    const stored = this.#journal.latestTurn(this.threadId);
    return this.turnsAbove((stored?.ordinal ?? 1) - 1).at(-1) ?? null;
  }

  checkpointsAbove(ordinal: number): readonly CheckpointRow[] {
    const stored = this.#journal.checkpointsAbove(this.threadId, ordinal);
    return this.checkpoints.over(stored, ({ turnId }) => turnId).filter((row) => row.ordinal > ordinal);
  }

  /** Page by page, the newest first: it is seldom far back. */
  itemsSince(at: number): readonly ItemRow[] {
    const stored: ItemRow[] = [];
    for (let before: number | null = null; ;) {
      const page = this.#journal.items(this.threadId, before, ITEM_PAGE);
      stored.unshift(...page.filter(({ createdAt }) => createdAt >= at));
      const [first] = page;
      if (first === undefined || first.createdAt < at) break;
      before = first.ordinal;
    }
    return this.items.over(stored, ({ itemId }) => itemId).filter(({ createdAt }) => createdAt >= at);
  }

  append(itemId: ItemId, text: string): void {
    const item = this.items.cached(itemId);
    if (item === undefined) return;
    this.items.amend(itemId, { ...item, text: item.text + text });
    this.#untold ??= new Set();
    this.#untold.add(itemId);
  }

  /** After each fact that was folded: some tell the whole text of an item. */
  noteText(fact: Fact): void {
    if (this.#untold === null) return;
    if ('item' in fact) this.#untold.delete(fact.item.itemId);
    else if (fact.type === 'item.closed') this.#untold.delete(fact.itemId);
    if (this.#untold.size === 0) this.#untold = null;
  }

  /** Items whose text stands in deltas only. */
  untoldItems(): ItemRow[] {
    return [...(this.#untold ?? [])].flatMap((itemId) => this.items.get(itemId) ?? []);
  }

  /** What the tick has to write; `null`: nothing. */
  changes(): ThreadRows | null {
    const turns = this.turns.dirty();
    const items = this.items.dirty();
    const requests = this.requests.dirty();
    const checkpoints = this.checkpoints.dirty();
    const state = this.#isStateDirty ? this.#state : null;
    const rowCount = turns.length + items.length + requests.length + checkpoints.length;
    if (state === null && rowCount === 0) return null;
    return { threadId: this.threadId, state, turns, items, requests, checkpoints };
  }

  get isStateDirty(): boolean {
    return this.#isStateDirty;
  }

  clean(): void {
    this.#isStateDirty = false;
    this.turns.clean();
    this.items.clean();
    this.requests.clean();
    this.checkpoints.clean();
  }
}
