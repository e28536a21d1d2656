import { afterAll, describe, expect, test } from 'vitest';
import { MemoryCrashStore } from './memory-crash-store.ts';
import { playPoints } from './play-points.ts';
import { SCENARIOS } from './scenarios.ts';

const played = { pointCount: 0 };
const makeStore = (): MemoryCrashStore => new MemoryCrashStore();

describe('a crash at every commit boundary and before every effect', () => {
  test.each(SCENARIOS)('$name', (scenario) => playPoints(makeStore, scenario, { played }));

  test.each(SCENARIOS)('$name, in large ticks', (scenario) =>
    playPoints(makeStore, scenario, { played, isBatched: true }),
  );

  afterAll(() => {
    console.log(`crash points on the memory journal: ${played.pointCount}`);
    expect(played.pointCount).toBeGreaterThanOrEqual(1000);
  });
});
