import { expect, it } from 'vitest';
import { fuzzSeed } from './fuzz-seed.ts';
import { StoreRun } from './store-run.ts';

const SEED = fuzzSeed();

it(`300 changes of a stored journal, seed ${SEED}`, { timeout: 600_000 }, async () => {
  const figures = await new StoreRun(SEED).play(300);
  console.log(JSON.stringify(figures));
  expect(figures.readCount).toBeGreaterThan(20);
});
