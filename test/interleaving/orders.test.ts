import { describe, expect, it } from 'vitest';
import { Ingress } from '../../server/runtime/ingress.ts';
import { sabotage } from '../helpers/sabotage.ts';
import { everyOrder } from './every-order.ts';
import { SCENARIOS } from './scenarios.ts';

describe('in every order of commands, ticks and words of the provider', { timeout: 60_000 }, () => {
  it.each(SCENARIOS)('$name', async (scenario) => {
    expect(await everyOrder(scenario, null)).toBeGreaterThanOrEqual(15);
  });

  it('a runtime that loses what a failed commit held is found out', async () => {
    sabotage(Ingress, 'putBack', () => {});
    const [scenario] = SCENARIOS;
    if (scenario === undefined) throw new Error('there is no scenario');
    await expect(everyOrder(scenario, 'commit fails')).rejects.toThrow('commit fails');
  });
});
