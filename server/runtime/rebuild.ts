/** All projections of a thread again from its journal, by the same fold as live. */
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { evolve, type Table, type ThreadTables } from '../../machines/domain/evolve.ts';
import type { ItemId, RequestId, ThreadId, TurnId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { CheckpointRow } from '../../machines/domain/checkpoint.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { Journal, ThreadRows } from '../../machines/ports/journal.ts';

const PAGE = 1000;

/** Text of open items that the store does not have: it is written with the next change of the item, or a base. */
class ItemTable implements Table<ItemId, ItemRow> {
  readonly rows = new Map<ItemId, ItemRow>();
  readonly #streamed = new Map<ItemId, ItemRow>();

  get(itemId: ItemId): ItemRow | undefined {
    return this.#streamed.get(itemId) ?? this.rows.get(itemId);
  }

  set(itemId: ItemId, row: ItemRow): void {
    this.#streamed.delete(itemId);
    this.rows.set(itemId, row);
  }

  append(itemId: ItemId, text: string): void {
    const item = this.get(itemId);
    if (item?.status === 'open') this.#streamed.set(itemId, { ...item, text: item.text + text });
  }

  writeStreamed(): void {
    for (const [itemId, row] of this.#streamed) this.rows.set(itemId, row);
    this.#streamed.clear();
  }

  open(turnId: TurnId | null): ItemRow[] {
    const rows = [...this.rows.keys()].flatMap((itemId) => this.get(itemId) ?? []);
    return rows.filter((row) => row.status === 'open' && (turnId === null || row.turnId === turnId));
  }
}

class RebuiltTables implements ThreadTables {
  state: ThreadState | null = null;
  readonly turns = new Map<TurnId, TurnRow>();
  readonly items = new ItemTable();
  readonly requests = new Map<RequestId, RequestRow>();

  readonly checkpoints = new Map<TurnId, CheckpointRow>();

  checkpointsAbove(ordinal: number): readonly CheckpointRow[] {
    return [...this.checkpoints.values()].filter((row) => row.ordinal > ordinal);
  }

  itemsSince(at: number): readonly ItemRow[] {
    return [...this.items.rows.values()].filter((item) => item.createdAt >= at);
  }

  openItems(turnId: TurnId | null): readonly ItemRow[] {
    return this.items.open(turnId);
  }

  append(itemId: ItemId, text: string): void {
    this.items.append(itemId, text);
  }

  take({ sequence, version, at, facts, kind }: ThreadEntry): void {
    for (const fact of facts) evolve(this, { sequence, version, at, fact });
    if (kind === 'base') this.items.writeStreamed();
  }
}

/** The rows as the journal has them. */
export function foldThread(journal: Journal, threadId: ThreadId): ThreadRows {
  const tables = new RebuiltTables();
  for (let after = 0; ;) {
    const entries = journal.readThread(threadId, after, { limit: PAGE, deltas: true });
    for (const entry of entries) tables.take(entry);
    after = entries.at(-1)?.version ?? after;
    if (entries.length < PAGE) break;
  }
  const { state, turns, items, requests, checkpoints } = tables;
  return {
    threadId,
    state,
    turns: [...turns.values()],
    items: [...items.rows.values()],
    requests: [...requests.values()],
    checkpoints: [...checkpoints.values()],
  };
}

/** For a folder whose rows are doubted; the journal is what counts. Not while a runtime has the thread loaded. */
export function rebuildThread(journal: Journal, threadId: ThreadId): void {
  journal.replaceThread(foldThread(journal, threadId));
}
