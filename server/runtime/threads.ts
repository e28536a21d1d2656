/** The root actors of all loaded threads. A thread is addressable whether it is loaded or not. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import { LiveCharts } from '../../machines/live.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { LoadedThread } from './loaded-thread.ts';
import { loadThread, stepEntry } from './load-thread.ts';
import { ThreadProjection } from './projection.ts';

export class Threads {
  readonly #journal: Journal;
  readonly #hash: string;
  readonly #loaded = new Map<ThreadId, LoadedThread>();
  /** Threads whose journal cannot be stepped, with the reason. */
  readonly #quarantined = new Map<ThreadId, RuntimeError>();

  constructor(journal: Journal, hash: string) {
    this.#journal = journal;
    this.#hash = hash;
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
   * @throws {RuntimeError} THREAD_QUARANTINED, again and again until the server restarts.
   */
  get(threadId: ThreadId): LoadedThread | null {
    const known = this.#loaded.get(threadId);
    if (known !== undefined) return known;
    const before = this.#quarantined.get(threadId);
    if (before !== undefined) throw before;
    try {
      const thread = loadThread(this.#journal, threadId, this.#hash);
      if (thread !== null) this.#loaded.set(threadId, thread);
      return thread;
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'THREAD_QUARANTINED') {
        this.#quarantined.set(threadId, error);
      }
      throw error;
    }
  }

  /** A new thread; `drawn` on the way into its first state is in `actor.started`. */
  create(threadId: ThreadId, input: object): LoadedThread {
    const actor = new LiveCharts('thread', { input });
    const projection = new ThreadProjection(threadId, this.#journal);
    const thread = new LoadedThread({ threadId, actor, projection, version: 0, timers: {} });
    this.#loaded.set(threadId, thread);
    return thread;
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
      else stepEntry(thread, entry, this.#hash);
      thread.foldFacts(entry);
    }
    return thread;
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
}
