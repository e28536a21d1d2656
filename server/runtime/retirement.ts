/**
 * Closes the connections of instances whose configuration has changed, when no turn runs on them: their charts then end
 * the process and begin anew. Never cuts a turn, an open request, or background work that keeps a connection.
 */
import { instanceContextOf } from '../../machines/charts.ts';
import type { ConnectionId } from '../../machines/domain/ids.ts';
import { connectionIdIn } from '../../machines/thread-turns.ts';
import { isFree, type HibernationParts } from './hibernation.ts';
import type { Instances } from './instances.ts';
import type { LoadedInstance } from './loaded-instance.ts';
import type { LoadedThread } from './loaded-thread.ts';

/** A close that failed, or came too late, is asked for again after this. */
const AGAIN_MS = 30_000;

export interface RetirementParts extends Pick<HibernationParts, 'clock' | 'threads' | 'push'> {
  readonly instances: Instances;
}

export class Retirement {
  readonly #parts: RetirementParts;
  /** When each connection was last asked to close (monotonic). */
  readonly #asked = new Map<ConnectionId, number>();

  constructor(parts: RetirementParts) {
    this.#parts = parts;
  }

  /** After each commit, and from time to time: background work keeps a connection for a while only. */
  look(): void {
    let isAnyRetiring = false;
    for (const instance of this.#parts.instances.all()) {
      if (!instance.actor.charts.root.hasTag('retiring')) continue;
      isAnyRetiring = true;
      for (const thread of this.#toClose(instance)) this.#ask(thread);
    }
    if (!isAnyRetiring && this.#asked.size > 0) this.#asked.clear();
  }

  /** One that is outdated serves until all its threads are free at the same time, any other lets each go. */
  #toClose({ actor }: LoadedInstance): LoadedThread[] {
    const { root } = actor.charts;
    const { threads, clock } = this.#parts;
    const held = instanceContextOf(root).sessions.map(({ threadId }) => threads.peek(threadId));
    const free = held.filter((thread) => thread !== null).filter((thread) => isFree(thread, clock.now()));
    return root.value === 'outdated' && free.length < held.length ? [] : free;
  }

  #ask({ threadId, context }: LoadedThread): void {
    const connectionId = connectionIdIn(context);
    const now = this.#parts.clock.monotonic();
    const askedAt = this.#asked.get(connectionId);
    if (askedAt !== undefined && now - askedAt < AGAIN_MS) return;
    this.#asked.set(connectionId, now);
    this.#parts.push(threadId, { type: 'connection.idled', connectionId });
  }
}
