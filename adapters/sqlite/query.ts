import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import { crcOf } from './crc.ts';
import { storeError } from './store-error.ts';

export type Columns = Readonly<Record<string, SQLOutputValue>>;

export interface QueryOptions<T> {
  /** Selects a column `key`, for the error of a row that does not parse. */
  readonly sql: string;
  readonly table: string;
  readonly schema: z.core.$ZodType<T>;
  /** What is parsed; by default the JSON text in the column `json`. */
  readonly toValue?: (columns: Columns) => unknown;
  /** The columns that the checksum in the column `crc` is made of; by default none is looked at. */
  readonly checked?: readonly string[];
}

/** A row that was found, to be parsed when it is wanted. */
export interface Found<T> {
  readonly columns: Columns;
  /** @throws {RuntimeError} STORE_CORRUPT */
  read(): T;
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

  /** For lists that can do without the rows that do not parse. */
  find(...keys: SQLInputValue[]): Found<T>[] {
    const found = this.#run(() => this.#statement.all(...keys));
    return found.map((columns) => ({ columns, read: () => this.#parse(columns) }));
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
      const value = z.parse(schema, toValue(columns));
      this.#check(columns);
      return value;
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

  /** Rows of older releases have no checksum. */
  #check(columns: Columns): void {
    const { checked } = this.#options;
    if (checked === undefined || columns['crc'] === null) return;
    const parts = checked.map((name) => partOf(columns[name]));
    if (crcOf(...parts) !== columns['crc']) throw new TypeError('it is not what was written');
  }
}

function partOf(column: SQLOutputValue | undefined): string | number | null {
  if (typeof column === 'string' || typeof column === 'number' || column === null) return column;
  throw new TypeError('a column is of another type than what was written');
}

const jsonOf = (columns: Columns): unknown => parseJson(columns['json']);

export function parseJson(column: SQLOutputValue | undefined): unknown {
  if (typeof column !== 'string') throw new TypeError('expected JSON text');
  return JSON.parse(column);
}

/** For queries whose columns are the value. */
export const columnsThemselves = (columns: Columns): unknown => columns;
