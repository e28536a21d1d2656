import { it } from 'vitest';
import { compareMerged, disturbed } from './check-orders.ts';
import { named, SCENARIOS } from './scenarios.ts';

it.each(SCENARIOS)('$name, in every order with one disturbance', { timeout: 600_000 }, disturbed);

it.each([
  named('an approval is answered and the turn interrupted'),
  named('two clients answer one approval'),
])('going on once from what is alike loses no order and no end: $name', (scenario) =>
  compareMerged(scenario, 0),
);
