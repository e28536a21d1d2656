import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import { threadIdSchema, type AttachmentId, type ThreadId } from '../../machines/domain/ids.ts';
import { purgedState } from '../../machines/domain/purged.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { ChoreStep } from '../../machines/ports/journal.ts';
import type { AttachmentUses } from './attachment-uses.ts';
import { rewrite } from './compact.ts';
import type { Database } from './database.ts';
import { InstanceWork } from './instance-work.ts';
import { columnsThemselves, Query } from './query.ts';
import type { RowWriter } from './write-rows.ts';

export interface PurgerParts {
  readonly database: Database;
  readonly writer: RowWriter;
  readonly attachments: AttachmentUses;
}

const versionSchema = z.object({ value: z.number().nullable() });

/** A sub-agent has inherited nothing from its parent. */
const PARENT = `case when json_valid(row) and row ->> '$.lineageKind' is not 'subagent' then row ->> '$.parentId' end`;
const STREAM = `(select stream_id from streams where kind = 'thread' and name = :thread)`;
const FIRST_ENTRIES = `from entries where stream_id = ${STREAM} order by version limit :limit`;

/** In this order: receipts are found by their entries. */
const REMOVALS = [
  `delete from receipts where command_id in (select command_id ${FIRST_ENTRIES})`,
  `delete from entries where sequence in (select sequence ${FIRST_ENTRIES})`,
  ...['items', 'turns', 'requests', 'checkpoints'].map(
    (table) => `delete from ${table} where rowid in
      (select rowid from ${table} where thread_id = :thread limit :limit)`,
  ),
];

/** Takes the text of deleted threads away, piece by piece. */
export class Purger {
  readonly #parts: PurgerParts;
  readonly #begin: readonly StatementSync[];
  readonly #removals: readonly StatementSync[];
  readonly #work: InstanceWork;
  readonly #end: StatementSync;
  readonly #begun: Query<ThreadId>;
  readonly #deleted: Query<ThreadId>;
  readonly #lastVersion: Query<z.infer<typeof versionSchema>>;

  constructor(parts: PurgerParts) {
    const { sqlite } = parts.database;
    this.#parts = parts;
    this.#begin = [
      `update streams set
         last_version = max(coalesce(last_version, 0), (select coalesce(max(version), 0) from entries e
           where e.stream_id = streams.stream_id)),
         last_sequence = max(coalesce(last_sequence, 0), coalesce((select sequence from entries e
           where e.stream_id = streams.stream_id order by version desc limit 1), 0))
       where kind = 'thread' and name = ?`,
      `delete from prunable where stream_id = (select stream_id from streams where kind = 'thread' and name = ?)`,
      'delete from caches where thread_id = ?',
      'insert or ignore into purges (thread_id) values (?)',
    ].map((sql) => sqlite.prepare(sql));
    this.#removals = REMOVALS.map((sql) => sqlite.prepare(sql));
    this.#work = new InstanceWork(sqlite);
    this.#end = sqlite.prepare('delete from purges where thread_id = ?');
    this.#lastVersion = new Query(sqlite, {
      table: 'streams',
      schema: versionSchema,
      toValue: columnsThemselves,
      sql: `select name as key, last_version as value from streams where kind = 'thread' and name = ?`,
    });
    this.#begun = threadsOf(sqlite, 'select thread_id as key from purges');
    this.#deleted = threadsOf(
      sqlite,
      // from the living forks up: what they have inherited stays
      `with recursive needed (thread_id) as (
         select ${PARENT} from threads
           where removal = 'none' and instr(row, '"parentId":"') > 0 and ${PARENT} is not null
         union select ${PARENT} from threads join needed using (thread_id) where ${PARENT} is not null
       )
       select thread_id as key from threads indexed by threads_deleted
       where removal = 'deleted' and updated_at < ? and thread_id not in needed order by updated_at limit ?`,
    );
  }

  /** Of the entries that a purged thread had; `null`: it is not purged. */
  lastVersion(threadId: ThreadId): number | null {
    return this.#lastVersion.one(threadId)?.value ?? null;
  }

  deleted(before: number, limit: number): ThreadId[] {
    return this.#deleted.all(before, limit);
  }

  begun(): ThreadId[] {
    return this.#begun.all();
  }

  begin(threadId: ThreadId, state: ThreadState | null): void {
    if (state === null) throw new RuntimeError('THREAD_NOT_FOUND', `there is no thread ${threadId}`);
    if (state.removal !== 'deleted') {
      throw new RuntimeError('THREAD_NOT_DELETED', `thread ${threadId} is not deleted; delete it first`);
    }
    const { database, writer } = this.#parts;
    database.transact(`beginning to purge thread ${threadId}`, () => {
      for (const statement of this.#begin) statement.run(threadId);
      writer.putState(threadId, purgedState(state), 'purged');
      this.#work.purge(threadId);
    });
  }

  step(threadId: ThreadId, limit: number): ChoreStep {
    let left = limit;
    this.#parts.database.transact(`purging thread ${threadId}`, () => {
      for (const statement of this.#removals) {
        // a receipt goes with its entry
        const { changes } = statement.run({ thread: threadId, limit: left });
        if (statement !== this.#removals[0]) left -= Number(changes);
        if (left <= 0) return;
      }
    });
    return { removedCount: limit - left, isDone: left > 0 };
  }

  attachmentsOnlyOf(threadIds: readonly ThreadId[]): AttachmentId[] {
    return this.#parts.attachments.onlyOf(threadIds);
  }

  /**
   * `secure_delete` overwrites the rows where they are, and not the copies that SQLite (3.53) has left in the gaps of pages
   * when it moved rows between them: only a new file is free of those.
   */
  end(threadIds: readonly ThreadId[]): void {
    const { database, attachments } = this.#parts;
    rewrite(database);
    database.transact('ending purges', () => {
      for (const threadId of threadIds) {
        attachments.forget(threadId);
        this.#end.run(threadId);
      }
    });
  }
}

const threadsOf = (sqlite: DatabaseSync, sql: string): Query<ThreadId> =>
  new Query<ThreadId>(sqlite, {
    table: 'threads',
    schema: threadIdSchema,
    toValue: (columns) => columns['key'],
    sql,
  });
