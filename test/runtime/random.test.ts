import { expect, test } from 'vitest';
import { RandomRun } from './random-run.ts';

/** The same ones, so that a merge is not refused by chance: `RANDOM_SEED` tries others, `RANDOM_STEPS` makes each longer. */
const SEED = Number(process.env['RANDOM_SEED'] ?? 295_530);
const STEPS = Number(process.env['RANDOM_STEPS'] ?? 1000);
const SEEDS = Array.from({ length: 4 }, (_, index) => SEED + index);

console.log(`random seeds: ${SEED} to ${SEED + SEEDS.length - 1}`);

test.each(SEEDS)(
  'whatever happens at random with seed %i, the journal holds',
  { timeout: 60_000 },
  async (seed) => {
    const run = new RandomRun(seed);
    await run.play(STEPS);
    expect(run.counts.steps).toBe(STEPS);
  },
);
