/** Kills the server at one chosen point: before or after a commit, or before an effect that the commit released. */
import type { Journal, TickWrite } from '../../machines/ports/journal.ts';

export type CrashPlace = 'before' | 'after' | 'effect';

export interface CrashPoint {
  readonly place: CrashPlace;
  /** Counted from 1, per place. */
  readonly number: number;
}

export class CrashPlan {
  readonly point: CrashPoint | null;
  readonly counts: Record<CrashPlace, number> = { before: 0, after: 0, effect: 0 };
  isDead = false;

  constructor(point: CrashPoint | null) {
    this.point = point;
  }

  /** @throws when the server dies here, or is dead already. */
  reach(place: CrashPlace): void {
    if (!this.isDead) {
      this.counts[place] += 1;
      this.isDead = place === this.point?.place && this.counts[place] === this.point.number;
    }
    if (this.isDead) throw new Error(`planned: the server dies (${place})`);
  }

  /** The journal of a server that dies by this plan: nothing can be done with it afterwards. */
  journal(inner: Journal, commit: Journal['commit'] = (write) => this.#commit(inner, write)): Journal {
    return new Proxy(inner, {
      get: (target, name) => {
        if (name === 'commit') return commit;
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (this.isDead && name !== 'close') throw new Error('the server is dead');
          return value.apply(target, args) as unknown;
        };
      },
    });
  }

  #commit(inner: Journal, write: TickWrite): void {
    this.reach('before');
    inner.commit(write);
    this.reach('after');
  }
}
