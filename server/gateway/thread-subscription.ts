/** One client's view of one thread: snapshot or backlog, then live, and told by `resync` where something is missing. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import { Channel, type Subscription, type Surroundings } from './channel.ts';
import { refusalOf, type Cursor } from './cursor.ts';
import {
  entryGroup,
  fitSnapshot,
  groupOf,
  pack,
  resyncFrame,
  type FrameEntry,
  type ThreadTick,
} from './frames.ts';
import type { ResyncReason, ThreadFrame } from './frame.ts';
import type { Work } from './pump.ts';

export interface ThreadTarget extends Cursor {
  readonly threadId: ThreadId;
  readonly deltas: boolean;
}

/**
 * `snapshot` and `backlog` are due and wait for the pump and for the client to be clear; what is committed meanwhile is
 * read with them. `live`: commits are sent as they come.
 */
type Mode = 'snapshot' | 'backlog' | 'live' | 'ended';

export class ThreadSubscription implements Subscription, Work {
  readonly id: string;
  readonly threadId: ThreadId;
  readonly #deltas: boolean;
  readonly #surroundings: Surroundings;
  readonly #channel: Channel;
  readonly #endWatch: () => void;
  #mode: Mode = 'snapshot';
  #resync: ResyncReason | null = null;
  /** Of the last entry that was sent, left out or covered by a snapshot. */
  #version = 0;

  /** @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_DELETED */
  constructor(id: string, target: ThreadTarget, surroundings: Surroundings) {
    this.id = id;
    this.threadId = target.threadId;
    this.#deltas = target.deltas;
    this.#surroundings = surroundings;
    this.#channel = new Channel(surroundings.outbox, 'orchestration.thread', id);
    const { runtime } = surroundings;
    runtime.reads.version(target.threadId);
    if (target.afterSequence !== undefined) this.#takeCursor(target.afterSequence, target);
    this.#endWatch = runtime.watch(target.threadId);
    surroundings.pump.add(this);
  }

  #takeCursor(afterSequence: number, cursor: Cursor): void {
    const { reads } = this.#surroundings.runtime;
    this.#resync = refusalOf(cursor, reads);
    if (this.#resync !== null) return;
    this.#version = reads.versionAt(this.threadId, afterSequence);
    this.#channel.after = this.#version;
    this.#mode = 'backlog';
  }

  acknowledge(sequence: number): void {
    this.#channel.acknowledgements.acknowledge(sequence);
  }

