import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import { threadIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import type { ThreadCache } from '../../machines/ports/journal.ts';
import { crcOf } from './crc.ts';
import { columnsThemselves, Query } from './query.ts';

const cacheSchema = z.object({
  threadId: threadIdSchema,
  machineHash: z.string(),
  version: z.number().int().positive(),
  charts: z.string(),
});

/** The charts of threads between their bases, one row each. */
export class Caches {
  readonly #put: StatementSync;
  readonly #get: Query<ThreadCache>;

  constructor(sqlite: DatabaseSync) {
    this.#put = sqlite.prepare('insert or replace into caches values (?, ?, ?, ?, ?)');
    this.#get = new Query(sqlite, {
      table: 'caches',
      schema: cacheSchema,
      toValue: columnsThemselves,
      checked: ['key', 'machineHash', 'version', 'charts'],
      sql: `select thread_id as key, thread_id as threadId, machine_hash as machineHash, version, charts, crc
            from caches where thread_id = ?`,
    });
  }

  /** One that is damaged is none: whatever it held is in the journal. */
  get(threadId: ThreadId): ThreadCache | null {
    try {
      return this.#get.one(threadId);
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'STORE_CORRUPT') return null;
      throw error;
    }
  }

  put({ threadId, machineHash, version, charts }: ThreadCache): void {
    this.#put.run(threadId, machineHash, version, charts, crcOf(threadId, machineHash, version, charts));
  }
}
