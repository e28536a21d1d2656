/** What the benches have in common: figures with their unit of work and what they have to reach, medians, the table. */

/** What a figure has to reach. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

export interface Figure {
  readonly name: string;
  /** Of what, for example `ms added` or `inputs per CPU-second`. */
  readonly unit: string;
  readonly value: number;
  readonly target?: Target;
  /** The same of another program, measured on a machine like this one. */
  readonly peer?: string;
}

/** Benches are run so often, unless they say otherwise. */
export const RUNS = 5;

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
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

/** Runs the measurement several times, each with a setting of its own, and takes the median of each figure. */
export async function medians(
  measure: () => Promise<readonly Figure[]>,
  runCount: number = RUNS,
): Promise<Figure[]> {
  const runs: (readonly Figure[])[] = [];
  for (let run = 0; run < runCount; run += 1) runs.push(await measure());
  const [first = []] = runs;
  return first.map((figure, index) => ({
    ...figure,
    value: median(runs.map((figures) => figures[index]?.value ?? Number.NaN)),
  }));
}

/** `null`: there is nothing to reach. */
export function isMet({ value, target }: Figure): boolean | null {
  if (target === undefined) return null;
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    format(figure.value),
    figure.unit,
    targetWords(figure.target),
    { null: '', true: 'met', false: 'NOT MET' }[String(isMet(figure))] ?? '',
    figure.peer ?? '',
  ]);
  rows.unshift(['figure', 'median', 'of', 'to reach', '', 'for comparison']);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const cell = (text: string, column: number): string =>
    column === 1 ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

function targetWords(target: Target | undefined): string {
  if (target === undefined) return '';
  return 'atMost' in target ? `≤ ${format(target.atMost)}` : `≥ ${format(target.atLeast)}`;
}

const format = (value: number): string =>
  Math.abs(value) >= 100 || Number.isInteger(value)
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)));
