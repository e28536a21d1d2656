/** The server's own log: JSON lines on stderr, made readable by the reader. Secrets and prompts stay out of it. */
import { pino, type Logger } from 'pino';

const REDACTED = ['*.token', '*.authorization', '*.env', 'token', 'authorization', 'env'];

export function makeLog(level: string): Logger {
  return pino({ level, base: null, redact: REDACTED }, pino.destination({ fd: 2, sync: false }));
}
