/** What a connection changes, says and asks for. */
import { actOf, type Move } from './act.ts';
import type { CloseReason, ConnectionContext, ConnectionEnd } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import { ERRORS, failure, type Failure } from './domain/error.ts';
import type { ThreadInput, ThreadInputOf } from './domain/input.ts';
import type { ConnectionSignal, LinkSignal } from './domain/signal.ts';
import { DEADLINES_MS, type ArmTimer } from './domain/timer.ts';
import * as request from './request-moves.ts';

type Context = ConnectionContext;
const act = actOf<Context, ThreadInput | ConnectionSignal, LinkSignal>();

const OPEN_TIMED_OUT = failure('OPEN_TIMED_OUT', '', { class: 'transport' });
const CLOSE_FAILED = failure('CLOSE_FAILED', '', { class: 'transport' });
const CLOSED = failure('CONNECTION_CLOSED', '', { class: 'transport' });
const RESTARTED = failure('SERVER_RESTARTED', '');
const KEPT_NOTHING = failure('RESUME_FAILED', 'the provider has kept nothing of the conversation');

export const connectionMoves = {
  askToOpen: act((context) => ({
    facts: [{ type: 'connection.opening', connectionId: context.connectionId, resume: context.resume }],
    effects: [acquire(context)],
    arm: timer(context, 'connection.openTimedOut', DEADLINES_MS.open),
  })),
  /** Its provider's process is in use by it, and tells it when it is lost. */
  hold: act((context) => ({ effects: [tellInstance(context, 'instance.hold')] })),
  delay: act((context) => ({ arm: timer(context, 'connection.openTimedOut', DEADLINES_MS.delayed) })),
  stopOpening: act((context) => ({
    effects: [tellInstance(context, 'instance.workDone')],
    cancel: { name: 'connection.openTimedOut' },
  })),
  /** Once for each connection: without a history there is nothing that could fail so again. */
  beginAnew: act((_, { failure: cause }: { failure: Failure }) => ({
    set: { resume: null, fork: null, rollback: null },
    signal: { type: '$forgotten', failure: cause },
  })),
  /** What was to be resumed is not there, and the provider has begun another conversation by itself. */
  sayForgotten: act(({ resume }, { resumed }: ThreadInputOf<'connection.opened'>) =>
    resume === null || resumed ? {} : { signal: { type: '$forgotten', failure: KEPT_NOTHING } },
  ),
  sayOpened: act((_, event: ThreadInputOf<'connection.opened'>) => {
    const { connectionId, nativeThreadId, resumed, model, capabilities } = event;
    return {
      facts: [{ type: 'connection.opened', connectionId, nativeThreadId, resumed, model }],
      signal: { type: '$opened', connectionId, nativeThreadId, capabilities },
    };
  }),
  sayClosing: act((context, { why, force }: { why: CloseReason; force: boolean }) => ({
    set: { force: context.force || force },
    facts: [{ type: 'connection.closing', connectionId: context.connectionId, why }],
    signal: { type: '$closing', why },
  })),
  /** Asked to close for another reason while it closes. */
  demandClose: act((context, { why, force }: { why: CloseReason; force: boolean }) => ({
    set: { force: context.force || force },
    facts: [{ type: 'connection.closing', connectionId: context.connectionId, why }],
  })),
  askToClose: act((context) => ({
    effects: [{ type: 'connection.close', connectionId: context.connectionId }],
    arm: timer(context, 'connection.closeTimedOut', DEADLINES_MS.close),
  })),
  keep: act((context, { cause }: { cause?: Failure }) => keep(context, cause ?? CLOSE_FAILED)),
  kill: act(({ connectionId }) => ({ effects: [{ type: 'connection.kill', connectionId }] })),
  endLost: act((context, { failure: cause }: { failure: Failure }) => end(context, 'lost', cause)),
  /** Whatever broke it: a turn that runs on it ends by this code. */
  endBroken: act((context, { failure: cause, forgotten }: ThreadInputOf<'connection.lost'>) => {
    const { retryable } = ERRORS.CONNECTION_LOST;
    const broken = { how: 'lost', failure: { ...cause, code: 'CONNECTION_LOST', retryable } } as const;
    return { set: { end: context.end ?? { ...broken, ...(forgotten === true && { forgotten }) } } };
  }),
  endUnopened: act((context) => end(context, 'lost', OPEN_TIMED_OUT)),
  endClosed: act((context) => end(context, 'closed', CLOSED)),
  endRestarted: act((context) => end(context, 'restarted', RESTARTED)),
  letGo: act((context) => ({
    ...request.expireRequests(context, 'connection'),
    effects: [tellInstance(context, 'instance.release')],
  })),
  openRequest: act((context, event: ThreadInputOf<'provider.requestOpened'>) =>
    request.openRequest(context, event),
  ),
  adoptRequests: act((context, event: Extract<ConnectionSignal, { type: '$adopt' }>) =>
    request.adoptRequests(context, event),
  ),
  expireTask: act((context, { itemId }: Extract<ConnectionSignal, { type: '$taskEnded' }>) =>
    request.expireRequestsOf(context, itemId),
  ),
  refuseRequest: act((_, event: ThreadInputOf<'provider.requestOpened'>) => request.refuseRequest(event)),
  answerRequest: act((context, event: ThreadInputOf<'request.respond'>) =>
    request.answerRequest(context, event, 'connection'),
  ),
  resolveRequest: act((context, event: ThreadInputOf<'provider.requestResolved'>) =>
    request.resolveRequest(context, event),
  ),
  failRequest: act(request.failRequest),
};

const end = (context: Context, how: ConnectionEnd['how'], cause: Failure): Move<Context, never> => ({
  set: { end: context.end ?? { how, failure: cause } },
});

const keep = ({ connectionId }: Context, cause: Failure): Move<Context, LinkSignal> => ({
  facts: [{ type: 'connection.closeFailed', connectionId, failure: cause }],
  signal: { type: '$kept', failure: cause },
});

function acquire(context: Context): Effect {
  const { threadId, connectionId, instanceId, resume, fork, rollback, settings } = context;
  const history = {
    resume,
    ...(fork && { fork }),
    ...(rollback && { rollback }),
  };
  const work = { type: 'connection.open', threadId, connectionId, ...history, settings } as const;
  return { type: 'tell', instanceId, input: { type: 'instance.acquire', work } };
}

function tellInstance(
  { threadId, connectionId, instanceId }: Context,
  type: 'instance.workDone' | 'instance.release' | 'instance.hold',
): Effect {
  return { type: 'tell', instanceId, input: { type, threadId, connectionId } };
}

const timer = ({ connectionId }: Context, name: string, afterMs: number): ArmTimer => ({
  name,
  owner: 'connection',
  afterMs,
  idle: false,
  fires: { type: name, connectionId },
});
