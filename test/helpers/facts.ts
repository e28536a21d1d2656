/** Facts as a runtime draws them, for tests. */
import type { FactOf } from '../../machines/domain/fact.ts';
import {
  connectionIdSchema,
  itemIdSchema,
  requestIdSchema,
  turnIdSchema,
} from '../../machines/domain/ids.ts';
import type { Item } from '../../machines/domain/item.ts';

export const turnBegan = (turnId: string, ordinal = 1): FactOf<'turn.began'> => ({
  type: 'turn.began',
  turnId: turnIdSchema.parse(turnId),
  ordinal,
  attempt: 1,
  origin: 'user',
  side: false,
  nativeTurnId: null,
  settings: null,
  sourcePlan: null,
});

export const turnEnded = (turnId: string): FactOf<'turn.ended'> => ({
  type: 'turn.ended',
  turnId: turnIdSchema.parse(turnId),
  outcome: 'completed',
  started: true,
  failure: null,
  reason: null,
  into: null,
});

export const statusChanged = (
  status: FactOf<'thread.statusChanged'>['status'],
  turnId: string | null = null,
): FactOf<'thread.statusChanged'> => ({
  type: 'thread.statusChanged',
  status,
  activeTurnId: turnId === null ? null : turnIdSchema.parse(turnId),
  lastError: null,
});

export interface GivenItem {
  readonly ordinal?: number;
  readonly text?: string;
  readonly status?: Item['status'];
  readonly turnId?: string;
  readonly body?: Item['body'];
}

function item(
  itemId: string,
  { ordinal = 1, text = '', status = 'open', turnId = 't1', body }: GivenItem,
): Item {
  return {
    itemId: itemIdSchema.parse(itemId),
    body: body ?? { kind: 'assistant_message' },
    text,
    status,
    ordinal,
    turnId: turnIdSchema.parse(turnId),
    attempt: 1,
  };
}

export const itemStarted = (itemId: string, given: GivenItem = {}): FactOf<'item.started'> => ({
  type: 'item.started',
  item: item(itemId, given),
});

export const itemCompleted = (itemId: string, given: GivenItem = {}): FactOf<'item.completed'> => ({
  type: 'item.completed',
  item: item(itemId, { status: 'completed', ...given }),
});

export const requestOpened = (requestId: string): FactOf<'request.opened'> => ({
  type: 'request.opened',
  request: {
    requestId: requestIdSchema.parse(requestId),
    nativeRequestId: '0',
    body: { kind: 'command', command: 'ls' },
    decisions: ['accept', 'decline'],
    owner: 'turn',
    turnId: turnIdSchema.parse('t1'),
    attempt: 1,
    connectionId: connectionIdSchema.parse('a#1'),
  },
});

export const requestClosed = (requestId: string): FactOf<'request.closed'> => ({
  type: 'request.closed',
  requestId: requestIdSchema.parse(requestId),
  outcome: 'accepted',
});
