import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import type { ThreadId } from '../../machines/domain/ids.ts';
import { instanceInputSchema } from '../../machines/domain/instance.ts';
import { purgedWork } from '../../machines/domain/purged.ts';
import { crcOf } from './crc.ts';
import { columnsThemselves, Query } from './query.ts';
import { CHECKED } from './read-entries.ts';
import { THREAD_OF_WORK } from './schema-2.ts';
import { factsFromJson, factsToJson } from './shared-text.ts';

const part = z.union([z.string(), z.number(), z.null()]);
const rowSchema = z
  .looseObject({ sequence: z.number(), input: z.string(), facts: z.string() })
  .catchall(part);
type Row = z.infer<typeof rowSchema>;

/** Entries of instances that speak of a thread: they stay when it is purged, without its words. */
export class InstanceWork {
  readonly #find: Query<Row>;
  readonly #update: StatementSync;

  constructor(sqlite: DatabaseSync) {
    this.#find = new Query(sqlite, {
      table: 'entries',
      schema: rowSchema,
      toValue: columnsThemselves,
      checked: CHECKED,
      sql: `select sequence as key, ${CHECKED.join(', ')}, crc from entries indexed by entries_of_work
            where kind = 'instance' and ${THREAD_OF_WORK} = ?`,
    });
    this.#update = sqlite.prepare('update entries set input = ?, facts = ?, crc = ? where sequence = ?');
  }

  /** Inside a transaction of the caller. */
  purge(threadId: ThreadId): void {
    for (const row of this.#find.all(threadId)) this.#rewrite(row);
  }

  #rewrite(row: Row): void {
    const before: unknown = JSON.parse(row.input);
    const facts = z.array(z.unknown()).parse(factsFromJson(JSON.parse(row.facts), before));
    const after = purgedWork(instanceInputSchema.parse(before));
    const input = JSON.stringify(after);
    const changed: Row = { ...row, input, facts: factsToJson(facts, after, input) };
    const crc = crcOf(...CHECKED.map((name) => changed[name] ?? null));
    this.#update.run(changed.input, changed.facts, crc, row.sequence);
  }
}
