/** What can be told of an entry in a few words. */
import type { InspectedEntry } from '../../client/client.ts';

export const ACTOR_NAMES = { root: 'thread', connection: 'connection', turn: 'turn' } as const;

/** `{ live: 'streaming' }` → `live.streaming`. */
export function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [inner] = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return inner === undefined ? '–' : `${inner[0]}.${pathOf(inner[1])}`;
}

export const typeOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'type' in value ? String(value.type) : '';

/** With what it tells another root: `tell instance.acquire`. */
export function effectName(effect: unknown): string {
  const told = typeof effect === 'object' && effect !== null && 'input' in effect ? typeOf(effect.input) : '';
  return `${typeOf(effect)} ${told}`.trim();
}

export const hasChange = ({ changes }: InspectedEntry): boolean => changes.length > 0;

const FAILURE = /failed|lost|undeliverable|timedOut|refused|stalled/i;

export const isFailure = ({ outcome, input, facts, changes }: InspectedEntry): boolean =>
  outcome === 'failed' ||
  FAILURE.test(typeOf(input)) ||
  facts.some((fact) => FAILURE.test(fact)) ||
  changes.some(({ to }) => /(^|\.)error$/.test(pathOf(to)));

/** Texts by which the journal is filtered. */
export const wordsOf = ({ input, facts, taken, changes, effects }: InspectedEntry): string =>
  [
    typeOf(input),
    ...facts,
    ...taken.map(({ event }) => event),
    ...changes.map(({ to }) => pathOf(to)),
    ...effects.map(effectName),
  ]
    .join(' ')
    .toLowerCase();
