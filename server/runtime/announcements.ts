/** Who hears of a commit, and what they are told. */
import { failureOf } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { CommittedTick } from './api.ts';
import { committedTick, type Changed } from './committed.ts';
import type { Inspections } from './inspections.ts';
import type { Instances } from './instances.ts';
import type { Reads } from './reads.ts';
import type { RuntimeOptions } from './runtime-options.ts';
import type { Staging } from './staging.ts';
import type { Threads } from './threads.ts';
import { Watchers } from './watchers.ts';

interface AnnouncementsParts extends Pick<RuntimeOptions, 'log' | 'redact'> {
  readonly threads: Pick<Threads, 'peek'>;
  readonly reads: Pick<Reads, 'row'>;
  readonly instances: Instances;
  readonly inspections: Inspections;
}

export class Announcements {
  readonly #parts: AnnouncementsParts;
  readonly #listeners = new Set<(tick: CommittedTick) => void>();
  readonly #watchers = new Watchers();

  constructor(parts: AnnouncementsParts) {
    this.#parts = parts;
  }

  /** @returns the end of it */
  listen(listener: (tick: CommittedTick) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The thread's `state` is part of what is said until all that was returned here has been called. */
  watch(threadId: ThreadId): () => void {
    return this.#watchers.add(threadId);
  }

  /** What was committed, to everybody; one that throws harms no other. */
  say(staging: Staging, changed: Changed): void {
    if (this.#listeners.size === 0 || staging.entries.length === 0) return;
    const { threads, reads, instances, inspections, redact, log } = this.#parts;
    const tick = committedTick(staging, {
      current: (threadId) => threads.peek(threadId),
      watched: this.#watchers.counts,
      instanceOf: (threadId) => reads.row(threadId)?.instanceId ?? null,
      instances,
      changed,
      inspections,
      redact,
    });
    for (const listener of this.#listeners) {
      try {
        listener(tick);
      } catch (error) {
        log.error({ failure: failureOf(error) }, 'a listener threw');
      }
    }
  }
}
