/** The journal of one thread as it grows, and the thread at the entry that is looked at. */
import { computed, signal } from '@preact/signals';
import { failureOf, type Failure } from '../../../machines/domain/error.ts';
import type { Client, Following, InspectedEntry } from '../../client/client.ts';
import type { ResultOf } from '../../gateway/protocol.ts';

export type Past = ResultOf<'orchestration.getThreadStateAt'>;

/** Entries of one page; as many are held around the one that is looked at. */
const PAGE_COUNT = 200;
/** More than these are let go, the oldest first. */
const MOST_HELD_COUNT = 1_000;
/** Pages that a search goes through. */
const SEARCH_PAGE_COUNT = 20;

export class InspectStore {
  readonly threadId: string;
  readonly client: Client;
  /** Without a gap, ascending. */
  readonly entries = signal<readonly InspectedEntry[]>([]);
  /** Of the newest entry. */
  readonly latest = signal(0);
  /** The version that is looked at; `null`: the newest, as it comes. */
  readonly chosen = signal<number | null>(null);
  readonly past = signal<Past | null>(null);
  readonly failure = signal<Failure | null>(null);
  readonly version = computed(() => this.chosen.value ?? this.latest.value);
  readonly entry = computed(
    () => this.entries.value.findLast(({ version }) => version <= this.version.value) ?? null,
  );
  readonly #following: Following;
  #reading: Promise<void> = Promise.resolve();
  #isLooking = false;
  #isStale = false;

  constructor(client: Client, threadId: string, at: number | null) {
    this.client = client;
    this.threadId = threadId;
    this.chosen.value = at;
    this.#following = client.inspectThread(threadId, {
      onSynchronized: (version, sequence) => {
        const isFirst = this.latest.value === 0;
        this.latest.value = Math.max(version, this.latest.value);
        if (!isFirst) return;
        // the journal of a long thread takes a while
        if (this.chosen.value === null) void this.#showFirst(sequence);
        this.#queue(() => this.#open(this.version.value));
      },
      onEntries: (entries) => this.#queue(() => this.#append(entries)),
      onMissed: ({ version }) => {
        this.latest.value = version;
        if (this.entries.value.length > 0) this.#queue(() => this.#open(version));
      },
      onError: (error) => (this.failure.value = failureOf(error)),
    });
  }

  close(): void {
    this.#following.end();
  }

  /** `null`: the newest. */
  choose(version: number | null): void {
    const isLast = version !== null && version >= this.latest.value;
    this.chosen.value = isLast || version === null ? null : Math.max(1, version);
    this.#queue(() => this.#open(this.version.value));
  }

  step(by: number): void {
    const { value: entries } = this.entries;
    const index = entries.findIndex(({ version }) => version === this.entry.value?.version);
    this.choose(entries[index + by]?.version ?? this.version.value + by);
  }

  /** To the next entry of that kind. @returns whether there is one */
  async seek(isWanted: (entry: InspectedEntry) => boolean): Promise<boolean> {
    let after = this.version.value;
    for (let count = 0; count < SEARCH_PAGE_COUNT; count += 1) {
      const page = await this.#read(after);
      const found = page.entries.find(isWanted);
      if (found !== undefined) {
        this.choose(found.version);
        return true;
      }
      if (page.next === null) return false;
      after = page.next;
    }
    return false;
  }

  /** The thread after another entry. */
  stateAt(sequence: number): Promise<Past> {
    const query = { threadId: this.threadId, sequence, contexts: true };
    return this.client.call('orchestration.getThreadStateAt', query);
  }

  async #showFirst(sequence: number): Promise<void> {
    const now = await this.stateAt(sequence).catch(() => null);
    this.past.value ??= now;
  }

  #queue(work: () => Promise<void>): void {
    this.#reading = this.#reading.then(work).catch((error: unknown) => {
      this.failure.value = failureOf(error);
    });
  }

  #read(after: number, limit = PAGE_COUNT) {
    return this.client.call('inspection.readEntries', { threadId: this.threadId, after, limit });
  }

  async #append(added: readonly InspectedEntry[]): Promise<void> {
    const { value: held } = this.entries;
    const last = held.at(-1)?.version ?? 0;
    const [first] = added;
    this.latest.value = Math.max(this.latest.value, added.at(-1)?.version ?? 0);
    const more = added.filter(({ version }) => version > last);
    // what is looked at is somewhere else
    if (first !== undefined && first.version <= last + 1) {
      this.entries.value = [...held, ...more].slice(-MOST_HELD_COUNT);
    }
    if (this.chosen.value === null) await this.#look();
  }

  /** Holds the entries around a version, and looks at it. */
  async #open(version: number): Promise<void> {
    const { value: held } = this.entries;
    const [first] = held;
    const last = held.at(-1)?.version ?? 0;
    const isHeld = first !== undefined && first.version <= version && version <= last;
    if (!isHeld || (version < this.latest.value && version > last - 2)) {
      const { entries } = await this.#read(
        Math.max(0, version - PAGE_COUNT / 2 - (version >= this.latest.value ? PAGE_COUNT / 2 : 0)),
      );
      this.entries.value = entries;
    }
    await this.#look();
  }

  /** One question at a time: the last one counts. */
  async #look(): Promise<void> {
    if (this.#isLooking) {
      this.#isStale = true;
      return;
    }
    const { value: entry } = this.entry;
    if (entry === null) return;
    this.#isLooking = true;
    try {
      this.past.value = await this.stateAt(entry.sequence);
      this.failure.value = null;
    } finally {
      this.#isLooking = false;
    }
    if (!this.#isStale) return;
    this.#isStale = false;
    await this.#look();
  }
}
