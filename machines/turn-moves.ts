/** What a turn changes, says and asks for. */
import { actOf, type Move } from './act.ts';
import type { ConnectionEnd, TurnContext, TurnEnd } from './domain/context.ts';
import { clientMessageIdOf, type Effect, type TurnKey } from './domain/effect.ts';
import { RuntimeError, type Failure } from './domain/error.ts';
import type { TurnId } from './domain/ids.ts';
import type { ThreadInput, ThreadInputOf } from './domain/input.ts';
import type { Online, ProgressSignal, TurnSignal } from './domain/signal.ts';
import { DEADLINES_MS, type ArmTimer } from './domain/timer.ts';
import type { InterruptReason, Prompt } from './domain/turn.ts';
import { handOverTimer } from './thread-transfers.ts';
import * as ends from './turn-ends.ts';
import * as request from './request-moves.ts';

type Context = TurnContext;
const act = actOf<Context, ThreadInput | TurnSignal, ProgressSignal>();

type Native = { readonly nativeTurnId: string | null };
type Reported = Pick<ThreadInputOf<'provider.turnEnded'>, 'outcome' | 'failure'>;
type Reason = { readonly reason: InterruptReason };

export const turnMoves = {
  goOnline: act((_, { connectionId, nativeThreadId, nativeSteer, transfers }: Online) => ({
    set: { connectionId, nativeThreadId, nativeSteer, transfers },
  })),
  boundWait: act(({ turnId }) => ({ arm: handOverTimer(turnId) })),
  handOver: act((context) => ({
    effects: [startEffect(context)],
    arm: timer(context, 'turn.startTimedOut', DEADLINES_MS.start),
  })),
  /** Still a bound: a silent side turn must not hold the thread for ever. */
  pauseStart: act((context) => ({
    arm: { ...timer(context, 'turn.startTimedOut', DEADLINES_MS.stall), idle: true },
  })),
  resumeStart: act((context) => ({ arm: timer(context, 'turn.startTimedOut', DEADLINES_MS.start) })),
  /** Who wants the turn to end waits no longer for its start than for the answer to an interrupt. */
  boundCancel: act((context) => ({ arm: timer(context, 'turn.startTimedOut', DEADLINES_MS.interrupt) })),
  accept: act((context, named: Native) => {
    const nativeTurnId = named.nativeTurnId ?? context.nativeTurnId;
    const { turnId, attempt, transfers } = context;
    return {
      set: { nativeTurnId },
      facts: [{ type: 'turn.accepted', turnId, attempt, nativeTurnId }],
      signal: { type: '$accepted', transfers },
    };
  }),
  beginOfProvider: act(() => ({ set: { started: true }, signal: { type: '$started', transfers: [] } })),
  begin: act((context, named: Native) => {
    const nativeTurnId = named.nativeTurnId ?? context.nativeTurnId;
    const { turnId, attempt, transfers } = context;
    return {
      set: { nativeTurnId, started: true },
      facts: [{ type: 'turn.started', turnId, attempt, nativeTurnId }],
      signal: { type: '$started', transfers },
    };
  }),
  watch: act((context) => ({
    arm: { ...timer(context, 'turn.stalled', DEADLINES_MS.stall), idle: true },
  })),

  wantInterrupt: act(({ turnId }, { reason }: Reason) => ({
    set: { interrupt: { reason, sends: 0 } },
    facts: [{ type: 'turn.interrupting', turnId, reason }],
  })),
  sendInterrupt: act((context) => ({
    set: { interrupt: sentAgain(context) },
    effects: [{ type: 'turn.interrupt', ...keyOf(context) }],
    arm: timer(context, 'interrupt.timedOut', DEADLINES_MS.interrupt),
  })),
  resendInterrupt: act((context) => ({
    set: { interrupt: sentAgain(context) },
    effects: [{ type: 'turn.interrupt', ...keyOf(context) }],
  })),
  /** Asked once more, by another wish perhaps: a stop or an interrupt counts for more than a restart or a stall. */
  askAgain: act(({ interrupt }, { reason }: Reason) =>
    reason === 'restart' ? {} : { set: { interrupt: { reason, sends: interrupt?.sends ?? 0 } } },
  ),
  /** Only a user's interrupt is a command; a stop or a restart asks for more than the turn's end. */
  sayNoEffect: act((_, { reason }: Reason) =>
    reason === 'user' ? { facts: [{ type: 'command.noEffect', command: 'turn.interrupt' }] } : {},
  ),

  addSteer: act(({ steers }, { steer }: { steer: Prompt }) => ({ set: { steers: [...steers, steer] } })),
  sendSteer: act((context) => {
    const [steer, ...steers] = context.steers;
    if (steer === undefined) return {};
    return {
      set: { sentSteer: steer, steers },
      effects: [
        {
          type: 'turn.steer',
          ...keyOf(context),
          steer,
          clientMessageId: clientMessageIdOf(steer.turnId, 1),
        },
      ],
      arm: {
        ...timer(context, 'steer.timedOut', DEADLINES_MS.steer),
        fires: {
          type: 'steer.timedOut',
          turnId: context.turnId,
          attempt: context.attempt,
          steerId: steer.turnId,
        },
      },
    };
  }),
  confirmSteer: act((context) => steered(context, 'completed')),
  missSteer: act((context) => steered(context, 'unknown')),
  returnSteer: act(({ sentSteer }, { failure }: Pick<ThreadInputOf<'provider.steerRefused'>, 'failure'>) =>
    sentSteer === null
      ? {}
      : { set: { sentSteer: null }, signal: { type: '$unsteered', steer: sentSteer, failure } },
  ),
  /** The steers that have come become the prompt of the next attempt, in order. */
  restart: act((context) => {
    const { turnId, steers } = context;
    const attempt = context.attempt + 1;
    return {
      set: {
        attempt,
        prompt: joined(steers),
        steers: [],
        transfers: [],
        nativeTurnId: null,
        interrupt: null,
        requests: {},
      },
      facts: [
        ...(request.expireRequests(context, 'turn').facts ?? []),
        { type: 'turn.attempted', turnId, attempt },
      ],
      cancel: { owner: 'turn' },
      signal: { type: '$reattempted', turnId, steers },
    };
  }),

  endReported: act((context, event: Reported) => end(context, ends.reportedEnd(context, event))),
  endInactive: act((context, event: ThreadInputOf<'provider.becameInactive'>) =>
    end(context, ends.inactiveEnd(context, event)),
  ),
  endLost: act((context, event: ConnectionEnd) => end(context, ends.lostEnd(context, event))),
  endLookedUp: act((context, event: ThreadInputOf<'provider.turnLookedUp'>) => ({
    set: {
      ...end(context, ends.lookedUpEnd(context, event)).set,
      started: context.started || isFound(event),
    },
    ...(isFound(event) ? { signal: { type: '$accepted', transfers: context.transfers } as const } : {}),
  })),
  endRefused: act((context, { failure }: { failure: Failure }) => end(context, ends.failedEnd(failure))),
  endInterrupted: act((context, { reason }: Reason) => end(context, ends.interruptedEnd(reason))),
  endAbsorbed: act((context, { into }: { into: TurnId }) => end(context, ends.absorbedEnd(into))),
  endUnanswered: act((context) => end(context, ends.unansweredEnd(context))),
  endUndelivered: act((context) => end(context, ends.UNDELIVERED_END)),
  endUnstarted: act((context) => end(context, ends.UNSTARTED_END)),
  endUnsteered: act((context) => end(context, ends.UNSTEERED_END)),
  endUnknown: act((context) => end(context, ends.UNKNOWN_END)),
  suspect: act(() => ({ set: { suspect: true } })),
  cancelAtProvider: act((context) => ({ effects: [{ type: 'turn.interrupt', ...keyOf(context) }] })),
  returnPrompt: act(({ undelivered, prompt }) => ({
    set: { undelivered: prompt === null ? undelivered : [...undelivered, prompt] },
  })),
  /** The text of a first attempt stays with its failed turn; that of a steer goes back to the queue. */
  returnSteeredPrompt: act(({ undelivered, prompt, attempt }) => ({
    set: { undelivered: prompt === null || attempt === 1 ? undelivered : [...undelivered, prompt] },
  })),
  settle: act((context) => ({
    ...requestsAtEnd(context),
    effects: [{ type: 'turn.settle', ...keyOf(context), outcome: context.end?.outcome ?? 'completed' }],
    arm: timer(context, 'settle.timedOut', DEADLINES_MS.settle),
  })),
  lookUp: act((context) => ({
    ...request.expireRequests(context, 'turn'),
    effects: [lookUpEffect(context)],
    arm: timer(context, 'lookUp.timedOut', DEADLINES_MS.lookUp),
  })),
  stopLookUp: act(({ threadId, instanceId }) => ({
    effects: [
      { type: 'tell', instanceId, input: { type: 'instance.workDone', threadId, connectionId: null } },
    ],
  })),
  letGo: act((context) => {
    const { set, ...expired } = request.expireRequests(context, 'turn');
    const { set: answered, ...rest } = steered(context, 'unknown');
    return { ...expired, ...rest, set: { ...set, ...answered } };
  }),

  openRequest: act((context, event: ThreadInputOf<'provider.requestOpened'>) =>
    request.openRequest(context, event),
  ),
  refuseRequest: act((_, event: ThreadInputOf<'provider.requestOpened'>) => request.refuseRequest(event)),
  answerRequest: act((context, event: ThreadInputOf<'request.respond'>) =>
    request.answerRequest(context, event, 'turn'),
  ),
  resolveRequest: act((context, event: ThreadInputOf<'provider.requestResolved'>) =>
    request.resolveRequest(context, event),
  ),
  failRequest: act(request.failRequest),
};

