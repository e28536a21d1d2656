/** Threads that came of other threads: who made whom, and how many of them work. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { boundsIn, type TaskBounds } from './task-bounds.ts';
import type { Threads } from './threads.ts';

/** Rows as the tick under way has them. */
export interface FamilyParts {
  readonly threads: Pick<Threads, 'peek'>;
  readonly journal: Pick<Journal, 'threadState'>;
}

/** Further up nothing is looked for: a chain of so many is none that tasks have made. */
const LONGEST_CHAIN = 64;

/** `null`: unknown, or deleted. */
export function stateIn({ threads, journal }: FamilyParts, threadId: ThreadId): ThreadState | null {
  const state = threads.peek(threadId)?.projection.state ?? journal.threadState(threadId);
  return state?.removal === 'none' ? state : null;
}

/** The thread, what it came of, what that came of, and so on. */
function* upFrom(parts: FamilyParts, threadId: ThreadId): Generator<ThreadState> {
  let next: ThreadId | null = threadId;
  for (let count = 0; next !== null && count < LONGEST_CHAIN; count += 1) {
    const state: ThreadState | null = stateIn(parts, next);
    if (state === null) return;
    yield state;
    next = state.lineage?.parentId ?? null;
  }
}

/** The thread, what has come of it, what has come of that, and so on; the older ones first. */
export function* downFrom(parts: FamilyParts, threadId: ThreadId): Generator<ThreadState> {
  const seen = new Set<ThreadId>([threadId]);
  for (const each of seen) {
    const state = stateIn(parts, each);
    if (state === null) continue;
    yield state;
    for (const child of state.children ?? []) seen.add(child);
  }
}

/** How many tasks the thread is away from a person. */
export const depthOf = (parts: FamilyParts, threadId: ThreadId): number =>
  [...upFrom(parts, threadId)].filter(({ lineage }) => lineage?.kind === 'delegate').length;

/** The other is the thread itself, or has come of it. */
export const isOfFamily = (parts: FamilyParts, threadId: ThreadId, other: ThreadId): boolean =>
  upFrom(parts, other).some(({ row }) => row.id === threadId);

/** Threads of the whole family that work, or are about to, beside the one that nobody made; counted up to `limit`. */
export function busyIn(parts: FamilyParts, threadId: ThreadId, limit: number): number {
  const root = [...upFrom(parts, threadId)].at(-1)?.row.id ?? threadId;
  return downFrom(parts, root)
    .filter(({ row, queue }) => row.id !== root && (isAtWork(row) || isAboutTo(queue)))
    .take(limit)
    .reduce((count) => count + 1, 0);
}

const isAtWork = ({ status }: ThreadState['row']): boolean => status === 'starting' || status === 'running';
const isAboutTo = ({ status, entries }: ThreadState['queue']): boolean =>
  status === 'flowing' && entries.length > 0;

/** What a thread's agent may know of other threads: those that have come of its own, and no others. */
export class Family {
  readonly #parts: FamilyParts;
  readonly bounds: TaskBounds;

  constructor(parts: FamilyParts, bounds: TaskBounds) {
    this.#parts = parts;
    this.bounds = bounds;
  }

  /** @throws {RuntimeError} THREAD_NOT_FOUND, also for a thread that is there and none of the family: it is not told of */
  state(threadId: ThreadId, other: ThreadId): ThreadState {
    const state = isOfFamily(this.#parts, threadId, other) ? stateIn(this.#parts, other) : null;
    if (state !== null) return state;
    throw new RuntimeError('THREAD_NOT_FOUND', `no thread ${other} has come of thread ${threadId}`);
  }

  /** The thread itself first. */
  all(threadId: ThreadId): Iterable<ThreadState> {
    return downFrom(this.#parts, threadId);
  }

  depth(threadId: ThreadId): number {
    return depthOf(this.#parts, threadId);
  }

  busyCount(threadId: ThreadId): number {
    return busyIn(this.#parts, threadId, this.bounds.aliveCount);
  }
}

/** Of a whole runtime. */
export const familyOf = (
  options: { readonly journal: Journal; readonly taskBounds?: TaskBounds },
  threads: FamilyParts['threads'],
): Family => new Family({ journal: options.journal, threads }, boundsIn(options));
