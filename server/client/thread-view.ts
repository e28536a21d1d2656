/** A thread as a client holds it: folded from a snapshot and the events after it, by the server's own fold. */
import { evolve, type ThreadTables } from '../../machines/domain/evolve.ts';
import type { FactEvent } from '../../machines/domain/fact.ts';
import type { ItemId, RequestId, TurnId } from '../../machines/domain/ids.ts';
import type { CheckpointRow } from '../../machines/domain/checkpoint.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { MachineState, ThreadRow, ThreadState } from '../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { WireItem, WireSnapshot } from '../gateway/frame.ts';

const encoder = new TextEncoder();

/** Changes in place; read it when `onView` calls. Items before the snapshot's page are not in it but for the roster. */
export class ThreadView implements ThreadTables {
  state: ThreadState | null = null;
  machine: MachineState | null = null;
  readonly turns = new Map<TurnId, TurnRow>();
  readonly items = new Map<ItemId, WireItem>();
  readonly requests = new Map<RequestId, RequestRow>();
  /** Of turns that were captured since the snapshot. */
  readonly checkpoints = new Map<TurnId, CheckpointRow>();
  /** Of the last frame. */
  version = 0;
  sequence = 0;

  static of(snapshot: WireSnapshot): ThreadView {
    const view = new ThreadView();
    view.state = stateOf(snapshot);
    view.machine = snapshot.machine;
    if (snapshot.turn !== null) view.turns.set(snapshot.turn.turnId, snapshot.turn);
    for (const item of [...snapshot.roster, ...snapshot.items]) view.items.set(item.itemId, item);
    for (const request of snapshot.requests) view.requests.set(request.requestId, request);
    return view;
  }

  apply(event: FactEvent): void {
    evolve(this, event);
    if (event.fact.type === 'item.delta') this.#keepMark(event.fact);
  }

  checkpointsAbove(ordinal: number): readonly CheckpointRow[] {
    return [...this.checkpoints.values()].filter((row) => row.ordinal > ordinal);
  }

  itemsSince(at: number): readonly WireItem[] {
    return [...this.items.values()].filter((item) => item.createdAt >= at);
  }

  openItems(turnId: TurnId | null): readonly WireItem[] {
    const open = [...this.items.values()].filter((item) => item.status === 'open');
    return turnId === null ? open : open.filter((item) => item.turnId === turnId);
  }

  /** What follows a cut is counted only: the text stays a prefix of the whole. */
  append(itemId: ItemId, text: string): void {
    const item = this.items.get(itemId);
    if (item === undefined) return;
    const { truncated } = item;
    const more =
      truncated === undefined
        ? { text: item.text + text }
        : { truncated: { bytes: truncated.bytes + encoder.encode(text).byteLength } };
    this.items.set(itemId, { ...item, ...more });
  }

  /** A delta that was itself cut. */
  #keepMark(fact: { itemId: ItemId; text: string; truncated?: { bytes: number } }): void {
    const item = this.items.get(fact.itemId);
    if (fact.truncated === undefined || item === undefined || item.truncated !== undefined) return;
    const known = encoder.encode(item.text).byteLength - encoder.encode(fact.text).byteLength;
    this.items.set(fact.itemId, { ...item, truncated: { bytes: known + fact.truncated.bytes } });
  }
}

function stateOf({
  thread,
  machine,
  queue,
  usage,
  plan,
  lineage,
  itemCount,
  completedTurnOrdinal,
  worktree,
}: WireSnapshot): ThreadState {
  return {
    row: rowOf(thread),
    settings: settingsOf(thread),
    queue,
    usage,
    plan,
    lineage,
    itemCount,
    completedTurnOrdinal,
    turnOrdinal: null,
    bound: machine.children.connection !== undefined || worktree?.status === 'making',
    removal: 'none',
    errands: 0,
    ...(worktree && { worktree }),
  };
}

function rowOf(thread: WireSnapshot['thread']): ThreadRow {
  const { options: _, runtimeMode: _mode, policy: _policy, ...rest } = thread;
  const { interactionMode: _interaction, deliveryMode: _delivery, checkpoints: _checkpoints, ...row } = rest;
  return row;
}

function settingsOf(thread: WireSnapshot['thread']): Settings {
  const { title, cwd, instanceId, model, options, runtimeMode, policy, interactionMode, deliveryMode } =
    thread;
  const { checkpoints } = thread;
  const settings = { title, cwd, instanceId, model, options, runtimeMode, policy, interactionMode };
  return { ...settings, deliveryMode, ...(checkpoints !== undefined && { checkpoints }) };
}
