import { it } from 'vitest';
import { disturbed } from './check-orders.ts';
import { SCENARIOS } from './scenarios.ts';

it.each(SCENARIOS)('$name, in every order with one disturbance', { timeout: 600_000 }, disturbed);
