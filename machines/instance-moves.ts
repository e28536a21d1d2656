/** What a provider instance changes, says and asks for. */
import { actOf, type Move } from './act.ts';
import { RESUME_LIMIT, type InstanceContext, type InstancePlan } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import { failure, type Failure } from './domain/error.ts';
import type { ConnectionId, InstanceId, ThreadId } from './domain/ids.ts';
import type { InstanceInput, InstanceReport, InstanceState, InstanceWork } from './domain/instance.ts';
import { DEADLINES_MS, type ArmTimer } from './domain/timer.ts';

type Context = InstanceContext;
const act = actOf<Context, InstanceInput>();

const BACKOFF_MS = { first: 500, longest: 60_000 } as const;
const START_TIMED_OUT = failure('OPEN_FAILED', 'the provider process did not answer its handshake in time', {
  class: 'transport',
});

const REMOVED = failure('INSTANCE_NOT_FOUND', 'the provider instance is not configured any more');

export const instanceMoves = {
  sayCreated: act(({ instanceId, driver, capabilities }) => ({
    facts: [{ type: 'instance.created', instanceId, driver, capabilities }],
  })),
  sayState: act((context, { state }: { state: InstanceState }) => ({
    facts: [{ type: 'instance.stateChanged', state, failure: context.failure }],
  })),
  report: act((_, { report }: { report: InstanceReport }) => ({
    facts: [{ type: 'instance.reported', report }],
  })),
  startProcess: act(({ instanceId }) => ({
    effects: [{ type: 'process.start', instanceId }],
    arm: timer('instance.startTimedOut', DEADLINES_MS.instanceStart),
  })),
  stopProcess: act(({ instanceId }) => ({
    effects: [{ type: 'process.stop', instanceId, force: false }],
    arm: timer('instance.drainTimedOut', DEADLINES_MS.instanceDrain),
  })),
  killProcess: act(({ instanceId }) => ({ effects: [{ type: 'process.stop', instanceId, force: true }] })),
  backOff: act(({ failureCount }) => ({
    arm: timer(
      'instance.backoffEnded',
      Math.min(BACKOFF_MS.longest, BACKOFF_MS.first * 2 ** Math.max(0, failureCount - 1)),
    ),
  })),
  watchIdle: act((context) => (isUnused(context) ? { arm: IDLE_TIMER } : {})),

  wait: act((context, { work }: { work: InstanceWork }) => ({
    set: { waiting: [...context.waiting, work], sessions: withSession(context, work) },
  })),
  acquire: act((context, { work }: { work: InstanceWork }) => {
    const { waiting } = context;
    return served({ ...context, waiting: [...waiting, work], sessions: withSession(context, work) });
  }),
  flush: act((context) => flushed(context)),
  workDone: act((context, done: Done) => served(withoutWork(context, done))),
  forgetWork: act((context, done: Done) => ({ set: withoutWork(context, done) })),
  hold: act((context, { threadId, connectionId }: Held) =>
    served({ ...context, sessions: [...context.sessions, { connectionId, threadId }] }),
  ),
  release: act((context, held: Done) => ({ set: withoutSession(context, held) })),
  releaseAndFlush: act((context, held: Done) => served(withoutSession(context, held))),

  noteHealthy: act(() => ({ set: { failureCount: 0, failure: null } })),
  /** Nothing that waits will be served: each waiting thread is told. */
  fail: act((context, { failure: cause }: { failure: Failure }) => fail(context, cause)),
  failTimedOut: act((context) => fail(context, START_TIMED_OUT)),
  /** The process is gone: each thread that held a connection is told. */
  lose: act((context, { failure: cause }: { failure: Failure }) => lose(context, cause)),
  forgetAll: act(() => ({ set: { waiting: [], resuming: [], sessions: [] } })),
  cancelTimers: act(() => ({ cancel: { owner: 'instance' } })),

  plan: act((_, { driver, capabilities, failure: cause }: Configured) =>
    planned({ driver, capabilities, failure: cause, isRemoved: false }),
  ),
  planRemoval: act(({ driver, capabilities }) =>
    planned({ driver, capabilities, failure: REMOVED, isRemoved: true }),
  ),
  /** No process is left that goes by the old configuration. */
  takePlan: act(({ instanceId, next }) => (next === null ? {} : taken(instanceId, next))),
  refuse: act((context, { work }: { work: InstanceWork }) => ({
    effects: [failWork(work, context.failure ?? REMOVED)],
  })),
  /** As configured it cannot be used: what has not begun does not. */
  refuseDelayed: act((context) => ({
    set: { waiting: [], sessions: heldOf(context) },
    effects: context.waiting.map((work) => failWork(work, context.failure ?? REMOVED)),
  })),
  boundWait: act(() => ({ arm: timer('instance.outdatedTooLong', DEADLINES_MS.instanceOutdated) })),
  delay: act((_, { work }: { work: InstanceWork }) => ({ effects: delayed(work) })),
  delayWaiting: act(({ waiting }) => ({ effects: waiting.flatMap(delayed) })),
  refuseWaiting: act((context) => ({
    set: { waiting: [], resuming: [], sessions: [] },
    effects: context.waiting.map((work) => failWork(work, context.failure ?? REMOVED)),
  })),
};

