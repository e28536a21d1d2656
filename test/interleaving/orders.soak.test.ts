import { it } from 'vitest';
import { compareMerged, disturbed } from './check-orders.ts';
import { LONGER, named } from './scenarios.ts';

it.each(LONGER)('$name, in every order, with a message in every turn', { timeout: 3_600_000 }, disturbed);

it('going on once from what is alike loses nothing after a disturbance either', { timeout: 600_000 }, () =>
  compareMerged(named('an approval is answered and the turn interrupted'), 1),
);
