/** One client's view of the thread list and the instances: rows, each the latest of its thread. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import { Channel, type Subscription, type Surroundings } from './channel.ts';
import { refusalOf, type Cursor } from './cursor.ts';
import type { ResyncReason, ShellFrame } from './frame.ts';
import { pack, resyncFrame, rowGroup, type Group } from './frames.ts';
import type { Work } from './pump.ts';
import type { ShellTick } from './shell-tick.ts';

/** A page of the list that is due; the unarchived threads come first. */
interface Page {
  readonly archived: boolean;
  readonly cursor: string | null;
}

const FIRST_PAGE: Page = { archived: false, cursor: null };

/**
 * Without a cursor the whole list is sent, in pages; with one, the threads that changed since. Then `synchronized`, then
 * what changes. To a client that lags only the ids of changed threads are kept, and their latest rows sent when it has
 * drained.
 */
export class ShellSubscription implements Subscription, Work {
  readonly id: string;
  readonly #surroundings: Surroundings;
  readonly #channel: Channel;
  readonly #dirty = new Set<ThreadId>();
  #page: Page | null = null;
  #areInstancesDue = true;
  #isSynchronized = false;
  #hasEnded = false;
  #resync: ResyncReason | null = null;
  /** The cursor that rows before `synchronized` continue. */
  #sequence = 0;

  constructor(id: string, cursor: Cursor, surroundings: Surroundings) {
    this.id = id;
    this.#surroundings = surroundings;
    this.#channel = new Channel(surroundings.outbox, 'orchestration.shell', id);
    if (cursor.afterSequence === undefined) this.#page = FIRST_PAGE;
    else this.#takeCursor(cursor.afterSequence, cursor);
    surroundings.pump.add(this);
  }

  #takeCursor(afterSequence: number, cursor: Cursor): void {
    const { reads } = this.#surroundings.runtime;
    const refusal = refusalOf(cursor, reads);
    const changed = refusal === null ? reads.changedSince(afterSequence) : null;
    if (changed === null) return this.#startAgain(refusal ?? 'pruned');
    for (const threadId of changed) this.#dirty.add(threadId);
    this.#sequence = afterSequence;
    this.#channel.after = afterSequence;
  }

  #startAgain(reason: ResyncReason): void {
    this.#resync = reason;
    this.#page = FIRST_PAGE;
    this.#dirty.clear();
    this.#areInstancesDue = true;
    this.#isSynchronized = false;
    this.#sequence = 0;
  }

  acknowledge(sequence: number): void {
    this.#channel.acknowledgements.acknowledge(sequence);
  }

  end(): void {
    this.#hasEnded = true;
    this.#surroundings.pump.remove(this);
    this.#channel.acknowledgements.end();
  }

  fail(error: unknown): void {
    this.#surroundings.fail(error);
  }

  step(): boolean {
    if (this.#hasEnded || this.#isLive) return false;
    if (!this.#channel.outbox.isClear) {
      this.#channel.outbox.whenClear(this.#resume);
      return false;
    }
    const groups = this.#page === null ? this.#takeDirty() : this.#takePage(this.#page);
    const resync = this.#takeResync();
    if (this.#page === null && this.#dirty.size === 0) groups.push(...this.#takeEnd());
    this.#send([...resync, ...groups]);
    return !this.#isLive;
  }

  /** Nothing is due. */
  get #isLive(): boolean {
    return this.#isSynchronized && this.#page === null && this.#dirty.size === 0 && !this.#areInstancesDue;
  }

  onCommitted(tick: ShellTick): void {
    if (this.#hasEnded || tick.isEmpty) return;
    if (this.#isLive && !this.#channel.outbox.isLagging) return this.#send(tick.messages);
    const wasLive = this.#isLive;
    for (const threadId of tick.threadIds) this.#dirty.add(threadId);
    if (tick.hasInstances) this.#areInstancesDue = true;
    if (this.#dirty.size > this.#surroundings.limits.shellDirtyCount) this.#startAgain('lagging');
    if (wasLive) this.#surroundings.pump.add(this);
  }

  readonly #resume = (): void => {
    if (!this.#hasEnded) this.#surroundings.pump.add(this);
  };

  #send(groups: readonly Group[]): void {
    for (const message of pack(groups, this.#surroundings.limits.messageBytes)) {
      this.#channel.send(message, message.sequence);
      this.#sequence = this.#channel.after;
    }
  }

  #takePage({ archived, cursor }: Page): Group[] {
    const { runtime, limits } = this.#surroundings;
    const query = { archived, limit: limits.shellPageCount };
    const { rows, next } = runtime.reads.listThreads(cursor === null ? query : { ...query, cursor });
    if (next !== null) this.#page = { archived, cursor: next };
    else this.#page = archived ? null : { archived: true, cursor: null };
    return rows.map((row) => this.#group({ kind: 'thread', sequence: this.#sequence, row }));
  }

  /** Some of the changed threads. Only the last of them moves the cursor: before it, others are missing. */
  #takeDirty(): Group[] {
    const { reads } = this.#surroundings.runtime;
    const threadIds = [...this.#dirty].slice(0, this.#surroundings.limits.shellPageCount);
    for (const threadId of threadIds) this.#dirty.delete(threadId);
    const isLast = this.#dirty.size === 0 && this.#isSynchronized;
    return threadIds.map((threadId, index) => {
      const sequence = isLast && index === threadIds.length - 1 ? reads.sequence() : this.#sequence;
      const row = reads.row(threadId);
      return this.#group(
        row === null ? { kind: 'removed', sequence, threadId } : { kind: 'thread', sequence, row },
      );
    });
  }

  #takeResync(): Group[] {
    const reason = this.#resync;
    this.#resync = null;
    if (reason === null) return [];
    this.#surroundings.stats.addResync(reason);
    return [this.#group(resyncFrame(reason))];
  }

  #takeEnd(): Group[] {
    const { reads } = this.#surroundings.runtime;
    const sequence = this.#isSynchronized ? reads.sequence() : this.#sequence;
    const rows = this.#areInstancesDue ? [...this.#removedInstances(), ...reads.instances()] : [];
    const groups = rows.map((row) => this.#group({ kind: 'instance', sequence, row }));
    this.#areInstancesDue = false;
    if (this.#isSynchronized) return groups;
    this.#isSynchronized = true;
    const end = { kind: 'synchronized', epoch: reads.epoch.epoch, sequence: reads.sequence() } as const;
    return [...groups, this.#group(end)];
  }

  /** Who begins anew holds none of them. */
  #removedInstances(): readonly InstanceRow[] {
    const isNew = !this.#isSynchronized && this.#sequence === 0;
    return isNew ? [] : this.#surroundings.runtime.reads.removedInstances();
  }

  #group(frame: ShellFrame): Group {
    return rowGroup(frame, this.#surroundings.limits);
  }
}
