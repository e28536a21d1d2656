import { expect } from 'vitest';
import { everyOrder } from './every-order.ts';
import type { Scenario } from './schedule.ts';

/** Every order with a timer that fires, a commit that fails or a provider that dies at any point, and without. */
export async function disturbed(scenario: Scenario): Promise<void> {
  const { orderCount, stateCount, ends } = await everyOrder(scenario, { disturbanceCount: 1 });
  const counts = [orderCount, stateCount, ends.size].map((count) => count.toLocaleString('en'));
  console.log(`${scenario.name}: ${counts[0]} orders, ${counts[1]} states, ${counts[2]} ends`);
  expect(orderCount).toBeGreaterThanOrEqual(scenario.fewestOrders.disturbed);
}

/** What is gone on from once stands for all that led to it. */
export async function compareMerged(scenario: Scenario, disturbanceCount: number): Promise<void> {
  const merged = await everyOrder(scenario, { disturbanceCount });
  const all = await everyOrder(scenario, { disturbanceCount, isMerging: false });
  expect(merged.stateCount).toBeLessThan(all.stateCount);
  expect(merged.orderCount).toBe(all.orderCount);
  expect(merged.ends).toEqual(all.ends);
}
