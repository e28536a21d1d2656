import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { threadRowSchema, type ThreadRow } from '../../machines/domain/snapshot.ts';
import type { ThreadQuery } from '../../machines/ports/journal.ts';
import { decodeCursor, encodeCursor, FIRST_PAGE } from './list-cursor.ts';
import { Query } from './query.ts';
import { foldCase } from './search-text.ts';

interface Filter {
  readonly sql: string;
  readonly value: SQLInputValue;
}

/** Pages of the thread list, newest first. Each combination of filters is one statement on the index that fits it. */
export class ThreadList {
  readonly #sqlite: DatabaseSync;
  readonly #queries = new Map<string, Query<ThreadRow>>();

  constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite;
  }

  /** @throws {RuntimeError} INVALID_PARAMS when the cursor is none of ours. */
  page(query: ThreadQuery): { rows: ThreadRow[]; next: string | null } {
    const filters = filtersOf(query);
    const { updatedAt, threadId } = query.cursor === undefined ? FIRST_PAGE : decodeCursor(query.cursor);
    const values = filters.map((each) => each.value);
    const found = this.#queryFor(listSql(filters)).all(...values, updatedAt, threadId, query.limit + 1);
    const rows = found.slice(0, query.limit);
    const last = rows.at(-1);
    const isMore = found.length > rows.length && last !== undefined;
    return { rows, next: isMore ? encodeCursor({ updatedAt: last.updatedAt, threadId: last.id }) : null };
  }

  #queryFor(sql: string): Query<ThreadRow> {
    const known = this.#queries.get(sql);
    if (known !== undefined) return known;
    const query = new Query(this.#sqlite, { table: 'threads', schema: threadRowSchema, sql });
    this.#queries.set(sql, query);
    return query;
  }
}

function filtersOf({ archived, status, query }: ThreadQuery): Filter[] {
  const filters: Filter[] = [];
  if (archived !== undefined) filters.push({ sql: 'archived = ?', value: Number(archived) });
  if (status !== undefined) filters.push({ sql: 'status = ?', value: status });
  if (query !== undefined && query !== '') {
    filters.push({ sql: 'instr(search, ?) > 0', value: foldCase(query) });
  }
  return filters;
}

/** The index is named, so that no statistics can ever turn a page into a sort of all threads. */
function listSql(filters: readonly Filter[]): string {
  const conditions = filters.map((each) => `and ${each.sql}`).join(' ');
  return `select thread_id as key, row as json from threads indexed by ${indexFor(conditions)}
    where removal = 'none' ${conditions} and (updated_at, thread_id) < (?, ?)
    order by updated_at desc, thread_id desc limit ?`;
}

function indexFor(conditions: string): string {
  if (conditions.includes('status =')) return 'threads_by_status';
  return conditions.includes('archived =') ? 'threads_by_archived' : 'threads_listed';
}
