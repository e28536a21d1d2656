import { expect, it } from 'vitest';
import { fuzzSeed } from './fuzz-seed.ts';
import { ProviderRun } from './provider-run.ts';

const MIB = 1024 * 1024;
const SEED = fuzzSeed();

it.each([SEED, SEED + 1])('70,000 lines of an agent, seed %i', { timeout: 600_000 }, async (seed) => {
  const figures = await new ProviderRun(seed).play(70_000);
  console.log(JSON.stringify(figures));
  expect(figures.turnCount).toBeGreaterThan(200);
  expect(figures.grownBytes).toBeLessThan(16 * MIB);
});
