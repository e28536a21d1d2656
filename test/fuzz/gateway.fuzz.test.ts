import { expect, it } from 'vitest';
import { fuzzSeed } from './fuzz-seed.ts';
import { GatewayRun, type GatewayFigures } from './gateway-run.ts';

const MIB = 1024 * 1024;
const SEED = fuzzSeed();

it.each([SEED, SEED + 1])('375,000 messages of clients, seed %i', { timeout: 600_000 }, async (seed) => {
  const figures: GatewayFigures = await new GatewayRun(seed).play(375_000);
  console.log(JSON.stringify(figures));
  expect(figures.acceptedCount).toBeGreaterThan(5_000);
  expect(figures.refusedCount).toBeGreaterThan(300_000);
  expect(figures.grownBytes).toBeLessThan(16 * MIB);
});
