import type { DatabaseSync } from 'node:sqlite';
import { RuntimeError } from '../../machines/domain/error.ts';
import { resultCode } from './store-error.ts';
import { SCHEMA_1 } from './schema-1.ts';
import { SCHEMA_2 } from './schema-2.ts';
import { SCHEMA_3 } from './schema-3.ts';
import { SCHEMA_4 } from './schema-4.ts';

/** A statement that the tables do not fit. */
const SQLITE_ERROR = 1;

/** Append-only; the one at index 0 leads from an empty file to version 1. A release that changes one breaks users. */
const MIGRATIONS: readonly string[] = [SCHEMA_1, SCHEMA_2, SCHEMA_3, SCHEMA_4];

/**
 * Brings the database to the newest version, each step in a transaction of its own. There is no way back.
 * @throws {RuntimeError} STORE_TOO_NEW when a newer release has written it; nothing is changed then.
 */
export function migrate(sqlite: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const current = versionOf(sqlite);
  if (current > migrations.length) {
    throw new RuntimeError(
      'STORE_TOO_NEW',
      `the database has version ${current}, this release knows up to ${migrations.length}`,
      { details: { found: current, known: migrations.length } },
    );
  }
  for (const [index, sql] of migrations.entries()) {
    if (index >= current) apply(sqlite, sql, index + 1);
  }
}

function versionOf(sqlite: DatabaseSync): number {
  return Number(sqlite.prepare('pragma user_version').get()?.['user_version'] ?? 0);
}

function apply(sqlite: DatabaseSync, sql: string, version: number): void {
  sqlite.exec('begin immediate');
  try {
    sqlite.exec(sql);
    sqlite.exec(`pragma user_version = ${version}; commit`);
  } catch (thrown) {
    if (sqlite.isTransaction) sqlite.exec('rollback');
    if (resultCode(thrown) !== SQLITE_ERROR) throw thrown;
    const message = `the database does not have the tables of its version ${version - 1}: ${String(thrown)}`;
    throw new RuntimeError('STORE_CORRUPT', message, { cause: thrown });
  }
}
