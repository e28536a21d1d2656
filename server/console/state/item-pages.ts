/** Items by their ordinal: those that are followed, and pages of older ones, read when they come into sight. */
import type { ThreadId } from '../../../machines/domain/ids.ts';
import type { Client } from '../../client/client.ts';
import type { ThreadView } from '../../client/thread-view.ts';
import type { WireItem } from '../../gateway/frame.ts';

/** Rows of a transcript. */
export interface ItemSource {
  /** Lowest ordinal that there is, and the highest; 0 and 0: none. */
  readonly first: number;
  readonly last: number;
  /** `null`: there is none of that number. `undefined`: it has not been read. */
  at(ordinal: number): WireItem | null | undefined;
  /** Says that these are in sight. */
  want(from: number, to: number): void;
}

/** Where pages come from. */
export interface ItemReads {
  /** The items before that ordinal, ascending; fewer where they are long. */
  before(threadId: ThreadId, ordinal: number, limit: number): Promise<readonly WireItem[]>;
}

export const readsOf = (client: Client): ItemReads => ({
  before: async (threadId, before, limit) => {
    const read = await client.call('orchestration.getThreadProjection', { threadId, before, limit });
    return read.snapshot.items;
  },
});

const PAGE_ITEM_COUNT = 100;
/** Read pages that are kept. */
const MOST_KEPT_COUNT = 4_000;
const NEAR_COUNT = 1_000;

export class ItemPages {
  readonly #reads: ItemReads;
  readonly #threadId: ThreadId;
  readonly #onPage: () => void;
  /** Of pages; those that are followed are the view's. */
  readonly #old = new Map<number, WireItem | null>();
  #followedFrom = 1;
  #isReading = false;
  #wanted: { readonly from: number; readonly to: number } | null = null;

  constructor(reads: ItemReads, threadId: ThreadId, onPage: () => void) {
    this.#reads = reads;
    this.#threadId = threadId;
    this.#onPage = onPage;
  }

  /** The view is a new one. What goes on in the background may be much older than its page. */
  begin(view: ThreadView): void {
    const followed = [...view.items.values()].filter(({ background }) => background !== true);
    const none = (view.state?.itemCount ?? 0) + 1;
    this.#followedFrom = followed.reduce((least, { ordinal }) => Math.min(least, ordinal), Infinity);
    if (followed.length === 0) this.#followedFrom = none;
    this.#old.clear();
  }

  source(view: ThreadView): ItemSource {
    const followed = new Map<number, WireItem>();
    let last = view.state?.itemCount ?? 0;
    for (const item of view.items.values()) {
      followed.set(item.ordinal, item);
      last = Math.max(last, item.ordinal);
    }
    return {
      first: last === 0 ? 0 : 1,
      last,
      at: (ordinal) =>
        followed.get(ordinal) ?? (ordinal >= this.#followedFrom ? null : this.#old.get(ordinal)),
      want: (from, to) => this.#want(from, to),
    };
  }

  #want(from: number, to: number): void {
    this.#wanted = { from, to };
    void this.#read();
  }

  async #read(): Promise<void> {
    if (this.#isReading || this.#wanted === null) return;
    const before = this.#gapEnd(this.#wanted);
    if (before === null) return;
    this.#isReading = true;
    try {
      this.#keep(await this.#reads.before(this.#threadId, before, PAGE_ITEM_COUNT), before);
      this.#onPage();
    } catch {
      // the connection was lost, or the thread is gone: what is in sight next asks again
      this.#wanted = null;
    } finally {
      this.#isReading = false;
    }
    void this.#read();
  }

  /** The `before` of the page that is missing most. */
  #gapEnd({ from, to }: { readonly from: number; readonly to: number }): number | null {
    for (let ordinal = Math.min(to, this.#followedFrom - 1); ordinal >= from; ordinal -= 1)
      if (!this.#old.has(ordinal)) return ordinal + 1;
    return null;
  }

  /** Numbers between those of a page belong to nothing. */
  #keep(items: readonly WireItem[], before: number): void {
    const first = items[0]?.ordinal ?? 1;
    for (let ordinal = first; ordinal < before; ordinal += 1) this.#old.set(ordinal, null);
    for (const item of items) this.#old.set(item.ordinal, item);
    if (this.#old.size > MOST_KEPT_COUNT) this.#forgetFar(before);
  }

  #forgetFar(ordinal: number): void {
    for (const each of this.#old.keys()) if (Math.abs(each - ordinal) > NEAR_COUNT) this.#old.delete(each);
  }
}
