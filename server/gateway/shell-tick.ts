/** What one commit changed of the thread list, as messages; made when the first client needs them. */
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { CommittedThread, CommittedTick } from '../runtime/api.ts';
import type { ShellFrame } from './frame.ts';
import { pack, rowGroup, type Group } from './frames.ts';
import type { Limits } from './limits.ts';

export class ShellTick {
  readonly threadIds: readonly ThreadId[];
  readonly hasInstances: boolean;
  readonly #tick: CommittedTick;
  readonly #limits: Limits;
  #messages: readonly Group[] | null = null;

  constructor(tick: CommittedTick, limits: Limits) {
    this.#tick = tick;
    this.#limits = limits;
    this.threadIds = tick.threads.filter(isShown).map((each) => each.threadId);
    this.hasInstances = tick.instances.length > 0;
  }

  get isEmpty(): boolean {
    return this.threadIds.length === 0 && !this.hasInstances;
  }

  get messages(): readonly Group[] {
    return (this.#messages ??= pack(
      this.#frames().map((frame) => rowGroup(frame, this.#limits)),
      this.#limits.messageBytes,
    ));
  }

  /** In the order of their sequences, so that a cursor between two messages misses nothing. */
  #frames(): ShellFrame[] {
    const { threads, instances, sequence } = this.#tick;
    const rows = threads.filter(isShown).map((thread): ShellFrame & { sequence: number } => {
      const place = { sequence: thread.entries.at(-1)?.sequence ?? sequence };
      return thread.removed || thread.row === null
        ? { kind: 'removed', ...place, threadId: thread.threadId }
        : { kind: 'thread', ...place, row: thread.row };
    });
    rows.sort((one, other) => one.sequence - other.sequence);
    return [...rows, ...instances.map((row) => ({ kind: 'instance' as const, sequence, row }))];
  }
}

const isShown = (thread: CommittedThread): boolean => thread.removed || thread.row !== null;
