/** One client's look inside a thread: its entries as they are committed, and word of those that were not sent. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { CommittedThread, InspectedEntry } from '../runtime/api.ts';
import { Channel, type Subscription, type Surroundings } from './channel.ts';
import { refusalOf, type Cursor } from './cursor.ts';
import { fit } from './fit.ts';
import type { InspectionFrame, ResyncReason } from './frame.ts';
import { pack, type Group } from './frames.ts';
import type { Limits } from './limits.ts';
import type { Work } from './pump.ts';

export interface InspectionTarget extends Cursor {
  readonly threadId: ThreadId;
}

const ENVELOPE_BYTES = 512;

const groupOf = (frame: InspectionFrame, limits: Limits): Group => {
  const room = { bytes: limits.messageBytes - ENVELOPE_BYTES, textBytes: limits.textBytes };
  const { json, sizeBytes } = fit(frame, room);
  const { sequence, version } = 'version' in frame ? frame : { sequence: 0, version: 0 };
  return { json, sizeBytes, sequence, version, hasDeltas: false };
};

/** What one commit shows of one thread, as messages; made when the first client needs them. */
export class InspectionTick {
  readonly #thread: CommittedThread;
  readonly #limits: Limits;
  #messages: readonly Group[] | null = null;

  constructor(thread: CommittedThread, limits: Limits) {
    this.#thread = thread;
    this.#limits = limits;
  }

  get entries(): readonly InspectedEntry[] {
    return this.#thread.inspected ?? [];
  }

  get messages(): readonly Group[] {
    const { messageBytes } = this.#limits;
    return (this.#messages ??= pack(
      this.entries.map((entry) => groupOf({ kind: 'entry', ...wire(entry) }, this.#limits)),
      messageBytes,
    ));
  }
}

/** Lists that are as the frames have them. */
export const wire = ({ kind, facts, taken, changes, effects, timers, ...rest }: InspectedEntry) => ({
  ...rest,
  entryKind: kind,
  facts: [...facts],
  taken: [...taken],
  changes: [...changes],
  effects: [...effects],
  timers: [...timers],
});

/** Nothing is kept for a client that lags: it is told which entries it has missed, and reads them. */
export class InspectionSubscription implements Subscription, Work {
  readonly id: string;
  readonly threadId: ThreadId;
  readonly #surroundings: Surroundings;
  readonly #channel: Channel;
  readonly #endInspection: () => void;
  /** Of the last entry that was sent, or told to be missed. */
  #version: number;
  #resync: ResyncReason | null = null;
  #mode: 'due' | 'live' | 'ended' = 'due';

  /** @throws {RuntimeError} THREAD_NOT_FOUND, THREAD_DELETED */
  constructor(id: string, target: InspectionTarget, surroundings: Surroundings) {
    const { reads } = surroundings.runtime;
    this.id = id;
    this.threadId = target.threadId;
    this.#surroundings = surroundings;
    this.#channel = new Channel(surroundings.outbox, 'inspection.thread', id);
    this.#version = reads.version(target.threadId).version;
    if (target.afterSequence !== undefined) {
      this.#resync = refusalOf(target, reads);
      this.#version = this.#resync === null ? reads.versionAt(target.threadId, target.afterSequence) : 0;
      this.#channel.after = this.#version;
    }
    this.#endInspection = surroundings.runtime.inspect(target.threadId);
    surroundings.pump.add(this);
  }

  acknowledge(sequence: number): void {
    this.#channel.acknowledgements.acknowledge(sequence);
  }

  end(): void {
    if (this.#mode === 'ended') return;
    this.#mode = 'ended';
    this.#surroundings.pump.remove(this);
    this.#channel.acknowledgements.end();
    this.#endInspection();
  }

  fail(error: unknown): void {
    this.#surroundings.fail(error);
  }

  /** Says where it goes on from. */
  step(): boolean {
    if (this.#mode !== 'due') return false;
    if (!this.#channel.outbox.isClear) {
      this.#channel.outbox.whenClear(this.#resume);
      return false;
    }
    const { runtime, limits } = this.#surroundings;
    const { version, sequence } = runtime.reads.version(this.threadId);
    const { epoch } = runtime.reads.epoch;
    const place = { sequence, version };
    const missed: InspectionFrame[] =
      version > this.#version ? [{ kind: 'missed', after: this.#version, ...place }] : [];
    const resync: InspectionFrame[] = this.#resync === null ? [] : [{ kind: 'resync', reason: this.#resync }];
    const frames: InspectionFrame[] = [...resync, ...missed, { kind: 'synchronized', epoch, ...place }];
    this.#resync = null;
    this.#mode = 'live';
    this.#version = version;
    for (const message of pack(
      frames.map((frame) => groupOf(frame, limits)),
      limits.messageBytes,
    )) {
      this.#channel.send(message, version);
    }
    return false;
  }

  onCommitted(tick: InspectionTick): void {
    const last = tick.entries.at(-1)?.version ?? 0;
    if (this.#mode !== 'live' || last <= this.#version) return;
    if (this.#channel.outbox.isLagging) {
      this.#mode = 'due';
      this.#surroundings.pump.add(this);
      return;
    }
    this.#version = last;
    for (const message of tick.messages) this.#channel.send(message, message.version);
  }

  readonly #resume = (): void => {
    if (this.#mode !== 'ended') this.#surroundings.pump.add(this);
  };
}
