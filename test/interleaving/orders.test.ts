import { describe, expect, it } from 'vitest';
import { Ingress } from '../../server/runtime/ingress.ts';
import { sabotage } from '../helpers/sabotage.ts';
import { everyOrder } from './every-order.ts';
import { named, SCENARIOS } from './scenarios.ts';

const APPROVAL = named('an approval is answered and the turn interrupted');

describe('in every order of commands, ticks and words of the provider', { timeout: 60_000 }, () => {
  it.each(SCENARIOS)('$name', async (scenario) => {
    const { orderCount } = await everyOrder(scenario, { disturbanceCount: 0 });
    expect(orderCount).toBeGreaterThanOrEqual(scenario.fewestOrders.undisturbed);
  });

  it('a runtime that loses what a failed commit held is found out', async () => {
    sabotage(Ingress, 'putBack', () => {});
    await expect(everyOrder(APPROVAL, { disturbanceCount: 1 })).rejects.toThrow('commit fails');
  });
});
