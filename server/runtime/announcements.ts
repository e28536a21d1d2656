/** Those who are told of each commit, in order. */
import { failureOf } from '../../machines/domain/error.ts';
import type { CommittedTick } from './api.ts';

type Listener = (tick: CommittedTick) => void;
type OnError = (details: Record<string, unknown>, message: string) => void;

export class Announcements {
  readonly #onError: OnError;
  readonly #listeners = new Set<Listener>();

  constructor(onError: OnError) {
    this.#onError = onError;
  }

  /** Nobody listens. */
  get isIdle(): boolean {
    return this.#listeners.size === 0;
  }

  /** Returns its removal. */
  add(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** One that throws keeps nothing from the others. */
  tell(tick: CommittedTick): void {
    for (const listener of this.#listeners) {
      try {
        listener(tick);
      } catch (error) {
        this.#onError({ failure: failureOf(error) }, 'a listener threw');
      }
    }
  }
}
