import { z } from 'zod';
import type { Entry } from '../../machines/domain/entry.ts';

const textOfSchema = z.object({ itemId: z.string(), text: z.string() });

/** Its one fact says what its input says, so that only the input is stored. */
export function isPlainDelta({ kind, input, facts }: Entry): boolean {
  const fact = facts[0];
  return (
    kind === 'delta' &&
    facts.length === 1 &&
    fact?.type === 'item.delta' &&
    input.type === 'provider.itemDelta' &&
    fact.itemId === input.itemId &&
    fact.text === input.text
  );
}

/** The facts of a plain delta, from its stored input. */
export function factsOfDelta(input: unknown): unknown {
  return [{ type: 'item.delta', ...textOfSchema.parse(input) }];
}
