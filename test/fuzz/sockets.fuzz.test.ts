import { expect, it } from 'vitest';
import { fuzzSeed } from './fuzz-seed.ts';
import { SocketRun } from './socket-run.ts';

const MIB = 1024 * 1024;
const SEED = fuzzSeed();

it(`16,000 connections with 110,000 requests and frames, seed ${SEED}`, { timeout: 600_000 }, async () => {
  const figures = await new SocketRun(SEED).play(16_000);
  console.log(JSON.stringify(figures));
  expect(figures.messageCount).toBeGreaterThan(110_000);
  expect(figures.grownBytes).toBeLessThan(16 * MIB);
});
