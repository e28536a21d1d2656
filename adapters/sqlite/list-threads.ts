import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { threadRowSchema, type ThreadRow } from '../../machines/domain/snapshot.ts';
import { threadIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import type { ThreadPage, ThreadQuery } from '../../machines/ports/journal.ts';
import { decodeCursor, encodeCursor, FIRST_PAGE } from './list-cursor.ts';
import { Query, type Columns, type Found } from './query.ts';
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
  page(query: ThreadQuery): ThreadPage {
    const filters = filtersOf(query);
    const { updatedAt, threadId } = query.cursor === undefined ? FIRST_PAGE : decodeCursor(query.cursor);
    const values = filters.map((each) => each.value);
    const found = this.#queryFor(listSql(filters)).find(...values, updatedAt, threadId, query.limit + 1);
    const page = found.slice(0, query.limit);
    const last = found.length > page.length ? page.at(-1) : undefined;
    return { ...readable(page), next: last === undefined ? null : encodeCursor(placeOf(last.columns)) };
  }

  #queryFor(sql: string): Query<ThreadRow> {
    const known = this.#queries.get(sql);
    if (known !== undefined) return known;
    const query = new Query(this.#sqlite, {
      table: 'threads',
      schema: threadRowSchema,
      checked: ['key', 'json'],
      sql,
    });
    this.#queries.set(sql, query);
    return query;
  }
}

/** One row that is damaged does not take the list from everybody. */
function readable(page: readonly Found<ThreadRow>[]): Omit<ThreadPage, 'next'> {
  const rows: ThreadRow[] = [];
  const unreadable: ThreadId[] = [];
  for (const each of page) {
    try {
      rows.push(each.read());
    } catch (error) {
      const threadId = threadIdSchema.safeParse(each.columns['key']);
      if (!threadId.success) throw error;
      unreadable.push(threadId.data);
    }
  }
  return { rows, unreadable };
}

const placeOf = (columns: Columns) => ({
  updatedAt: Number(columns['updatedAt']),
  threadId: String(columns['key']),
});

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
  return `select thread_id as key, row as json, updated_at as updatedAt, row_crc as crc from threads indexed by ${indexFor(conditions)}
    where removal = 'none' ${conditions} and (updated_at, thread_id) < (?, ?)
    order by updated_at desc, thread_id desc limit ?`;
}

function indexFor(conditions: string): string {
  if (conditions.includes('status =')) return 'threads_by_status';
  return conditions.includes('archived =') ? 'threads_by_archived' : 'threads_listed';
}
