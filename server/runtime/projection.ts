/** The rows of one thread while facts are folded into them: what is dirty, what is cached, else the store's. */
import type { ThreadTables, Table } from '../../machines/domain/evolve.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import type { ItemId, RequestId, ThreadId, TurnId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { Journal, ThreadRows } from '../../machines/ports/journal.ts';

/** Rows that are read again and again are kept: live ones, and those that the tick under way has changed. */
class CachedTable<K extends string, V> implements Table<K, V> {
  readonly #rows = new Map<K, V>();
  readonly #dirty = new Set<K>();
  /** Rows as they are now, where the store is to learn of that only with the next `set`. */
  readonly #amended = new Map<K, V>();
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
    return this.#amended.get(key) ?? this.#rows.get(key);
  }

  /** Among live rows and those that the tick under way has changed; the newest first. */
  find(isWanted: (row: V) => boolean): V | undefined {
    return [...this.#rows.values()].findLast(isWanted);
  }

  set(key: K, row: V): void {
    this.#rows.set(key, row);
    this.#dirty.add(key);
    this.#amended.delete(key);
  }

  /** Text that is being streamed: of a row that is in memory. */
  amend(key: K, row: V): void {
    this.#amended.set(key, row);
  }

  keep(key: K, row: V): void {
    this.#rows.set(key, row);
  }

  live(): V[] {
    return [...this.#rows.keys()].flatMap((key) => this.cached(key) ?? []).filter(this.#isLive);
  }

  dirty(): V[] {
    return [...this.#dirty].flatMap((key) => this.#rows.get(key) ?? []);
  }

  /** The dirty rows are stored: those that are not live are forgotten. */
  clean(): void {
    for (const key of this.#dirty) {
      const row = this.#rows.get(key);
      if (row !== undefined && !this.#isLive(row)) this.#rows.delete(key);
    }
    this.#dirty.clear();
  }
}

export class ThreadProjection implements ThreadTables {
  readonly threadId: ThreadId;
  readonly turns: CachedTable<TurnId, TurnRow>;
  readonly items: CachedTable<ItemId, ItemRow>;
  readonly requests: CachedTable<RequestId, RequestRow>;
  /** Items with text that no fact but deltas has told. */
  readonly #untold = new Set<ItemId>();
  #state: ThreadState | null;
  #isStateDirty = false;

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

  openItems(turnId: TurnId | null): readonly ItemRow[] {
    const open = this.items.live();
    return turnId === null ? open : open.filter((item) => item.turnId === turnId);
  }

  append(itemId: ItemId, text: string): void {
    const item = this.items.cached(itemId);
    if (item === undefined) return;
    this.items.amend(itemId, { ...item, text: item.text + text });
    this.#untold.add(itemId);
  }

  /** After each fact that was folded: some tell the whole text of an item. */
  noteText(fact: Fact): void {
    if ('item' in fact) this.#untold.delete(fact.item.itemId);
    else if (fact.type === 'item.closed') this.#untold.delete(fact.itemId);
  }

  /** Items whose text stands in deltas only. */
  untoldItems(): ItemRow[] {
    return [...this.#untold].flatMap((itemId) => this.items.get(itemId) ?? []);
  }

  /** What the tick has to write; `null`: nothing. */
  changes(): ThreadRows | null {
    const turns = this.turns.dirty();
    const items = this.items.dirty();
    const requests = this.requests.dirty();
    const state = this.#isStateDirty ? this.#state : null;
    if (state === null && turns.length + items.length + requests.length === 0) return null;
    return { threadId: this.threadId, state, turns, items, requests };
  }

  get isStateDirty(): boolean {
    return this.#isStateDirty;
  }

  clean(): void {
    this.#isStateDirty = false;
    this.turns.clean();
    this.items.clean();
    this.requests.clean();
  }
}
