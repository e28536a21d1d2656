/** What one tick is about to write and to release. Look-ups see it before the store does. */
import type { CommandResult } from '../../machines/domain/command.ts';
import type { Effect } from '../../machines/domain/effect.ts';
import type { Entry, InstanceEntry, ThreadEntry } from '../../machines/domain/entry.ts';
import type { RuntimeError } from '../../machines/domain/error.ts';
import type { CommandId, InstanceId, RequestId, ThreadId } from '../../machines/domain/ids.ts';
import type { Answer } from '../../machines/domain/request.ts';
import type { Receipt } from '../../machines/ports/journal.ts';
import type { Insight } from './api.ts';
import type { Arrival, CommandArrival, Stream } from './ingress.ts';
import type { LoadedInstance } from './loaded-instance.ts';
import type { LoadedThread } from './loaded-thread.ts';

/** An effect with the stream whose chart asked for it. */
export interface StagedEffect {
  readonly stream: Stream;
  readonly effect: Effect;
}

export type CommandAnswer =
  | { readonly arrival: CommandArrival; readonly result: CommandResult }
  | { readonly arrival: CommandArrival; readonly error: RuntimeError };

export class Staging {
  /** Epoch ms; one for the whole tick. */
  readonly at: number;
  readonly monotonicAt: number;
  readonly entries: Entry[] = [];
  readonly receipts = new Map<CommandId, Receipt>();
  readonly effects: StagedEffect[] = [];
  readonly answers: CommandAnswer[] = [];
  /** What was seen of entries whose thread is inspected, by sequence. */
  readonly insights = new Map<number, Insight>();
  readonly threads = new Set<LoadedThread>();
  readonly instances = new Set<LoadedInstance>();
  /** Everything that was taken, to be put back if the commit fails. */
  readonly taken: Arrival[] = [];
  readonly #byThread = new Map<string, ThreadEntry[]>();
  #sequence: number;

  /** `sequence`: of the journal's last entry. */
  constructor({ at, monotonicAt, sequence }: { at: number; monotonicAt: number; sequence: number }) {
    this.at = at;
    this.monotonicAt = monotonicAt;
    this.#sequence = sequence;
  }

  get sequence(): number {
    return this.#sequence;
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  entriesOf(threadId: ThreadId): readonly ThreadEntry[] {
    return this.#byThread.get(threadId) ?? [];
  }

  instanceEntriesOf(instanceId: InstanceId): InstanceEntry[] {
    return this.entries.filter(
      (entry): entry is InstanceEntry => entry.kind === 'instance' && entry.stream === instanceId,
    );
  }

  /** Puts into the answer that was just drawn what its entry must not have; it is gone with this tick. */
  reveal(threadId: ThreadId, requestId: RequestId, answer: Answer): void {
    const isIt = ({ stream, effect }: StagedEffect): boolean =>
      stream.id === threadId && effect.type === 'request.answer' && effect.requestId === requestId;
    const index = this.effects.findLastIndex(isIt);
    const staged = this.effects[index];
    if (staged?.effect.type !== 'request.answer') return;
    this.effects[index] = { ...staged, effect: { ...staged.effect, answer, kept: staged.effect.answer } };
  }

  add(entry: ThreadEntry | InstanceEntry, stream: Stream, effects: readonly Effect[]): void {
    this.entries.push(entry);
    if (entry.kind !== 'instance') {
      const list = this.#byThread.get(entry.stream);
      if (list === undefined) this.#byThread.set(entry.stream, [entry]);
      else list.push(entry);
    }
    for (const effect of effects) this.effects.push({ stream, effect });
  }
}
