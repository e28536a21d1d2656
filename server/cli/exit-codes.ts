/** What the process tells its caller. Numbers are API. */
import { RuntimeError, type ErrorCode } from '../../machines/domain/error.ts';

export const EXIT_CODES = {
  ok: 0,
  /** A defect; the message and the log say which. */
  internal: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** The server refused; the message has the code. */
  refused: 3,
  /** No server answers at the URL. */
  unreachable: 4,
  /** The token is missing, wrong, or lacks the scope. */
  unauthorized: 5,
  /** The turn ended other than completed. */
  turnFailed: 6,
  /** The store is damaged, or could not be written for 30 s, and the server gave up. */
  storeFailed: 7,
  /** Another server uses the data folder, or the port. */
  inUse: 8,
  /** A configured provider is not usable (`doctor`). */
  notReady: 9,
  /** The recording comes out otherwise with these charts (`replay`). */
  differs: 10,
  /** Left by Ctrl-C while the turn went on. */
  left: 130,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

const BY_CODE: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  INVALID_PARAMS: EXIT_CODES.usage,
  RECORDING_INVALID: EXIT_CODES.usage,
  UNAUTHORIZED: EXIT_CODES.unauthorized,
  FORBIDDEN: EXIT_CODES.unauthorized,
  STORE_LOCKED: EXIT_CODES.inUse,
  STORE_UNAVAILABLE: EXIT_CODES.storeFailed,
  CONNECTION_LOST: EXIT_CODES.unreachable,
  STORE_CORRUPT: EXIT_CODES.storeFailed,
  INTERNAL: EXIT_CODES.internal,
};

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof RuntimeError) return BY_CODE[error.code] ?? EXIT_CODES.refused;
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EADDRINUSE') return EXIT_CODES.inUse;
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' ? EXIT_CODES.unreachable : EXIT_CODES.internal;
}
