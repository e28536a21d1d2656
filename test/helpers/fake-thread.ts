/** A thread of the fake runtime: its entries, and its tables folded by the one fold. */
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { rosterOf } from '../../machines/domain/evolve-items.ts';
import { evolve, type ThreadTables } from '../../machines/domain/evolve.ts';
import type { ItemId, RequestId, ThreadId, TurnId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { CheckpointRow } from '../../machines/domain/checkpoint.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { MachineState, ThreadSnapshot, ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';

export class FakeThread implements ThreadTables {
  readonly threadId: ThreadId;
  readonly entries: ThreadEntry[] = [];
  state: ThreadState | null = null;
  readonly turns = new Map<TurnId, TurnRow>();
  readonly items = new Map<ItemId, ItemRow>();
  readonly requests = new Map<RequestId, RequestRow>();
  readonly checkpoints = new Map<TurnId, CheckpointRow>();
  prunedBefore: number | null = null;

  constructor(threadId: ThreadId) {
    this.threadId = threadId;
  }

  /** Or being deleted. */
  get isDeleted(): boolean {
    return this.state !== null && this.state.removal !== 'none';
  }

  take(entry: ThreadEntry): void {
    this.entries.push(entry);
    for (const fact of entry.facts) evolve(this, { ...entry, fact });
  }

  checkpointsAbove(ordinal: number): CheckpointRow[] {
    return [...this.checkpoints.values()].filter((row) => row.ordinal > ordinal);
  }

  itemsSince(at: number): ItemRow[] {
    return [...this.items.values()].filter((item) => item.createdAt >= at);
  }

  openItems(turnId: TurnId | null): ItemRow[] {
    return [...this.items.values()].filter(
      (item) => item.status === 'open' && (turnId === null || item.turnId === turnId),
    );
  }

  append(itemId: ItemId, text: string): void {
    const item = this.items.get(itemId);
    if (item) this.items.set(itemId, { ...item, text: item.text + text });
  }

  machineState(): MachineState {
    const status = this.state?.row.status ?? 'ready';
    const activeTurnId = this.state?.row.activeTurnId ?? null;
    return {
      status,
      activeTurnId,
      value: status,
      tags: [status],
      can: ['turn.submit:start'],
      children: {},
      timers: [],
      closing: null,
    };
  }

  snapshot({ before, limit }: { before: number | null; limit: number }): ThreadSnapshot {
    if (this.state === null) throw new Error(`${this.threadId} has no state`);
    const { row, settings, queue, usage, plan, lineage, itemCount, completedTurnOrdinal } = this.state;
    const items = [...this.items.values()]
      .filter((item) => before === null || item.ordinal < before)
      .sort((one, other) => one.ordinal - other.ordinal);
    const turns = [...this.turns.values()];
    return {
      thread: { ...settings, ...row },
      machine: this.machineState(),
      turn: turns.find((turn) => turn.turnId === row.activeTurnId) ?? turns.at(-1) ?? null,
      items: items.slice(-limit),
      roster: rosterOf(this),
      requests: [...this.requests.values()].filter((request) => request.status !== 'closed'),
      queue,
      usage,
      plan,
      lineage,
      itemCount,
      completedTurnOrdinal,
    };
  }

  /** Deltas below the version are gone. */
  prune(before: number): void {
    this.prunedBefore = before;
    const kept = this.entries.filter((entry) => entry.kind !== 'delta' || entry.version >= before);
    this.entries.splice(0, this.entries.length, ...kept);
  }
}
