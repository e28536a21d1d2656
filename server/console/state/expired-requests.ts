/** Requests that ended with their owner before the thread was followed: a snapshot has only those that are open. */
import type { FactEvent } from '../../../machines/domain/fact.ts';
import type { RequestId } from '../../../machines/domain/ids.ts';
import type { RequestRow } from '../../../machines/domain/request.ts';
import type { Client } from '../../client/client.ts';

/** Entries before the present one in which they are looked for. */
const TAIL_COUNT = 500;

export async function expiredBefore(
  client: Client,
  threadId: string,
  version: number,
): Promise<readonly RequestRow[]> {
  const after = Math.max(0, version - TAIL_COUNT);
  const { events } = await client.call('orchestration.readEvents', { threadId, after, limit: TAIL_COUNT });
  return expiredIn(events);
}

export function expiredIn(events: readonly FactEvent[]): readonly RequestRow[] {
  const opened = new Map<RequestId, RequestRow>();
  const expired: RequestRow[] = [];
  for (const { fact, at } of events) {
    if (fact.type === 'request.opened') opened.set(fact.request.requestId, rowOf(fact.request, at));
    if (fact.type !== 'request.closed' || fact.outcome !== 'expired') continue;
    const row = opened.get(fact.requestId);
    if (row !== undefined) expired.push({ ...row, updatedAt: at });
  }
  return expired;
}

type Opened = Omit<RequestRow, 'status' | 'answer' | 'outcome' | 'failure' | 'createdAt' | 'updatedAt'>;

const rowOf = (request: Opened, at: number): RequestRow => ({
  ...request,
  status: 'closed',
  answer: null,
  outcome: 'expired',
  failure: null,
  createdAt: at,
  updatedAt: at,
});
