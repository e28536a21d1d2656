import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { checkpointRowSchema, type CheckpointRow } from '../../machines/domain/checkpoint.ts';
import type { ThreadId, TurnId } from '../../machines/domain/ids.ts';
import { Query } from './query.ts';

/** Reads what was captured of workspaces. */
export class CheckpointReader {
  readonly #checkpoint: Query<CheckpointRow>;
  readonly #checkpointsAbove: Query<CheckpointRow>;
  readonly #checkpointRoots: Query<string>;

  constructor(sqlite: DatabaseSync) {
    const checkpoints = (which: string): Query<CheckpointRow> =>
      new Query(sqlite, {
        checked: ['key', 'json'],
        table: 'checkpoints',
        schema: checkpointRowSchema,
        sql: `select thread_id || ' ' || turn_id as key, row as json, crc from checkpoints
          where thread_id = ? and ${which}`,
      });
    this.#checkpoint = checkpoints('turn_id = ?');
    this.#checkpointsAbove = checkpoints('ordinal > ? order by ordinal');
    this.#checkpointRoots = new Query<string>(sqlite, {
      table: 'checkpoints',
      schema: z.string(),
      toValue: (columns) => columns['key'],
      sql: 'select root as key from checkpoints where thread_id = ? and root is not null',
    });
  }

  checkpoint(threadId: ThreadId, turnId: TurnId): CheckpointRow | null {
    return this.#checkpoint.one(threadId, turnId);
  }

  checkpointsAbove(threadId: ThreadId, ordinal: number): CheckpointRow[] {
    return this.#checkpointsAbove.all(threadId, ordinal);
  }

  checkpointRoots(threadId: ThreadId): string[] {
    return [...new Set(this.#checkpointRoots.all(threadId))];
  }
}
