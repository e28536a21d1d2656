import { RuntimeError, type ErrorCode } from '../../machines/domain/error.ts';

/** Primary result codes of SQLite that tell of the disk, its permissions or another user of the file. */
const UNAVAILABLE = new Set([
  3, // SQLITE_PERM
  5, // SQLITE_BUSY
  6, // SQLITE_LOCKED
  7, // SQLITE_NOMEM
  8, // SQLITE_READONLY
  10, // SQLITE_IOERR
  13, // SQLITE_FULL
  14, // SQLITE_CANTOPEN
  15, // SQLITE_PROTOCOL
]);
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const CORRUPT = new Set([11, 26]);

/** A thrown thing as the error of the store; `attempt` says what was tried. What SQLite does not explain is a defect. */
export function storeError(thrown: unknown, attempt: string): RuntimeError {
  if (thrown instanceof RuntimeError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new RuntimeError(codeOf(resultCode(thrown)), `${attempt}: ${message}`, { cause: thrown });
}

function codeOf(result: number | null): ErrorCode {
  if (result === null) return 'INTERNAL';
  if (UNAVAILABLE.has(result)) return 'STORE_UNAVAILABLE';
  return CORRUPT.has(result) ? 'STORE_CORRUPT' : 'INTERNAL';
}

/** SQLite's primary result code; the bits above it tell details. `null`: not an error of SQLite. */
export function resultCode(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return null;
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : null;
}
