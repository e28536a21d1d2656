/** As in the fast suite, of more seeds; each of them is longer by `RANDOM_STEPS`. */
import { expect, test } from 'vitest';
import { RandomRun } from './random-run.ts';

const STEPS = Number(process.env['RANDOM_STEPS'] ?? 1000);
const SEEDS = Array.from({ length: 12 }, (_, index) => 295_600 + index);

test.each(SEEDS)('whatever happens at random with seed %i, the journal holds', async (seed) => {
  const run = new RandomRun(seed);
  await run.play(STEPS);
  expect(run.counts.steps).toBe(STEPS);
});
