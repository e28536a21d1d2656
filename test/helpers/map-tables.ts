import type { ThreadTables } from '../../machines/domain/evolve.ts';
import type { ItemId, RequestId, TurnId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { CheckpointRow } from '../../machines/domain/checkpoint.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';

/** A thread as a client folds it: everything in memory, streamed text included. */
export class MapTables implements ThreadTables {
  state: ThreadState | null = null;
  readonly turns = new Map<TurnId, TurnRow>();
  readonly items = new Map<ItemId, ItemRow>();
  readonly requests = new Map<RequestId, RequestRow>();

  readonly checkpoints = new Map<TurnId, CheckpointRow>();

  checkpointsAbove(ordinal: number): readonly CheckpointRow[] {
    return [...this.checkpoints.values()].filter((row) => row.ordinal > ordinal);
  }

  itemsSince(at: number): readonly ItemRow[] {
    return [...this.items.values()].filter((item) => item.createdAt >= at);
  }

  openItems(turnId: TurnId | null): readonly ItemRow[] {
    return [...this.items.values()].filter(
      (item) => item.status === 'open' && (turnId === null || item.turnId === turnId),
    );
  }

  append(itemId: ItemId, text: string): void {
    const item = this.items.get(itemId);
    if (item?.status === 'open') this.items.set(itemId, { ...item, text: item.text + text });
  }
}
