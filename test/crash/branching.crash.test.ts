/** Every commit boundary of what branches, on the journal that a server has, and where files are in it with a real git. */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { AGENTS } from './agent-scenarios.ts';
import { BRANCHING, IN_REPOSITORY } from './branching-scenarios.ts';
import { playPoints } from './play-points.ts';
import { SqliteCrashStore } from './sqlite-crash-store.ts';

/** Some hundred git processes each. */
const TIMEOUT_MS = 300_000;
const played = { pointCount: 0 };
const stores: SqliteCrashStore[] = [];

function makeStore(): SqliteCrashStore {
  const store = new SqliteCrashStore();
  stores.push(store);
  return store;
}

describe('a crash at every commit boundary of', () => {
  test.each([...BRANCHING, ...AGENTS, ...IN_REPOSITORY])('$name', { timeout: TIMEOUT_MS }, (scenario) =>
    playPoints(makeStore, scenario, { played }),
  );

  afterEach(() => {
    for (const store of stores.splice(0)) store.remove();
  });

  afterAll(() => {
    console.log(`crash points of what branches: ${played.pointCount}`);
    expect(played.pointCount).toBeGreaterThanOrEqual(300);
  });
});
