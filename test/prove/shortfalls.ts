import type { Difference } from '../../machines/replay.ts';
import type { Configuration } from './configurations.ts';
import { FAULTS } from './faults.ts';
import type { Result } from './job.ts';
import { PROPERTIES } from './properties.ts';
import { written } from '../model/explore.ts';

/** Why the proof does not hold; empty: it does. */
export function shortfallsOf(
  results: readonly Result[],
  configurations: readonly Configuration[],
): readonly string[] {
  const of = (name: string): Result | undefined => results.find((result) => result.name === name);
  return [
    ...configurations.flatMap((configuration) => shortfallsIn(configuration, of(configuration.name))),
    ...FAULTS.flatMap(({ name, rule }) => {
      const result = of(name);
      return result?.ways.has(rule)
        ? []
        : [`the fault "${name}" is not found (${result?.error ?? 'no rule is broken'})`];
    }),
    ...unchecked(results),
  ];
}

function shortfallsIn(
  { name, stateCount, edgeCount, replayCount, mostFirings = Infinity }: Configuration,
  result: Result | undefined,
): readonly string[] {
  if (result === undefined || result.error !== null) return [`${name}: ${result?.error ?? 'did not run'}`];
  const found = [...result.ways].map(([rule, way]) => `${name}: ${rule}: ${written(way)}`);
  const differences = result.differences.map((difference) => `${name}: the live driver ${difference}`);
  const isEmpty = result.stateCount < stateCount || result.edgeCount < edgeCount;
  const isSlow = result.mostFirings > mostFirings;
  const isUntried = result.replayedCount < replayCount;
  return [
    ...found,
    ...differences,
    ...(isEmpty ? [`${name}: fewer states or edges than before: the exploration may have become empty`] : []),
    ...(isSlow ? [`${name}: ${result.mostFirings} timers fire until a silent thread is at rest`] : []),
    ...(isUntried ? [`${name}: only ${result.replayedCount} edges were taken by live actors`] : []),
  ];
}

/** A property whose rules nobody looks at proves nothing, and a rule of no property is claimed nowhere. */
function unchecked(results: readonly Result[]): readonly string[] {
  const checked = new Set(
    results.filter(({ kind }) => kind === 'configuration').flatMap(({ checks }) => [...checks.keys()]),
  );
  const claimed = PROPERTIES.flatMap(({ rules }) => rules);
  return [
    ...claimed.filter((rule) => !checked.has(rule)).map((rule) => `nobody checks: ${rule}`),
    ...[...checked].filter((rule) => !claimed.includes(rule)).map((rule) => `no property claims: ${rule}`),
  ];
}

/** Faults whose recordings show nothing to who steps them, though they should, and the other way round. */
export const unseenIn = (differences: ReadonlyMap<string, Difference | null>): readonly string[] =>
  FAULTS.flatMap(({ name, unseen }) => {
    const difference = differences.get(name);
    if (difference === undefined || (difference === null) === (unseen !== undefined)) return [];
    return [
      `the recording of "${name}" is ${difference === null ? '' : 'not '}stepped alike by the shipped charts`,
    ];
  });
