/** Two commands with one id are the same if their parsed bodies are. */
import { createHash } from 'node:crypto';
import type { Command } from '../../machines/domain/command.ts';

/** SHA-256 of the canonical JSON (keys in order), as hex. */
export function fingerprintOf(command: Command): string {
  return createHash('sha256').update(canonicalJson(command)).digest('hex');
}

/** JSON with the keys of every object in order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
