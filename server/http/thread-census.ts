/** How many threads have which status, and how many requests wait. Counted when first asked for, then kept up to date. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { statusSchema, type Status } from '../../machines/domain/fact.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { ThreadRow } from '../../machines/domain/snapshot.ts';
import type { CommittedTick, RuntimeReads } from '../runtime/api.ts';

const PAGE_COUNT = 200;

interface Counted {
  readonly status: Status;
  readonly openRequestCount: number;
}

/** About 100 bytes a thread, from the first scrape on. */
export class ThreadCensus {
  readonly #reads: RuntimeReads;
  readonly #counted = new Map<ThreadId, Counted>();
  /** Gone while the list was being read. */
  readonly #removed = new Set<ThreadId>();
  #counting: Promise<void> | null = null;

  constructor(reads: RuntimeReads) {
    this.#reads = reads;
  }

  onCommitted(tick: CommittedTick): void {
    if (this.#counting === null) return;
    for (const { threadId, row, removed } of tick.threads) {
      if (removed) {
        this.#counted.delete(threadId);
        this.#removed.add(threadId);
      } else if (row !== null) this.#count(row);
    }
  }

  async take(): Promise<{ byStatus: Map<Status, number>; openRequestCount: number }> {
    this.#counting ??= this.#countAll();
    await this.#counting;
    const byStatus = new Map<Status, number>(statusSchema.options.map((status) => [status, 0]));
    let openRequestCount = 0;
    for (const counted of this.#counted.values()) {
      byStatus.set(counted.status, (byStatus.get(counted.status) ?? 0) + 1);
      openRequestCount += counted.openRequestCount;
    }
    return { byStatus, openRequestCount };
  }

  #count({ id, status, openRequestCount }: ThreadRow): void {
    this.#counted.set(id, { status, openRequestCount });
  }

  async #countAll(): Promise<void> {
    for (const archived of [false, true]) await this.#countList(archived);
    this.#removed.clear();
  }

  async #countList(archived: boolean): Promise<void> {
    let cursor: string | null = null;
    do {
      const query = { archived, limit: PAGE_COUNT };
      const page: ReturnType<RuntimeReads['listThreads']> = this.#reads.listThreads(
        cursor === null ? query : { ...query, cursor },
      );
      for (const row of page.rows) {
        const isNewer = this.#counted.has(row.id) || this.#removed.has(row.id);
        if (!isNewer) this.#count(row);
      }
      cursor = page.next;
      await nextTurn();
    } while (cursor !== null);
  }
}
