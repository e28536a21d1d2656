/** Plays scenarios with a crash at each of their points, and counts the points. */
import type { CrashPlace, CrashPoint } from '../helpers/crash-plan.ts';
import { CrashRun, type CrashOptions, type CrashStore } from './crash-run.ts';
import type { Scenario } from './steps.ts';

const PLACES: readonly CrashPlace[] = ['before', 'after', 'effect'];

export interface Played {
  pointCount: number;
}

interface PlayOptions extends CrashOptions {
  readonly every?: number;
  readonly played: Played;
  /** The runs that follow die here. */
  readonly again?: readonly CrashPoint[];
}

/** All points of the scenario; with `every`, one of so many. */
export async function playPoints(
  makeStore: () => CrashStore,
  scenario: Scenario,
  { every = 1, played, again = [], ...options }: PlayOptions,
): Promise<void> {
  const first = new CrashRun(makeStore(), scenario, options);
  const { counts } = await first.play(null);
  const points = PLACES.flatMap((place) =>
    Array.from({ length: counts[place] }, (_, index): CrashPoint => ({ place, number: index + 1 })).slice(
      first.given[place],
    ),
  );
  for (const [index, point] of points.entries()) {
    if (index % every !== 0) continue;
    await playPoint(new CrashRun(makeStore(), scenario, options), [point, ...again]);
    played.pointCount += 1;
  }
}

async function playPoint(run: CrashRun, points: readonly CrashPoint[]): Promise<void> {
  const [first, ...again] = points;
  try {
    const plan = await run.play(first ?? null);
    if (!plan.isDead) throw new Error('the server did not die');
    for (const point of again) await run.dieAgain(point);
    await run.recover();
  } catch (cause) {
    const where = points.map(({ place, number }) => `${place} ${number}`).join(', then ');
    throw new Error(`crash ${where}: ${String(cause)}`, { cause });
  }
}
