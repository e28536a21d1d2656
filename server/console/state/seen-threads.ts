/** Which threads have news: what this browser has shown of each. */
import { signal } from '@preact/signals';
import type { ThreadRow } from '../../../machines/domain/snapshot.ts';

const KEY = 'threadchart.seen';
const MOST_COUNT = 2_000;

export class SeenThreads {
  /** `updatedAt` of the row that was shown. */
  readonly #at = signal<ReadonlyMap<string, number>>(read());
  /** Before that nothing is news: the browser was not here yet. */
  readonly #since = sinceOf();

  isUnread({ id, updatedAt }: ThreadRow): boolean {
    return updatedAt > (this.#at.value.get(id) ?? this.#since);
  }

  note({ id, updatedAt }: ThreadRow): void {
    if ((this.#at.peek().get(id) ?? 0) >= updatedAt) return;
    const next = new Map(this.#at.peek());
    next.delete(id);
    next.set(id, updatedAt);
    this.#at.value = new Map([...next].slice(-MOST_COUNT));
    localStorage.setItem(KEY, JSON.stringify([...this.#at.value]));
  }
}

function read(): ReadonlyMap<string, number> {
  try {
    return new Map(JSON.parse(localStorage.getItem(KEY) ?? '[]'));
  } catch {
    return new Map();
  }
}

function sinceOf(): number {
  const known = Number(localStorage.getItem(`${KEY}.since`) ?? 0);
  if (known > 0) return known;
  const now = Date.now();
  localStorage.setItem(`${KEY}.since`, String(now));
  return now;
}
