/** A small part of what `npm run test:fuzz` plays. */
import { expect, it } from 'vitest';
import { GatewayRun } from './gateway-run.ts';
import { SocketRun } from './socket-run.ts';

const MIB = 1024 * 1024;
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
const PATIENT = { timeout: 60_000 };

it(
  `15,000 messages of clients, seed ${SEED}, are answered, and change nothing that they may not`,
  PATIENT,
  async () => {
    const { grownBytes, refusedCount, acceptedCount } = await new GatewayRun(SEED).play(15_000);
    expect(refusedCount).toBeGreaterThan(acceptedCount);
    expect(acceptedCount).toBeGreaterThan(200);
    expect(grownBytes).toBeLessThan(16 * MIB);
  },
);

it(`2,000 connections, seed ${SEED}, are answered or closed`, PATIENT, async () => {
  const { seen, grownBytes } = await new SocketRun(SEED).play(2_000);
  for (const what of ['101', '200', '400', '401', '403', '404', '413', '431', 'closed 1002', 'closed 4413'])
    expect.soft(seen[what] ?? 0, what).toBeGreaterThan(0);
  expect(grownBytes).toBeLessThan(16 * MIB);
});