/** The provider knows the prompt, and so the conversation. */
const isFound = ({ found }: ThreadInputOf<'provider.turnLookedUp'>): boolean =>
  found !== 'absent' && found !== 'unknown';

function requestsAtEnd(context: Context): Move<Context, ProgressSignal> {
  if (context.end?.outcome !== 'completed') return request.expireRequests(context, 'turn');
  const { left, ...move } = request.leaveRequests(context);
  return Object.keys(left).length === 0 ? move : { ...move, signal: { type: '$left', requests: left } };
}

/** The first end that is known stands. */
const end = (context: Context, known: TurnEnd): Move<Context, never> => ({
  set: { end: context.end ?? known },
});

const keyOf = ({ connectionId, turnId, attempt, nativeTurnId }: Context): TurnKey => ({
  connectionId: present(connectionId),
  turnId,
  attempt,
  nativeTurnId,
});

/** Without a prompt it is a compaction; a steer may have made a prompt of it. */
function startEffect(context: Context): Effect {
  const { prompt, settings, turnId, attempt, transfers } = context;
  if (prompt === null) return { type: 'turn.compact', ...keyOf(context) };
  const clientMessageId = clientMessageIdOf(turnId, attempt);
  const carried = transfers.length === 0 ? {} : { transfers };
  return { type: 'turn.start', ...keyOf(context), prompt, settings, clientMessageId, ...carried };
}

