/** Closes connections that nobody uses and drops threads that need not be in memory. Never changes a status. */
import { rosterOf } from '../../machines/domain/evolve-items.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { RuntimeInput } from '../../machines/domain/input.ts';
import { connectionIdIn } from '../../machines/thread-turns.ts';
import type { Adapters } from './adapters.ts';
import type { Clock } from './clock.ts';
import type { LoadedThread } from './loaded-thread.ts';
import type { Threads } from './threads.ts';

const SWEEP_EVERY_MS = 30_000;
/** Background work keeps a connection for so long; what outlives that is closed with it. */
const PIN_MS = 4 * 3_600_000;
/** A dormant thread stays in memory for so long after its last use, because the next one is likely soon. */
const KEEP_DORMANT_MS = 60_000;

export interface HibernationParts {
  readonly clock: Clock;
  readonly threads: Threads;
  readonly adapters: Pick<Adapters, 'connectionIdleMs'>;
  readonly push: (threadId: ThreadId, input: RuntimeInput) => void;
  /** Looks around after each sweep. */
  readonly retirement: { look(): void };
}

export class Hibernation {
  readonly #parts: HibernationParts;
  #cancel: (() => void) | null = null;

  constructor(parts: HibernationParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#cancel = this.#parts.clock.after(SWEEP_EVERY_MS, () => {
      this.sweep();
      this.#parts.retirement.look();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  sweep(): void {
    const { clock, threads, adapters, push } = this.#parts;
    const now = clock.monotonic();
    for (const thread of threads.loaded()) {
      const idleMs = now - thread.lastUsedAt;
      if (thread.isDormant) {
        if (idleMs >= KEEP_DORMANT_MS) threads.drop(thread.threadId);
      } else if (
        idleMs >= adapters.connectionIdleMs(thread.context.settings.instanceId) &&
        isFree(thread, clock.now())
      ) {
        const connectionId = connectionIdIn(thread.context);
        push(thread.threadId, { type: 'connection.idled', connectionId });
      }
    }
  }
}

/** Its connection can be closed without cutting anything. */
export const isFree = (thread: LoadedThread, now: number): boolean =>
  isIdle(thread) && !isPinned(thread, now);

/** Never in a turn, and never with an open request. */
const isIdle = (thread: LoadedThread): boolean =>
  thread.isSettled && thread.context.link.phase === 'open' && thread.projection.requests.live().length === 0;

const isPinned = ({ projection }: LoadedThread, now: number): boolean =>
  rosterOf(projection).some(({ createdAt }) => now - createdAt < PIN_MS);
