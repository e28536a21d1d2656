/** How a request moves through its life; the same for the two actors that own requests, turn and connection. */
import type { Move } from './act.ts';
import { failure } from './domain/error.ts';
import type { Fact } from './domain/fact.ts';
import { requestIdSchema, type ConnectionId, type ItemId, type RequestId } from './domain/ids.ts';
import type { ThreadInputOf } from './domain/input.ts';
import { outcomeOf, type Answer, type LiveRequest } from './domain/request.ts';
import { DEADLINES_MS, deliveryTimerOf, type ArmTimer } from './domain/timer.ts';

export interface RequestOwnerContext {
  readonly connectionId: ConnectionId | null;
  readonly requests: Readonly<Record<RequestId, LiveRequest>>;
}
type Requests = RequestOwnerContext['requests'];
type RequestMove = Move<Pick<RequestOwnerContext, 'requests'>, never>;
/** The actor that keeps it; what a background task asks is kept by its connection. */
type RequestOwner = 'turn' | 'connection';
type Asked = { readonly requestId: RequestId };

export function openRequest(
  { requests }: RequestOwnerContext,
  { connectionId, turnId, attempt, owner, request }: ThreadInputOf<'provider.requestOpened'>,
): RequestMove {
  const { requestId, nativeRequestId, taskId } = request;
  const live: LiveRequest = {
    status: 'open',
    nativeRequestId,
    answer: null,
    ...(taskId === undefined ? {} : { taskId }),
  };
  return {
    set: { requests: { ...requests, [requestId]: live } },
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
  owner: RequestOwner,
): RequestMove {
  const request = requests[requestId];
  if (request === undefined || connectionId === null) return {};
  const { nativeRequestId } = request;
  return {
    set: { requests: { ...requests, [requestId]: { ...request, status: 'answering', answer } } },
    facts: [{ type: 'request.answering', requestId, answer }],
    effects: [{ type: 'request.answer', connectionId, requestId, nativeRequestId, answer }],
    arm: deliveryTimer(requestId, owner),
  };
}

const deliveryTimer = (requestId: RequestId, owner: RequestOwner): ArmTimer => ({
  name: deliveryTimerOf(requestId),
  owner,
  afterMs: DEADLINES_MS.delivery,
  idle: false,
  fires: { type: 'request.deliveryTimedOut', requestId, owner },
});

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
export const expireRequests = ({ requests }: RequestOwnerContext, owner: RequestOwner): RequestMove => ({
  set: { requests: {} },
  facts: idsIn(requests).map(expired),
  cancel: { owner },
});

/** The turn has completed: what background work asks is left to the connection, the rest can no longer be answered. */
export function leaveRequests({ requests }: RequestOwnerContext): RequestMove & { readonly left: Requests } {
  const left = Object.fromEntries(Object.entries(requests).filter(([, { taskId }]) => taskId !== undefined));
  return {
    left,
    set: { requests: {} },
    facts: idsIn(requests).map((requestId) =>
      requestId in left ? { type: 'request.handedOver', requestId, owner: 'task' } : expired(requestId),
    ),
    cancel: { owner: 'turn' },
  };
}

/** What a turn has left; an answer under way stays bounded. */
export function adoptRequests(
  { requests }: RequestOwnerContext,
  { requests: left }: { readonly requests: Requests },
): RequestMove {
  const answered = idsIn(left).filter((requestId) => left[requestId]?.status === 'answering');
  return {
    set: { requests: { ...requests, ...left } },
    arm: answered.map((requestId) => deliveryTimer(requestId, 'connection')),
  };
}

/** The background work ends. */
export function expireRequestsOf({ requests }: RequestOwnerContext, taskId: ItemId): RequestMove {
  const over = idsIn(requests).filter((requestId) => requests[requestId]?.taskId === taskId);
  if (over.length === 0) return {};
  const left = Object.entries(requests).filter(([, request]) => request.taskId !== taskId);
  return {
    set: { requests: Object.fromEntries(left) },
    facts: over.map(expired),
    cancel: over.map((requestId) => ({ name: deliveryTimerOf(requestId) })),
  };
}

const idsIn = (requests: Requests): readonly RequestId[] =>
  Object.keys(requests).map((id) => requestIdSchema.parse(id));

const expired = (requestId: RequestId): Fact => ({ type: 'request.closed', requestId, outcome: 'expired' });

export const isKnown = (requests: Requests, { requestId }: Asked): boolean => requestId in requests;

/** An answer can be sent: none is under way. */
export function isAnswerable(requests: Requests, { requestId }: Asked): boolean {
  const status = requests[requestId]?.status;
  return status === 'open' || status === 'undeliverable';
}

export const isBeingAnswered = (requests: Requests, { requestId }: Asked): boolean =>
  requests[requestId]?.status === 'answering';
