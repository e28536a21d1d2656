/** The same with a timer that fires, a commit that fails or a provider that dies at any point. */
import { describe, expect, it } from 'vitest';
import { everyOrder } from './every-order.ts';
import type { Disturbance } from './schedule.ts';
import { SCENARIOS } from './scenarios.ts';

const DISTURBANCES: readonly Disturbance[] = ['timer', 'commit fails', 'commit fails late', 'provider dies'];

describe.each(DISTURBANCES)('%s', (disturbance) => {
  it.each(SCENARIOS)('while $name', { timeout: 300_000 }, async (scenario) => {
    const count = await everyOrder(scenario, disturbance);
    console.log(`${scenario.name}, ${disturbance}: ${count} orders`);
    expect(count).toBeGreaterThanOrEqual(100);
  });
});
