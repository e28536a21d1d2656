import type { StatementSync } from 'node:sqlite';
import { z } from 'zod';
import type { ChoreStep } from '../../machines/ports/journal.ts';
import type { Database } from './database.ts';
import { columnsThemselves, Query } from './query.ts';

const workSchema = z.object({ streamId: z.number(), baseVersion: z.number(), seenUntil: z.number() });
type Work = z.infer<typeof workSchema>;

const versionSchema = z.object({ value: z.number().nullable() });

/** Removes deltas from before the newest base of their stream. What is left to look at is in the table `prunable`. */
export class Pruner {
  readonly #database: Database;
  readonly #next: Query<Work>;
  readonly #lastDelta: Query<z.infer<typeof versionSchema>>;
  readonly #prunedBefore: Query<z.infer<typeof versionSchema>>;
  readonly #delete: StatementSync;
  readonly #notePruned: StatementSync;
  readonly #noteSeen: StatementSync;
  readonly #noteNewest: StatementSync;
  readonly #noteDone: StatementSync;

  constructor(database: Database) {
    const { sqlite } = database;
    this.#database = database;
    this.#next = new Query(sqlite, {
      table: 'prunable',
      schema: workSchema,
      toValue: columnsThemselves,
      sql: `select stream_id as key, stream_id as streamId, base_version as baseVersion,
              max(seen_until, whole_until, coalesce(pruned_before - 1, 0)) as seenUntil
            from prunable join streams using (stream_id) where based_at < ? limit 1`,
    });
    const deltas = `entries where stream_id = ? and kind = 'delta' and version > ? and version <= ?`;
    this.#lastDelta = new Query(sqlite, {
      table: 'entries',
      schema: versionSchema,
      toValue: columnsThemselves,
      sql: `select 'last' as key, max(version) as value from ${deltas}`,
    });
    this.#prunedBefore = new Query(sqlite, {
      table: 'streams',
      schema: versionSchema,
      toValue: columnsThemselves,
      sql: `select name as key, pruned_before as value from streams where kind = 'thread' and name = ?`,
    });
    this.#delete = sqlite.prepare(`delete from ${deltas}`);
    this.#notePruned = sqlite.prepare('update streams set pruned_before = ? where stream_id = ?');
    this.#noteSeen = sqlite.prepare('update prunable set seen_until = ? where stream_id = ?');
    this.#noteNewest = sqlite.prepare(
      `update prunable set (base_version, based_at) = (
         select version, at from entries
         where entries.stream_id = prunable.stream_id and kind = 'base' and outcome = 'applied'
         order by version desc limit 1)
       where stream_id = ?`,
    );
    this.#noteDone = sqlite.prepare('delete from prunable where stream_id = ? and base_version = ?');
  }

  prunedBefore(threadId: string): number | null {
    return this.#prunedBefore.one(threadId)?.value ?? null;
  }

  step(limit: number, before: number): ChoreStep {
    const work = this.#next.one(before);
    if (work === null) return { removedCount: 0, isDone: true };
    let removedCount = 0;
    this.#database.transact('pruning deltas', () => {
      removedCount = this.#prune(work, limit);
    });
    return { removedCount, isDone: this.#next.one(before) === null };
  }

  #prune({ streamId, baseVersion, seenUntil }: Work, limit: number): number {
    const until = Math.min(seenUntil + limit, baseVersion - 1);
    const last = this.#lastDelta.one(streamId, seenUntil, until)?.value ?? null;
    const { changes } = this.#delete.run(streamId, seenUntil, until);
    if (last !== null) this.#notePruned.run(last + 1, streamId);
    this.#noteSeen.run(until, streamId);
    if (until >= baseVersion - 1) {
      this.#noteNewest.run(streamId);
      this.#noteDone.run(streamId, baseVersion);
    }
    return Number(changes);
  }
}
