/** Plays scenarios with a crash at each of their points, and counts the points. */
import type { CrashPlace, CrashPoint } from '../helpers/crash-plan.ts';
import { CrashRun, type CrashOptions, type CrashStore } from './crash-run.ts';
import type { Scenario } from './scenarios.ts';

const PLACES: readonly CrashPlace[] = ['before', 'after', 'effect'];

export interface Played {
  pointCount: number;
}

/** All points of the scenario; with `every`, one of so many. */
export async function playPoints(
  makeStore: () => CrashStore,
  scenario: Scenario,
  { every = 1, played, ...options }: CrashOptions & { every?: number; played: Played },
): Promise<void> {
  const { counts } = await new CrashRun(makeStore(), scenario, options).play(null);
  const points = PLACES.flatMap((place) =>
    Array.from({ length: counts[place] }, (_, index): CrashPoint => ({ place, number: index + 1 })),
  );
  for (const [index, point] of points.entries()) {
    if (index % every !== 0) continue;
    await playPoint(new CrashRun(makeStore(), scenario, options), point);
    played.pointCount += 1;
  }
}

async function playPoint(run: CrashRun, point: CrashPoint): Promise<void> {
  try {
    const plan = await run.play(point);
    if (!plan.isDead) throw new Error('the server did not die');
    await run.recover();
  } catch (cause) {
    throw new Error(`crash ${point.place} ${point.number}: ${String(cause)}`, { cause });
  }
}