type Configured = Pick<InstancePlan, 'driver' | 'capabilities' | 'failure'>;

const planned = (next: InstancePlan): Move<Context, never> => ({ set: { next, failure: next.failure } });

function taken(instanceId: InstanceId, next: InstancePlan): Move<Context, never> {
  const { driver, capabilities, failure: cause, isRemoved } = next;
  return {
    set: { driver, capabilities, failure: cause, failureCount: 0, next: null },
    facts: isRemoved ? [] : [{ type: 'instance.created', instanceId, driver, capabilities }],
    effects: [{ type: 'instance.rebuild', instanceId }],
  };
}

type Held = InstanceContext['sessions'][number];

interface Done {
  readonly threadId: ThreadId;
  readonly connectionId: ConnectionId | null;
}

const timer = (name: string, afterMs: number): ArmTimer => ({
  name,
  owner: 'instance',
  afterMs,
  idle: false,
  fires: { type: name },
});
const IDLE_TIMER = timer('instance.idledOut', DEADLINES_MS.instanceIdle);

export const isUnused = ({ waiting, sessions }: Context): boolean =>
  waiting.length === 0 && sessions.length === 0;

/** Connections that are there, or being opened. */
export function heldOf({ waiting, sessions }: Context): Context['sessions'] {
  const notYet = new Set(waiting.map((work) => (work.type === 'connection.open' ? work.connectionId : null)));
  return sessions.filter(({ connectionId }) => !notYet.has(connectionId));
}

/** Its thread must not take the wait for a provider that does not answer. */
function delayed(work: InstanceWork): Effect[] {
  if (work.type !== 'connection.open') return [];
  const { threadId, connectionId } = work;
  return [{ type: 'tellThread', threadId, input: { type: 'connection.delayed', connectionId } }];
}

function withSession({ sessions }: Context, work: InstanceWork): Context['sessions'] {
  if (work.type !== 'connection.open') return sessions;
  const { connectionId, threadId } = work;
  // a connection that begins anew asks again
  const others = sessions.filter((session) => session.connectionId !== connectionId);
  return [...others, { connectionId, threadId }];
}

function withoutSession(context: Context, held: Done): Context {
  const sessions = context.sessions.filter(({ connectionId }) => connectionId !== held.connectionId);
  return { ...withoutWork(context, held), sessions };
}

function withoutWork(context: Context, { threadId, connectionId }: Done): Context {
  const isDone = (work: InstanceWork): boolean =>
    work.type === 'connection.open'
      ? work.connectionId === connectionId
      : connectionId === null && work.threadId === threadId;
  return {
    ...context,
    waiting: context.waiting.filter((work) => !isDone(work)),
    resuming: context.resuming.filter((id) => id !== connectionId),
  };
}

/** Performs what waits, in order; resumes only as far as `RESUME_LIMIT` allows. */
function flushed(context: Context): Move<Context, never> {
  const resuming = [...context.resuming];
  const effects: Effect[] = [];
  const waiting: InstanceWork[] = [];
  for (const work of context.waiting) {
    const isResume = work.type === 'connection.open' && work.resume !== null;
    if (isResume && resuming.length >= RESUME_LIMIT) {
      waiting.push(work);
    } else {
      effects.push(work);
      if (isResume) resuming.push(work.connectionId);
    }
  }
  return { set: { ...context, waiting, resuming }, effects };
}

/** Performs what it can, and bounds how long the process runs on for nobody; a look-up holds no session. */
function served(context: Context): Move<Context, never> {
  const isUnused = context.sessions.length === 0;
  return { ...flushed(context), ...(isUnused ? { arm: IDLE_TIMER } : { cancel: { name: IDLE_TIMER.name } }) };
}

function fail(context: Context, cause: Failure): Move<Context, never> {
  return {
    set: {
      waiting: [],
      resuming: [],
      sessions: [],
      failure: cause,
      failureCount: context.failureCount + 1,
    },
    effects: context.waiting.map((work): Effect => failWork(work, cause)),
  };
}

function failWork(work: InstanceWork, cause: Failure): Effect {
  if (work.type === 'connection.open') {
    const { threadId, connectionId } = work;
    return {
      type: 'tellThread',
      threadId,
      input: { type: 'connection.openFailed', connectionId, failure: cause },
    };
  }
  const { threadId, turnId, attempt } = work;
  const found = { type: 'provider.turnLookedUp', turnId, attempt, found: 'unknown', failure: cause } as const;
  return { type: 'tellThread', threadId, input: found };
}

function lose(context: Context, cause: Failure): Move<Context, never> {
  const waiting = new Set(
    context.waiting.flatMap((work) => (work.type === 'connection.open' ? [work.connectionId] : [])),
  );
  const lost = context.sessions.filter(({ connectionId }) => !waiting.has(connectionId));
  return {
    set: {
      failure: cause,
      resuming: [],
      sessions: context.sessions.filter(({ connectionId }) => waiting.has(connectionId)),
    },
    effects: lost.map(({ connectionId, threadId }) => ({
      type: 'tellThread',
      threadId,
      input: { type: 'connection.lost', connectionId, failure: cause },
    })),
  };
}
