/** What the benches have in common: medians of five, and figures with their unit of work. */

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
}

export const RUNS = 5;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** `share` from 0 to 1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** CPU time of this process while `work` ran, all threads, in seconds. */
export async function cpuSecondsOf(work: () => void | Promise<void>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** Runs the measurement five times, each with a setting of its own, and takes the median of each figure. */
export async function medians(measure: () => Promise<readonly Figure[]>): Promise<Figure[]> {
  const runs: (readonly Figure[])[] = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await measure());
  const [first = []] = runs;
  return first.map((figure, index) => ({
    ...figure,
    value: median(runs.map((figures) => figures[index]?.value ?? Number.NaN)),
  }));
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, unit, value }) => [name, format(value), unit]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(([name = '', value = '', unit = '']) =>
      [name.padEnd(widths[0] ?? 0), value.padStart(widths[1] ?? 0), unit].join('  '),
    )
    .join('\n');
}

const format = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
