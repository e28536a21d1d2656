import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { playPoints } from './play-points.ts';
import { SCENARIOS } from './scenarios.ts';
import { SqliteCrashStore } from './sqlite-crash-store.ts';

const played = { pointCount: 0 };
const stores: SqliteCrashStore[] = [];

function makeStore(): SqliteCrashStore {
  const store = new SqliteCrashStore();
  stores.push(store);
  return store;
}

describe('a crash in the middle of a transaction, or after it', () => {
  test.each(SCENARIOS)('$name', (scenario) =>
    playPoints(makeStore, scenario, { played, every: 5, isBatched: scenario.name.length % 2 === 0 }),
  );

  afterEach(() => {
    for (const store of stores.splice(0)) store.remove();
  });

  afterAll(() => {
    console.log(`crash points on the SQLite journal: ${played.pointCount}`);
    expect(played.pointCount).toBeGreaterThanOrEqual(150);
  });
});
