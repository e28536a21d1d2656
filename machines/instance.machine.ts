import { setup } from 'xstate';
import { by } from './act.ts';
import type { InstanceContext } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import type { Failure } from './domain/error.ts';
import type { InstanceFact, InstanceInput } from './domain/instance.ts';
import type { ArmTimer, CancelTimer } from './domain/timer.ts';
import { instanceMoves } from './instance-moves.ts';

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
    canRetry: (_, { failure }: { failure: Failure }) => failure.retryable,
  },
}).createMachine({
  id: 'instance',
  options: { maxIterations: 1000 },
  context: ({ input }) => ({
    ...input,
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
    // no process of the last run of the server is left; its threads learn of it by themselves
    'runtime.recovered': {
      target: '.idle',
      actions: ['forgetAll', { type: 'cancelTimer', params: { owner: 'instance' } }],
    },
  },
  states: {
    idle: {
      description: 'No process; the first thread that needs one starts it.',
      entry: { type: 'sayState', params: { state: 'idle' } },
      always: { guard: 'hasWaiting', target: 'starting' },
      on: { 'instance.acquire': { target: 'starting', actions: by('wait') } },
    },
    starting: {
      description: 'The process has been started; its handshake is awaited.',
      entry: ['startProcess', { type: 'sayState', params: { state: 'starting' } }],
      exit: { type: 'cancelTimer', params: { name: 'instance.startTimedOut' } },
      on: {
        'instance.acquire': { actions: by('wait') },
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
        'instance.workDone': { actions: by('workDone') },
        'instance.release': { actions: by('releaseAndFlush') },
        'process.exited': { target: 'idle', actions: by('lose') },
        'instance.idledOut': 'draining',
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
        'process.stopped': 'idle',
        'process.exited': 'idle',
        'instance.drainTimedOut': { target: 'idle', actions: 'killProcess' },
      },
    },
    unavailable: {
      description: 'It cannot be started as it is configured; the next thread that needs it tries again.',
      entry: { type: 'sayState', params: { state: 'unavailable' } },
      on: { 'instance.acquire': { target: 'starting', actions: by('wait') } },
    },
  },
});
