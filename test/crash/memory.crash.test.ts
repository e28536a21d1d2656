import { afterAll, describe, expect, test } from 'vitest';
import type { CrashPoint } from '../helpers/crash-plan.ts';
import { MemoryCrashStore } from './memory-crash-store.ts';
import { playPoints } from './play-points.ts';
import { SCENARIOS } from './scenarios.ts';

/** Where the next runs die: in the commit of the instances, of the recovery, of what follows from it. */
const AGAIN: readonly (readonly CrashPoint[])[] = [
  [{ place: 'before', number: 1 }],
  [{ place: 'after', number: 1 }],
  [
    { place: 'before', number: 2 },
    { place: 'after', number: 2 },
  ],
  [{ place: 'effect', number: 1 }],
  [
    { place: 'after', number: 3 },
    { place: 'effect', number: 2 },
  ],
];

const played = { pointCount: 0 };
const makeStore = (): MemoryCrashStore => new MemoryCrashStore();

describe('a crash at every commit boundary and before every effect', () => {
  test.each(SCENARIOS)('$name', (scenario) => playPoints(makeStore, scenario, { played }));

  test.each(SCENARIOS)('$name, in large ticks', (scenario) =>
    playPoints(makeStore, scenario, { played, isBatched: true }),
  );

  test.each(
    AGAIN.map((again) => ({ again, name: again.map(({ place, number }) => `${place} ${number}`).join() })),
  )('and in the recoveries after it: $name', async ({ again }) => {
    for (const scenario of SCENARIOS) await playPoints(makeStore, scenario, { played, again, every: 9 });
  });

  afterAll(() => {
    console.log(`crash points on the memory journal: ${played.pointCount}`);
    expect(played.pointCount).toBeGreaterThanOrEqual(1000);
  });
});
