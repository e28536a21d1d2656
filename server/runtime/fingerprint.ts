/** Two commands with one id are the same if their parsed bodies are. */
import { createHash } from 'node:crypto';
import { withheld } from '../../machines/domain/answer.ts';
import type { Command, CommandOf } from '../../machines/domain/command.ts';

/** SHA-256 of the canonical JSON (keys in order), as hex. */
export function fingerprintOf(command: Command): string {
  return createHash('sha256').update(canonicalJson(command)).digest('hex');
}

/**
 * Of an answer that has a secret: a hash of something short is as good as itself. The same command with another secret
 * counts as the same one.
 */
export function secretFingerprintOf({ answers = {}, ...command }: CommandOf<'request.respond'>): string {
  return fingerprintOf({ ...command, ...withheld({ answers }, () => true) });
}

/** JSON with the keys of every object in order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
