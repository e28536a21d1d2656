/** A small part of each run of `npm run test:fuzz`. */
import { expect, it } from 'vitest';
import { ConfigRun } from './config-run.ts';
import { GatewayRun } from './gateway-run.ts';
import { fuzzSeed } from './fuzz-seed.ts';
import { ProviderRun } from './provider-run.ts';
import { SocketRun } from './socket-run.ts';
import { StoreRun } from './store-run.ts';

const MIB = 1024 * 1024;
const SEED = fuzzSeed();
const PATIENT = { timeout: 60_000 };

it(
  `12,000 messages of clients, seed ${SEED}, are answered, and change nothing that they may not`,
  PATIENT,
  async () => {
    const { grownBytes, refusedCount, acceptedCount } = await new GatewayRun(SEED).play(12_000);
    expect(refusedCount).toBeGreaterThan(acceptedCount);
    expect(acceptedCount).toBeGreaterThan(100);
    expect(grownBytes).toBeLessThan(16 * MIB);
  },
);

it(`1,000 connections, seed ${SEED}, are answered or closed`, PATIENT, async () => {
  const { seen, grownBytes } = await new SocketRun(SEED).play(1_000);
  for (const what of ['101', '200', '400', '401', '403', '404', '413', '431', 'closed 1002', 'closed 4413'])
    expect.soft(seen[what] ?? 0, what).toBeGreaterThan(0);
  expect(grownBytes).toBeLessThan(16 * MIB);
});

it(`2,000 lines of an agent, seed ${SEED}, leave a thread that can be used`, PATIENT, async () => {
  const { turnCount, itemCount, warningCount, grownBytes } = await new ProviderRun(SEED).play(2_000);
  expect(turnCount).toBeGreaterThan(10);
  expect(itemCount).toBeGreaterThan(100);
  expect(warningCount).toBeGreaterThan(100);
  expect(grownBytes).toBeLessThan(16 * MIB);
});

it(`30 changes of a stored journal, seed ${SEED}, are read or refused with a code`, PATIENT, async () => {
  const { readCount, refused } = await new StoreRun(SEED).play(30);
  expect(readCount).toBeGreaterThan(0);
  expect(Object.keys(refused).length).toBeGreaterThan(0);
});

it(`200 configurations, seed ${SEED}, are in force or refused with a reason`, PATIENT, async () => {
  const { appliedCount, refusedCount, unusableCount, turnCount } = await new ConfigRun(SEED).play(200);
  expect(Math.min(appliedCount, refusedCount, unusableCount, turnCount)).toBeGreaterThan(20);
});