  end(): void {
    if (this.#mode === 'ended') return;
    this.#mode = 'ended';
    this.#surroundings.pump.remove(this);
    this.#channel.acknowledgements.end();
    this.#endWatch();
  }

  fail(error: unknown): void {
    this.#surroundings.fail(error);
  }

  /** One message of what is due. */
  step(): boolean {
    if (this.#mode !== 'snapshot' && this.#mode !== 'backlog') return false;
    if (!this.#channel.outbox.isClear) {
      this.#channel.outbox.whenClear(this.#resume);
      return false;
    }
    if (this.#mode === 'snapshot') this.#sendSnapshot();
    else this.#sendBacklog();
    return this.#mode === 'backlog' || this.#mode === 'snapshot';
  }

  /** A commit has changed the thread. */
  onCommitted(tick: ThreadTick): void {
    if (this.#mode === 'snapshot') this.#waitOn(tick);
    const first = tick.thread.entries[0]?.version;
    const last = tick.thread.entries.at(-1)?.version;
    if (this.#mode !== 'live' || first === undefined || last === undefined) return;
    if (first > this.#version + 1) this.#begin('backlog');
    else if (last > this.#version) this.#sendTick(tick, { first, last });
  }

  /** What the thread can do has changed without an entry of its own; who is behind is told with the rest. */
  restate(): void {
    if (this.#mode !== 'live' || this.#surroundings.runtime.reads.row(this.threadId) === null) return;
    const state = this.#state();
    this.#channel.send(groupOf([state], state), this.#version);
  }

  /** What is committed while a snapshot is due is part of it. */
  #waitOn(tick: ThreadTick): void {
    if (tick.thread.removed) this.#sendFarewell(tick);
    else if (this.#resync === 'lagging') this.#countDropped(tick);
  }

  #countDropped({ thread }: ThreadTick): void {
    if (!this.#deltas) return;
    this.#surroundings.stats.droppedDeltaCount += thread.entries.filter(
      ({ kind }) => kind === 'delta',
    ).length;
  }

  #sendTick(tick: ThreadTick, { first, last }: { first: number; last: number }): void {
    // entries that the backlog has already given are left out
    const isWhole = first === this.#version + 1;
    const messages = isWhole ? tick.messages(this.#deltas) : tick.messagesAfter(this.#version, this.#deltas);
    const hasDeltas = messages.some((each) => each.hasDeltas);
    if (hasDeltas && this.#channel.outbox.isLagging && !tick.thread.removed) return this.#drop(tick);
    this.#version = last;
    for (const message of messages) this.#channel.send(message, message.version);
  }

  /**
   * The client reads too slowly. From the first delta that is dropped nothing is sent until it has drained, so that its
   * cursor never passes what it has not got; a resume before the `resync` loses nothing either.
   */
  #drop(tick: ThreadTick): void {
    this.#countDropped(tick);
    this.#resync = 'lagging';
    this.#begin('snapshot');
  }

  #begin(mode: 'snapshot' | 'backlog'): void {
    if (this.#mode === 'ended') return;
    this.#mode = mode;
    this.#surroundings.pump.add(this);
  }

  readonly #resume = (): void => {
    if (this.#mode !== 'ended') this.#surroundings.pump.add(this);
  };

  /** The thread is gone before its snapshot could be sent: what is left to tell is its end. */
  #sendFarewell(tick: ThreadTick): void {
    const place = { sequence: 0, version: this.#channel.after };
    this.#mode = 'live';
    this.#version = (tick.thread.entries[0]?.version ?? 1) - 1;
    if (this.#resync !== null) this.#channel.send(groupOf(this.#takeResync(), place), place.version);
  }

  #sendSnapshot(): void {
    const { runtime, limits } = this.#surroundings;
    const page = { before: null, limit: limits.snapshotItemCount };
    const { sequence, version, snapshot } = runtime.reads.snapshot(this.threadId, page);
    const frames: ThreadFrame[] = [
      ...this.#takeResync(),
      { kind: 'snapshot', sequence, version, snapshot: fitSnapshot(snapshot, limits) },
      this.#synchronized(),
    ];
    this.#version = version;
    this.#mode = 'live';
    this.#channel.send(groupOf(frames, { sequence, version }), version);
  }

  #takeResync(): ThreadFrame[] {
    const reason = this.#resync;
    this.#resync = null;
    if (reason === null) return [];
    this.#surroundings.stats.addResync(reason);
    return [resyncFrame(reason)];
  }

  #synchronized(): ThreadFrame {
    const { reads } = this.#surroundings.runtime;
    return { kind: 'synchronized', epoch: reads.epoch.epoch, sequence: reads.sequence() };
  }

  #sendBacklog(): void {
    const { runtime, limits } = this.#surroundings;
    const options = { limit: limits.backlogEntryCount, deltas: this.#deltas };
    const { entries, prunedBefore } = runtime.reads.entries(this.threadId, this.#version, options);
    if (this.#deltas && prunedBefore !== null && this.#version + 1 < prunedBefore) {
      this.#resync = 'pruned';
      this.#mode = 'snapshot';
      return;
    }
    const isSent = this.#sendEntries(entries);
    if (isSent && entries.length < limits.backlogEntryCount) this.#finishBacklog();
  }

  /** @returns whether the client took them all. */
  #sendEntries(entries: readonly FrameEntry[]): boolean {
    const { limits } = this.#surroundings;
    const groups = entries.map((entry) => entryGroup(entry, { deltas: this.#deltas, limits }));
    const messages = pack(
      groups.filter((each) => each !== null),
      limits.backlogMessageBytes,
    );
    for (const message of messages) {
      if (!this.#channel.outbox.isClear) return false;
      this.#channel.send(message, message.version);
      this.#version = message.version;
    }
    this.#version = entries.at(-1)?.version ?? this.#version;
    return true;
  }

  #finishBacklog(): void {
    const { reads } = this.#surroundings.runtime;
    const state = reads.row(this.threadId) === null ? [] : [this.#state()];
    const place = { sequence: reads.sequence(), version: state[0]?.version ?? this.#channel.after };
    this.#mode = 'live';
    this.#version = Math.max(this.#version, place.version);
    this.#channel.send(groupOf([...state, this.#synchronized()], place), place.version);
  }

  /** The machines as they are now; a thread that is being deleted has none to tell. */
  #state(): Extract<ThreadFrame, { kind: 'state' }> {
    const { reads } = this.#surroundings.runtime;
    const { sequence, version } = reads.version(this.threadId);
    return { kind: 'state', sequence, version, state: reads.machineState(this.threadId) };
  }
}
