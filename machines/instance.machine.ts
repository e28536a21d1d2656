import { setup } from 'xstate';
import { by } from './act.ts';
import type { InstanceContext } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import type { Failure } from './domain/error.ts';
import type { InstanceFact, InstanceInput } from './domain/instance.ts';
import type { ArmTimer, CancelTimer } from './domain/timer.ts';
import { heldOf, instanceMoves, isUnused } from './instance-moves.ts';

export type InstanceStart = Pick<InstanceContext, 'instanceId' | 'driver' | 'capabilities'>;

/**
 * One configured provider and its process. The process is started when a thread needs it, never by itself, so nothing
 * loops while nobody asks; many threads may share it, and each is told when it is lost.
 */
export const instanceMachine = setup({
  types: {
    context: {} as InstanceContext,
    events: {} as InstanceInput,
    input: {} as InstanceStart,
    tags: {} as string,
  },
  actions: {
    fact: (_, _params: InstanceFact) => {},
    effect: (_, _params: Effect) => {},
    armTimer: (_, _params: ArmTimer) => {},
    cancelTimer: (_, _params: CancelTimer) => {},
    ...instanceMoves,
  },
  guards: {
    hasWaiting: ({ context }) => context.waiting.length > 0,
    isUnused: ({ context }) => isUnused(context),
    isLeft: ({ context }) => heldOf(context).length === 0,
    canRetry: (_, { failure }: { failure: Failure }) => failure.retryable,
    isUsable: (_, { failure }: { failure: Failure | null }) => failure === null,
    isToBeRemoved: ({ context }) => context.next?.isRemoved === true,
    isToBeDisabled: ({ context }) => context.next !== null && context.next.failure !== null,
  },
}).createMachine({
  id: 'instance',
  options: { maxIterations: 1000 },
  context: ({ input }) => ({
    ...input,
    next: null,
    waiting: [],
    resuming: [],
    sessions: [],
    failureCount: 0,
    failure: null,
  }),
  initial: 'idle',
  entry: 'sayCreated',
  on: {
    'instance.reported': { actions: by('report') },
    'instance.workDone': { actions: by('forgetWork') },
    'instance.release': { actions: by('release') },
    // where a process may be, the states have their own way
    'instance.configure': [
      { guard: by('isUsable'), target: '.idle', actions: by('plan') },
      { target: '.disabled', actions: by('plan') },
    ],
    'instance.remove': { target: '.removed', actions: 'planRemoval' },
    // no process of the last run of the server is left; its threads learn of it by themselves
    'runtime.recovered': [
      { guard: 'isToBeRemoved', target: '.removed', actions: ['forgetAll', 'cancelTimers'] },
      { guard: 'isToBeDisabled', target: '.disabled', actions: ['forgetAll', 'cancelTimers'] },
      { target: '.idle', actions: ['forgetAll', 'cancelTimers'] },
    ],
  },
  states: {
    idle: {
      description: 'No process; the first thread that needs one starts it.',
      entry: ['takePlan', { type: 'sayState', params: { state: 'idle' } }],
      always: { guard: 'hasWaiting', target: 'starting' },
      on: { 'instance.acquire': { target: 'starting', actions: by('wait') } },
    },
    starting: {
      description: 'The process has been started; its handshake is awaited.',
      entry: ['startProcess', { type: 'sayState', params: { state: 'starting' } }],
      exit: { type: 'cancelTimer', params: { name: 'instance.startTimedOut' } },
      on: {
        'instance.acquire': { actions: by('wait') },
        'instance.configure': { target: 'draining', actions: by('plan') },
        'instance.remove': { target: 'draining', actions: 'planRemoval' },
        'process.started': { target: 'ready', actions: ['noteHealthy', by('report')] },
        'process.failed': [
          { guard: by('canRetry'), target: 'backingOff', actions: by('fail') },
          { target: 'unavailable', actions: by('fail') },
        ],
        'process.exited': { target: 'backingOff', actions: by('fail') },
        'instance.startTimedOut': { target: 'backingOff', actions: ['failTimedOut', 'killProcess'] },
      },
    },
    ready: {
      description: 'The process serves threads.',
      entry: [{ type: 'sayState', params: { state: 'ready' } }, 'flush', 'watchIdle'],
      exit: { type: 'cancelTimer', params: { name: 'instance.idledOut' } },
      on: {
        'instance.acquire': { actions: by('acquire') },
        'instance.hold': { actions: by('hold') },
        'instance.workDone': { actions: by('workDone') },
        'instance.release': { actions: by('releaseAndFlush') },
        'instance.configure': [
          { guard: by('isUsable'), target: 'outdated', actions: by('plan') },
          { target: 'closing', actions: by('plan') },
        ],
        'instance.remove': { target: 'closing', actions: 'planRemoval' },
        'process.exited': { target: 'idle', actions: by('lose') },
        'instance.idledOut': 'draining',
      },
    },
    outdated: {
      description: 'Its configuration has changed; the process serves until no thread holds a connection.',
      tags: 'retiring',
      entry: [{ type: 'sayState', params: { state: 'outdated' } }, 'boundWait'],
      exit: [
        { type: 'cancelTimer', params: { name: 'instance.idledOut' } },
        { type: 'cancelTimer', params: { name: 'instance.outdatedTooLong' } },
      ],
      always: { guard: 'isUnused', target: 'draining' },
      on: {
        'instance.acquire': { actions: by('acquire') },
        'instance.hold': { actions: by('hold') },
        'instance.workDone': { actions: by('workDone') },
        'instance.release': { actions: by('releaseAndFlush') },
        'instance.configure': [
          { guard: by('isUsable'), actions: by('plan') },
          { target: 'closing', actions: by('plan') },
        ],
        'instance.remove': { target: 'closing', actions: 'planRemoval' },
        'instance.outdatedTooLong': 'renewing',
        'process.exited': { target: 'idle', actions: by('lose') },
      },
    },
    renewing: {
      description: 'There was no such moment for long: what begins waits until what runs has ended.',
      tags: 'retiring',
      entry: [{ type: 'sayState', params: { state: 'renewing' } }, 'delayWaiting'],
      always: { guard: 'isLeft', target: 'draining' },
      on: {
        'instance.acquire': { actions: [by('wait'), by('delay')] },
        'instance.hold': { actions: by('hold') },
        'instance.configure': [
          { guard: by('isUsable'), actions: by('plan') },
          { target: 'closing', actions: [by('plan'), 'refuseDelayed'] },
        ],
        'instance.remove': { target: 'closing', actions: ['planRemoval', 'refuseDelayed'] },
        'process.exited': { target: 'idle', actions: by('lose') },
      },
    },
    closing: {
      description: 'It is taken out of service: what runs goes on to its end, and nothing begins.',
      tags: ['retiring', 'barred'],
      entry: { type: 'sayState', params: { state: 'closing' } },
      exit: { type: 'cancelTimer', params: { name: 'instance.idledOut' } },
      always: { guard: 'isUnused', target: 'draining' },
      on: {
        'instance.acquire': { actions: by('refuse') },
        'instance.hold': { actions: by('hold') },
        'instance.workDone': { actions: by('workDone') },
        'instance.release': { actions: by('releaseAndFlush') },
        'instance.configure': [
          { guard: by('isUsable'), target: 'outdated', actions: by('plan') },
          { target: 'closing', actions: by('plan'), reenter: true },
        ],
        'instance.remove': { target: 'closing', actions: 'planRemoval', reenter: true },
        'process.exited': [
          { guard: 'isToBeRemoved', target: 'removed', actions: by('lose') },
          { target: 'disabled', actions: by('lose') },
        ],
      },
    },
    backingOff: {
      description: 'The last start failed; the next one waits a little, longer after each failure.',
      entry: ['backOff', { type: 'sayState', params: { state: 'backingOff' } }],
      exit: { type: 'cancelTimer', params: { name: 'instance.backoffEnded' } },
      on: {
        'instance.acquire': { actions: by('wait') },
        'instance.backoffEnded': 'idle',
      },
    },
    draining: {
      description: 'Nobody uses the process; it is being ended.',
      entry: ['stopProcess', { type: 'sayState', params: { state: 'draining' } }],
      exit: { type: 'cancelTimer', params: { name: 'instance.drainTimedOut' } },
      on: {
        'instance.acquire': { actions: by('wait') },
        'instance.configure': { actions: by('plan') },
        'instance.remove': { actions: 'planRemoval' },
        'process.stopped': [
          { guard: 'isToBeRemoved', target: 'removed' },
          { guard: 'isToBeDisabled', target: 'disabled' },
          { target: 'idle' },
        ],
        'process.exited': [
          { guard: 'isToBeRemoved', target: 'removed' },
          { guard: 'isToBeDisabled', target: 'disabled' },
          { target: 'idle' },
        ],
        'instance.drainTimedOut': [
          { guard: 'isToBeRemoved', target: 'removed', actions: 'killProcess' },
          { guard: 'isToBeDisabled', target: 'disabled', actions: 'killProcess' },
          { target: 'idle', actions: 'killProcess' },
        ],
      },
    },
    unavailable: {
      description: 'It cannot be started as it is configured; the next thread that needs it tries again.',
      entry: { type: 'sayState', params: { state: 'unavailable' } },
      on: { 'instance.acquire': { target: 'starting', actions: by('wait') } },
    },
    disabled: {
      description: 'The configuration keeps it from being used; who needs it is told why.',
      tags: 'barred',
      entry: ['takePlan', 'refuseWaiting', { type: 'sayState', params: { state: 'disabled' } }],
      on: { 'instance.acquire': { actions: by('refuse') }, 'runtime.recovered': { actions: 'forgetAll' } },
    },
    removed: {
      description: 'It is not configured any more; an entry of its name brings it back.',
      tags: 'barred',
      entry: ['takePlan', 'refuseWaiting', { type: 'sayState', params: { state: 'removed' } }],
      on: { 'instance.acquire': { actions: by('refuse') }, 'runtime.recovered': { actions: 'forgetAll' } },
    },
  },
});
