/** The root actors of all loaded threads. A thread is addressable whether it is loaded or not. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import { LiveCharts } from '../../machines/live.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { Clock } from './clock.ts';
import { LoadedThread } from './loaded-thread.ts';
import type { Inspections } from './inspections.ts';
import { loadThread, quarantined, stepEntry } from './load-thread.ts';
import { ThreadProjection } from './projection.ts';
import { rebuildThread } from './rebuild.ts';
import { standIn, tombstone } from './tombstone.ts';

export interface ThreadsParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly machineHash: string;
  readonly inspections: Pick<Inspections, 'has'>;
  /** Called once for each thread that turns out to be unusable. */
  readonly onQuarantined: (threadId: ThreadId, error: RuntimeError) => void;
  /** Its rows were damaged, and made again from its journal. */
  readonly onMended: (threadId: ThreadId, error: RuntimeError) => void;
}

export class Threads {
  readonly #parts: ThreadsParts;
  readonly #loaded = new Map<ThreadId, LoadedThread>();
  /** Threads whose journal cannot be stepped, with the reason. */
  readonly #quarantined = new Map<ThreadId, RuntimeError>();

  constructor(parts: ThreadsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#loaded.size;
  }

  loaded(): IterableIterator<LoadedThread> {
    return this.#loaded.values();
  }

  /** Without loading. */
  peek(threadId: ThreadId): LoadedThread | null {
    return this.#loaded.get(threadId) ?? null;
  }

  quarantine(threadId: ThreadId): RuntimeError | null {
    return this.#quarantined.get(threadId) ?? null;
  }

  /**
   * `null`: there is no such thread.
   * @throws {RuntimeError} THREAD_QUARANTINED, again and again until the server restarts; STORE_UNAVAILABLE.
   */
  get(threadId: ThreadId): LoadedThread | null {
    const known = this.#loaded.get(threadId);
    if (known !== undefined) return known;
    const before = this.#quarantined.get(threadId);
    if (before !== undefined) throw before;
    const thread = this.#load(threadId);
    if (thread !== null) this.#keep(thread);
    return thread;
  }

  /** A new thread; `drawn` on the way into its first state is in `actor.started`. */
  create(threadId: ThreadId, input: object): LoadedThread {
    const actor = new LiveCharts('thread', { input });
    const projection = new ThreadProjection(threadId, this.#parts.journal);
    return this.#keep(new LoadedThread({ threadId, actor, projection, version: 0, timers: {} }));
  }

  /** After an input threw: from the journal, then from what the tick has staged for it; `null` if it was new. */
  rebuild(threadId: ThreadId, staged: readonly ThreadEntry[]): LoadedThread | null {
    this.drop(threadId);
    const [first] = staged;
    const isNew = first?.input.type === 'thread.create';
    const thread = isNew ? this.create(threadId, first.input) : this.get(threadId);
    if (thread === null) return null;
    for (const entry of staged) {
      if (entry.input.type === 'thread.create') thread.foldTimers(entry, thread.actor.started.timers);
      else stepEntry(thread, entry, this.#parts.machineHash);
      thread.foldFacts(entry);
    }
    thread.inspector?.forget();
    return thread;
  }

  /** A quarantined thread, to be deleted. */
  standIn(threadId: ThreadId): LoadedThread | null {
    const thread = standIn(this.#parts.journal, threadId);
    if (thread === null) return null;
    this.#quarantined.delete(threadId);
    return this.#keep(thread);
  }

  drop(threadId: ThreadId): void {
    this.#loaded.get(threadId)?.actor.stop();
    this.#loaded.delete(threadId);
  }

  /** After a failed commit: what is in memory may be ahead of the journal. Returns what was loaded. */
  dropAll(): ThreadId[] {
    const ids = [...this.#loaded.keys()];
    for (const id of ids) this.drop(id);
    return ids;
  }

  #keep(thread: LoadedThread): LoadedThread {
    thread.noteLoaded(this.#parts.clock.monotonic());
    if (this.#parts.inspections.has(thread.threadId)) thread.inspect();
    this.#loaded.set(thread.threadId, thread);
    return thread;
  }

  #load(threadId: ThreadId): LoadedThread | null {
    try {
      return this.#loadOrMend(threadId);
    } catch (cause) {
      if (cause instanceof RuntimeError && cause.code === 'STORE_UNAVAILABLE') throw cause;
      const dead = this.#tombstone(threadId);
      if (dead !== null) return dead;
      const isSaid = cause instanceof RuntimeError && cause.code === 'THREAD_QUARANTINED';
      const error = isSaid ? cause : quarantined(threadId, 'its journal cannot be read', { cause });
      this.#quarantined.set(threadId, error);
      this.#parts.onQuarantined(threadId, error);
      throw error;
    }
  }

  #loadOrMend(threadId: ThreadId): LoadedThread | null {
    const { journal, machineHash } = this.#parts;
    return this.mending(threadId, () => loadThread(journal, threadId, machineHash));
  }

  /**
   * Reads, between ticks; rows of the thread that turn out to be damaged are made again, because the journal is what
   * counts. @throws what `read` throws, if it is no damage of rows or the journal is damaged, too
   */
  mending<Result>(threadId: ThreadId, read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (!isOfRows(error)) throw error;
      rebuildThread(this.#parts.journal, threadId);
      this.#parts.onMended(threadId, error);
      return read();
    }
  }

  #tombstone(threadId: ThreadId): LoadedThread | null {
    const { journal } = this.#parts;
    try {
      return journal.threadState(threadId)?.removal === 'deleted' ? tombstone(journal, threadId) : null;
    } catch (error) {
      if (isOfRows(error)) return null;
      throw error;
    }
  }
}

const isOfRows = (error: unknown): error is RuntimeError =>
  error instanceof RuntimeError && error.code === 'STORE_CORRUPT' && error.details['table'] !== 'entries';
