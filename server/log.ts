/** The server's own log: JSON lines on stderr, made readable by the reader. Secrets and prompts stay out of it. */
import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';

/** Whole, whatever they hold. */
const LEFT_OUT = ['*.token', '*.authorization', '*.env', 'token', 'authorization', 'env'];

export interface LogOptions {
  readonly level: string;
  /** Takes secrets out of a line, which stays JSON. */
  readonly redact: (line: string) => string;
  /** Where lines go; default: stderr. */
  readonly to?: DestinationStream;
}

export function makeLog({
  level,
  redact,
  to = pino.destination({ fd: 2, sync: false }),
}: LogOptions): Logger {
  const { err } = stdSerializers;
  return pino(
    { level, base: null, redact: LEFT_OUT, serializers: { err, error: err } },
    { write: (line) => to.write(redact(line)) },
  );
}
