import { expect, it } from 'vitest';
import type { Fact } from '../../../../machines/domain/fact.ts';
import { expiredIn } from '../../../../server/console/state/expired-requests.ts';
import { requestOpened } from '../../../helpers/facts.ts';

const eventsOf = (facts: readonly Fact[]) =>
  facts.map((fact, index) => ({ sequence: index + 1, version: index + 1, at: index, fact }));

it('finds the requests that ended with their owner, and no others', () => {
  const opened = requestOpened('r1');
  const other = requestOpened('r2');
  const closed = (requestId: string, outcome: 'expired' | 'accepted'): Fact =>
    ({ type: 'request.closed', requestId, outcome }) as Fact;
  const events = eventsOf([
    opened,
    other,
    closed('r2', 'accepted'),
    closed('r1', 'expired'),
    closed('r0', 'expired'),
  ]);
  expect(expiredIn(events)).toMatchObject([
    { requestId: 'r1', status: 'closed', outcome: 'expired', createdAt: 0, updatedAt: 3 },
  ]);
  expect(expiredIn(events.slice(1))).toEqual([]);
});