/** Effects are asked for only in states that have a connection and, to hand over, a prompt. */
function present<Value>(value: Value | null): Value {
  if (value === null)
    throw new RuntimeError('INTERNAL', 'an effect was asked for in a state that cannot have it');
  return value;
}

function lookUpEffect({ threadId, instanceId, turnId, attempt, nativeThreadId }: Context): Effect {
  const clientMessageId = clientMessageIdOf(turnId, attempt);
  const work = { type: 'turn.lookUp', threadId, turnId, attempt, nativeThreadId, clientMessageId } as const;
  return { type: 'tell', instanceId, input: { type: 'instance.acquire', work } };
}

const sentAgain = ({ interrupt }: Context): Context['interrupt'] =>
  interrupt === null ? null : { ...interrupt, sends: interrupt.sends + 1 };

function steered(
  { turnId, sentSteer }: Context,
  status: 'completed' | 'unknown',
): Move<Context, ProgressSignal> {
  if (sentSteer === null) return {};
  return {
    set: { sentSteer: null },
    signal: { type: '$steered', turnId, steer: sentSteer, status } as const,
  };
}

function joined(steers: readonly Prompt[]): Prompt | null {
  const first = steers[0];
  if (first === undefined) return null;
  return {
    ...first,
    text: steers.map((steer) => steer.text).join('\n\n'),
    attachments: steers.flatMap((steer) => steer.attachments).slice(0, 8),
  };
}

const timer = ({ turnId, attempt }: Context, name: string, afterMs: number): ArmTimer => ({
  name,
  owner: 'turn',
  afterMs,
  idle: false,
  fires: { type: name, turnId, attempt },
});
