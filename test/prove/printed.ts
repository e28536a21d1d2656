import type { Difference } from '../../machines/replay.ts';
import { written } from '../model/explore.ts';
import { FAULTS } from './faults.ts';
import type { Result } from './job.ts';
import { PROPERTIES } from './properties.ts';

/** The proof as tables for a terminal. */
export function printed(
  results: readonly Result[],
  differences: ReadonlyMap<string, Difference | null>,
): string {
  const explored = results.filter(({ kind }) => kind === 'configuration');
  return [
    ...table(
      ['explored', 'states', 'edges', 'turned away', 'edges live', 'timers to rest', 'seconds'],
      explored.map((result) => [
        result.name,
        grouped(result.stateCount),
        grouped(result.edgeCount),
        grouped(result.turnedCount),
        grouped(result.replayedCount),
        String(result.mostFirings),
        (result.durationMs / 1000).toFixed(1),
      ]),
    ),
    '',
    ...table(
      ['property', 'holds', 'checks'],
      PROPERTIES.map(({ name, rules }) => [
        name,
        explored.some(({ ways }) => rules.some((rule) => ways.has(rule))) ? 'NO' : 'yes',
        grouped(checksOf(explored, rules)),
      ]),
    ),
    '',
    ...table(
      ['seeded fault', 'found as', 'replay differs at', 'shortest way'],
      FAULTS.map(({ name, rule, unseen = '' }) => {
        const way = results.find((result) => result.name === name)?.ways.get(rule);
        if (way === undefined) return [name, 'NOT FOUND', '', ''];
        const { version, input } = differences.get(name) ?? {};
        return [name, rule, input === undefined ? unseen : `entry ${version}, ${input}`, written(way)];
      }),
    ),
  ].join('\n');
}

const checksOf = (results: readonly Result[], rules: readonly string[]): number =>
  results.reduce(
    (total, { checks }) => total + rules.reduce((sum, rule) => sum + (checks.get(rule) ?? 0), 0),
    0,
  );

const grouped = (count: number): string => count.toLocaleString('en');

/** Words to the left, figures to the right; the last column is as wide as it is. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const isFigure = (cell: string): boolean => /^[\d.,]+$/.test(cell);
  return all.map((row) =>
    row
      .map((cell, column) =>
        isFigure(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
