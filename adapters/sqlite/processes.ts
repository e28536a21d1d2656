import type { StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { ProcessRow } from '../../machines/ports/process-host.ts';
import type { Database } from './database.ts';
import { columnsThemselves, Query } from './query.ts';

const processRowSchema = z.object({
  marker: z.string(),
  instanceId: instanceIdSchema,
  pid: z.number().int().positive().nullable(),
  startTime: z.string().nullable(),
  startedAt: z.number(),
});

/** The process table. Each change is committed at once: a row must be there before its process is. */
export class Processes {
  readonly #database: Database;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #all: Query<ProcessRow>;

  constructor(database: Database) {
    const { sqlite } = database;
    this.#database = database;
    this.#put = sqlite.prepare(`insert into processes values (?, ?, ?, ?, ?)
      on conflict (marker) do update set instance_id = excluded.instance_id, pid = excluded.pid,
        start_time = excluded.start_time, started_at = excluded.started_at`);
    this.#remove = sqlite.prepare('delete from processes where marker = ?');
    this.#all = new Query(sqlite, {
      table: 'processes',
      schema: processRowSchema,
      toValue: columnsThemselves,
      sql: `select marker as key, marker, instance_id as instanceId, pid, start_time as startTime,
              started_at as startedAt
            from processes order by rowid`,
    });
  }

  put({ marker, instanceId, pid, startTime, startedAt }: ProcessRow): void {
    this.#database.transact(`writing the process ${marker}`, () => {
      this.#put.run(marker, instanceId, pid, startTime, startedAt);
    });
  }

  remove(marker: string): void {
    this.#database.transact(`removing the process ${marker}`, () => {
      this.#remove.run(marker);
    });
  }

  all(): ProcessRow[] {
    return this.#all.all();
  }
}
