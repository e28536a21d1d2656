import { expect, it } from 'vitest';
import { ConfigRun } from './config-run.ts';
import { fuzzSeed } from './fuzz-seed.ts';

const SEED = fuzzSeed();

it(
  `5,000 configurations, seed ${SEED}, are in force or refused with a reason`,
  { timeout: 600_000 },
  async () => {
    const { appliedCount, refusedCount, unusableCount } = await new ConfigRun(SEED).play(5_000);
    expect(Math.min(appliedCount, refusedCount, unusableCount)).toBeGreaterThan(250);
  },
);
