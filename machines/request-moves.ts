/** How a request moves through its life; the same for the two actors that own requests, turn and connection. */
import type { Move } from './act.ts';
import { failure } from './domain/error.ts';
import { requestIdSchema, type ConnectionId, type RequestId } from './domain/ids.ts';
import type { ThreadInputOf } from './domain/input.ts';
import { outcomeOf, type Answer, type LiveRequest, type Owner } from './domain/request.ts';
import { DEADLINES_MS, deliveryTimerOf } from './domain/timer.ts';

export interface RequestOwnerContext {
  readonly connectionId: ConnectionId | null;
  readonly requests: Readonly<Record<RequestId, LiveRequest>>;
}
type Requests = RequestOwnerContext['requests'];
type RequestMove = Move<Pick<RequestOwnerContext, 'requests'>, never>;
type Asked = { readonly requestId: RequestId };

export function openRequest(
  { requests }: RequestOwnerContext,
  { connectionId, turnId, attempt, request }: ThreadInputOf<'provider.requestOpened'>,
  owner: Owner,
): RequestMove {
  const { requestId, nativeRequestId } = request;
  return {
    set: { requests: { ...requests, [requestId]: { status: 'open', nativeRequestId, answer: null } } },
    facts: [
      {
        type: 'request.opened',
        request: { ...request, owner, turnId, attempt: Math.max(1, attempt), connectionId },
      },
    ],
  };
}

/** A request that nobody will be asked about is refused, or the provider would wait for ever. */
export function refuseRequest({
  connectionId,
  request: { requestId, nativeRequestId },
}: ThreadInputOf<'provider.requestOpened'>): RequestMove {
  return {
    facts: [{ type: 'request.refused', requestId }],
    effects: [{ type: 'request.refuse', connectionId, requestId, nativeRequestId }],
  };
}

export function answerRequest(
  { requests, connectionId }: RequestOwnerContext,
  { requestId, answer }: Asked & { readonly answer: Answer },
  owner: Owner,
): RequestMove {
  const request = requests[requestId];
  if (request === undefined || connectionId === null) return {};
  const { nativeRequestId } = request;
  return {
    set: { requests: { ...requests, [requestId]: { ...request, status: 'answering', answer } } },
    facts: [{ type: 'request.answering', requestId, answer }],
    effects: [{ type: 'request.answer', connectionId, requestId, nativeRequestId, answer }],
    arm: {
      name: deliveryTimerOf(requestId),
      owner,
      afterMs: DEADLINES_MS.delivery,
      idle: false,
      fires: { type: 'request.deliveryTimedOut', requestId, owner },
    },
  };
}

/** The answer did not arrive; it can be sent again. */
export function failRequest(
  { requests }: RequestOwnerContext,
  event: ThreadInputOf<'provider.requestUndeliverable'> | ThreadInputOf<'request.deliveryTimedOut'>,
): RequestMove {
  const { requestId } = event;
  const request = requests[requestId];
  if (request === undefined) return {};
  const cause =
    'failure' in event ? event.failure : failure('ANSWER_UNDELIVERED', '', { class: 'transport' });
  return {
    set: { requests: { ...requests, [requestId]: { ...request, status: 'undeliverable' } } },
    facts: [{ type: 'request.undeliverable', requestId, failure: cause }],
    cancel: { name: deliveryTimerOf(requestId) },
  };
}

/** The provider waits no longer: with an answer under way that has arrived, else the request was taken back. */
export function resolveRequest({ requests }: RequestOwnerContext, { requestId }: Asked): RequestMove {
  const request = requests[requestId];
  const { [requestId]: _, ...rest } = requests;
  const answer = request?.status === 'answering' ? request.answer : null;
  return {
    set: { requests: rest },
    facts:
      answer === null
        ? [{ type: 'request.closed', requestId, outcome: 'cancelled' }]
        : [
            { type: 'request.delivered', requestId },
            { type: 'request.closed', requestId, outcome: outcomeOf(answer) },
          ],
    cancel: { name: deliveryTimerOf(requestId) },
  };
}

/** The owner ends: what is still open can no longer be answered. */
export function expireRequests({ requests }: RequestOwnerContext, owner: Owner): RequestMove {
  return {
    set: { requests: {} },
    facts: Object.keys(requests).map((id) => ({
      type: 'request.closed',
      requestId: requestIdSchema.parse(id),
      outcome: 'expired',
    })),
    cancel: { owner },
  };
}

export const isKnown = (requests: Requests, { requestId }: Asked): boolean => requestId in requests;

/** An answer can be sent: none is under way. */
export function isAnswerable(requests: Requests, { requestId }: Asked): boolean {
  const status = requests[requestId]?.status;
  return status === 'open' || status === 'undeliverable';
}

export const isBeingAnswered = (requests: Requests, { requestId }: Asked): boolean =>
  requests[requestId]?.status === 'answering';
