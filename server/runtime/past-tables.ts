/** Rows of a thread as they were at earlier entries: what each mark changed is kept, not what it left as it was. */
import type { CheckpointRow } from '../../machines/domain/checkpoint.ts';
import type { Table, ThreadTables } from '../../machines/domain/evolve.ts';
import type { ItemId, RequestId, TurnId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';

/** A row from a version on, until the next one of its key. */
interface Dated<V> {
  readonly version: number;
  readonly row: V;
}

/** All rows of one kind at all marks. */
class PastTable<K extends string, V> {
  readonly #rows = new Map<K, Dated<V>[]>();

  /** Versions ascend. @returns whether the key is new */
  put(key: K, row: V, version: number): boolean {
    const known = this.#rows.get(key);
    if (known === undefined) this.#rows.set(key, [{ version, row }]);
    else known.push({ version, row });
    return known === undefined;
  }

  at(key: K, version: number): V | undefined {
    return this.#rows.get(key)?.findLast((each) => each.version <= version)?.row;
  }

  all(version: number): V[] {
    return [...this.#rows.keys()].flatMap((key) => this.at(key, version) ?? []);
  }
}

/** Everything that the marks of one thread have kept. */
export class PastRows {
  readonly turns = new PastTable<TurnId, TurnRow>();
  readonly items = new PastTable<ItemId, ItemRow>();
  readonly requests = new PastTable<RequestId, RequestRow>();
  readonly checkpoints = new PastTable<TurnId, CheckpointRow>();
  /** Ascending by ordinal. */
  readonly #order: { readonly ordinal: number; readonly itemId: ItemId }[] = [];

  /** Keeps what was changed up to a version. */
  keep({ turns, items, requests, checkpoints }: TablesAt, version: number): void {
    for (const [key, row] of turns.changed) this.turns.put(key, row, version);
    for (const [key, row] of requests.changed) this.requests.put(key, row, version);
    for (const [key, row] of checkpoints.changed) this.checkpoints.put(key, row, version);
    for (const [key, row] of items.changed) {
      if (this.items.put(key, row, version)) this.#place(key, row.ordinal);
    }
  }

  /** Ordinals below `before`, at most `limit`: the newest of them, ascending. */
  itemsBelow(before: number, limit: number, version: number): ItemRow[] {
    const found: ItemRow[] = [];
    for (let index = this.#indexOf(before) - 1; index >= 0 && found.length < limit; index -= 1) {
      const place = this.#order[index];
      const row = place === undefined ? undefined : this.items.at(place.itemId, version);
      if (row !== undefined) found.unshift(row);
    }
    return found;
  }

  #place(itemId: ItemId, ordinal: number): void {
    this.#order.splice(this.#indexOf(ordinal), 0, { ordinal, itemId });
  }

  /** Of the first with this ordinal or a higher one. */
  #indexOf(ordinal: number): number {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order[middle]?.ordinal ?? Infinity) < ordinal) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What is not a row of its own, between two entries. */
export interface TablesMark {
  /** Of the last entry that is in it; 0: none is. */
  readonly version: number;
  readonly state: ThreadState | null;
  readonly openItems: ReadonlySet<ItemId>;
  readonly openRequests: ReadonlySet<RequestId>;
  readonly latestTurn: TurnRow | null;
}

/** The rows of a mark, with those that were changed since in their place. */
class TableAt<K extends string, V> implements Table<K, V> {
  readonly changed = new Map<K, V>();
  readonly #past: PastTable<K, V>;
  readonly #version: number;
  readonly #onSet: (key: K, row: V) => void;

  constructor(past: PastTable<K, V>, version: number, onSet: (key: K, row: V) => void = () => {}) {
    this.#past = past;
    this.#version = version;
    this.#onSet = onSet;
  }

  get(key: K): V | undefined {
    return this.changed.get(key) ?? this.#past.at(key, this.#version);
  }

  set(key: K, row: V): void {
    this.changed.set(key, row);
    this.#onSet(key, row);
  }

  all(keyOf: (row: V) => K): V[] {
    const past = this.#past.all(this.#version).filter((row) => !this.changed.has(keyOf(row)));
    return [...past, ...this.changed.values()];
  }
}

/** A thread's rows at a mark, to be folded on from there; the mark stays as it is. */
export class TablesAt implements ThreadTables {
  state: ThreadState | null;
  readonly turns: TableAt<TurnId, TurnRow>;
  readonly items: TableAt<ItemId, ItemRow>;
  readonly requests: TableAt<RequestId, RequestRow>;
  readonly checkpoints: TableAt<TurnId, CheckpointRow>;
  readonly #openItems: Set<ItemId>;
  readonly #openRequests: Set<RequestId>;
  #latestTurn: TurnRow | null;
  readonly #rows: PastRows;
  readonly #from: number;

  constructor(rows: PastRows, { version, state, openItems, openRequests, latestTurn }: TablesMark) {
    this.state = state;
    this.#rows = rows;
    this.#from = version;
    this.#openItems = new Set(openItems);
    this.#openRequests = new Set(openRequests);
    this.#latestTurn = latestTurn;
    this.turns = new TableAt(rows.turns, version, (_, turn) => {
      if (turn.ordinal >= (this.#latestTurn?.ordinal ?? 0)) this.#latestTurn = turn;
    });
    this.items = new TableAt(rows.items, version, (itemId, { status }) => {
      if (status === 'open') this.#openItems.add(itemId);
      else this.#openItems.delete(itemId);
    });
    this.requests = new TableAt(rows.requests, version, (requestId, { status }) => {
      if (status === 'closed') this.#openRequests.delete(requestId);
      else this.#openRequests.add(requestId);
    });
    this.checkpoints = new TableAt(rows.checkpoints, version);
  }

  mark(version: number): TablesMark {
    const [openItems, openRequests] = [this.#openItems, this.#openRequests];
    return { version, state: this.state, openItems, openRequests, latestTurn: this.#latestTurn };
  }

  get latestTurn(): TurnRow | null {
    return this.#latestTurn;
  }

  /** In the order in which they were opened. */
  openRequests(): RequestRow[] {
    return [...this.#openRequests].flatMap((requestId) => this.requests.get(requestId) ?? []);
  }

  openItems(turnId: TurnId | null): readonly ItemRow[] {
    const open = [...this.#openItems].flatMap((itemId) => this.items.get(itemId) ?? []);
    const asked = turnId === null ? open : open.filter((item) => item.turnId === turnId);
    return asked.toSorted((one, other) => one.ordinal - other.ordinal);
  }

  checkpointsAbove(ordinal: number): readonly CheckpointRow[] {
    return this.checkpoints.all(({ turnId }) => turnId).filter((row) => row.ordinal > ordinal);
  }

  itemsSince(at: number): readonly ItemRow[] {
    return this.items.all(({ itemId }) => itemId).filter((item) => item.createdAt >= at);
  }

  append(itemId: ItemId, text: string): void {
    const item = this.items.get(itemId);
    if (item?.status === 'open') this.items.set(itemId, { ...item, text: item.text + text });
  }

  /** Ordinals below `before` (`null`: the newest), at most `limit`, ascending. */
  itemsBelow(before: number | null, limit: number): ItemRow[] {
    // whatever came later is not looked at
    const end = Math.min(before ?? Infinity, (this.state?.itemCount ?? Infinity) + 1);
    const { changed } = this.items;
    const past = this.#rows.itemsBelow(end, limit, this.#from).filter(({ itemId }) => !changed.has(itemId));
    const since = [...changed.values()].filter(({ ordinal }) => ordinal < end);
    return [...past, ...since].toSorted((one, other) => one.ordinal - other.ordinal).slice(-limit);
  }
}
