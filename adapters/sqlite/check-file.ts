import { existsSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { RuntimeError } from '../../machines/domain/error.ts';
import { resultCode, storeError } from './store-error.ts';

/** Larger databases are not checked at the start: it takes some 2 ms per MiB. */
const CHECKED_BYTES = 64 * 1024 * 1024;
/** SQLite takes a file that is shorter for a new one. */
const SMALLEST_BYTES = 512;
const MOST_FINDINGS_COUNT = 5;

const ADVICE =
  'restore a backup into another folder, or move the file away to begin anew; it was not changed';

/**
 * A database file is made whole before it gets its name, so that an empty one, or a log without its database, is the
 * rest of something.
 * @throws {RuntimeError} STORE_CORRUPT
 */
export function refuseRemains(path: string): void {
  const log = `${path}-wal`;
  const isCutToNothing = existsSync(path) && statSync(path).size < SMALLEST_BYTES;
  const isLogAlone = !existsSync(path) && existsSync(log) && statSync(log).size > 0;
  if (isCutToNothing) throw damaged(path, 'it is cut to nothing');
  if (isLogAlone) throw damaged(path, `it is missing, but its log ${log} is there`);
}

/**
 * Looks at every page, index and row of a small database: a row that an index does not find would be missed silently.
 * @throws {RuntimeError} STORE_CORRUPT
 */
export function checkSmall(sqlite: DatabaseSync, path: string): void {
  if (statSync(path).size <= CHECKED_BYTES) checkAll(sqlite, path);
}

/** @throws {RuntimeError} STORE_CORRUPT with what SQLite found */
export function checkAll(sqlite: DatabaseSync, path: string): void {
  const findings = findingsOf(sqlite, path);
  if (findings.length > 0) throw damaged(path, findings.join('; '));
}

function findingsOf(sqlite: DatabaseSync, path: string): string[] {
  try {
    const rows = sqlite.prepare(`pragma integrity_check(${MOST_FINDINGS_COUNT})`).all();
    return rows.map((row) => String(row['integrity_check'])).filter((finding) => finding !== 'ok');
  } catch (thrown) {
    const error = storeError(thrown, `checking ${path}`);
    if (error.code === 'STORE_CORRUPT') return [error.message];
    throw error;
  }
}

/** What goes wrong when a database is opened and its statements are made, and is not the disk's fault, is damage. */
export function openingError(thrown: unknown, path: string): RuntimeError {
  const error = storeError(thrown, `opening ${path}`);
  const isDamage = error.code === 'STORE_CORRUPT' || resultCode(error.cause) !== null;
  if (thrown instanceof RuntimeError && thrown.code !== 'INTERNAL') return thrown;
  return isDamage && error.code !== 'STORE_UNAVAILABLE' ? damaged(path, error.message, thrown) : error;
}

const damaged = (path: string, why: string, cause?: unknown): RuntimeError =>
  new RuntimeError('STORE_CORRUPT', `the database ${path} is damaged: ${why}; ${ADVICE}`, {
    cause,
    details: { path, why },
  });
