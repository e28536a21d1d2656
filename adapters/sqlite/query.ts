import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import { storeError } from './store-error.ts';

export type Columns = Readonly<Record<string, SQLOutputValue>>;

export interface QueryOptions<T> {
  /** Selects a column `key`, for the error of a row that does not parse. */
  readonly sql: string;
  readonly table: string;
  readonly schema: z.core.$ZodType<T>;
  /** What is parsed; by default the JSON text in the column `json`. */
  readonly toValue?: (columns: Columns) => unknown;
}

/** A prepared read: every row that leaves the database is parsed here, and errors get their code. */
export class Query<T> {
  readonly #statement: StatementSync;
  readonly #options: QueryOptions<T>;

  constructor(sqlite: DatabaseSync, options: QueryOptions<T>) {
    this.#statement = sqlite.prepare(options.sql);
    this.#options = options;
  }

  one(...keys: SQLInputValue[]): T | null {
    const columns = this.#run(() => this.#statement.get(...keys));
    return columns === undefined ? null : this.#parse(columns);
  }

  all(...keys: SQLInputValue[]): T[] {
    return this.#run(() => this.#statement.all(...keys)).map((columns) => this.#parse(columns));
  }

  #run<R>(read: () => R): R {
    try {
      return read();
    } catch (thrown) {
      throw storeError(thrown, `reading ${this.#options.table}`);
    }
  }

  #parse(columns: Columns): T {
    const { table, schema, toValue = jsonOf } = this.#options;
    try {
      return z.parse(schema, toValue(columns));
    } catch (cause) {
      const key = String(columns['key']);
      const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
      const details = { table, key };
      throw new RuntimeError('STORE_CORRUPT', `row ${key} of ${table} does not parse: ${why}`, {
        cause,
        details,
      });
    }
  }
}

const jsonOf = (columns: Columns): unknown => parseJson(columns['json']);

export function parseJson(column: SQLOutputValue | undefined): unknown {
  if (typeof column !== 'string') throw new TypeError('expected JSON text');
  return JSON.parse(column);
}

/** For queries whose columns are the value. */
export const columnsThemselves = (columns: Columns): unknown => columns;
