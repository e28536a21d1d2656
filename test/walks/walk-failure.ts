import type { ThreadEntry } from '../../machines/domain/entry.ts';

/** What did not hold, and the threads as they were. */
export class WalkFailure extends Error {
  readonly entries: ReadonlyMap<string, readonly ThreadEntry[]>;

  constructor(cause: unknown, entries: ReadonlyMap<string, readonly ThreadEntry[]>) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.entries = entries;
  }
}
