import { sendParent, setup } from 'xstate';
import { by } from './act.ts';
import type { TurnContext, TurnOutput } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import type { Fact } from './domain/fact.ts';
import type { ThreadInput } from './domain/input.ts';
import type { ProgressSignal, TurnSignal } from './domain/signal.ts';
import type { ArmTimer, CancelTimer } from './domain/timer.ts';
import { contextOf, outputOf, type TurnInput } from './turn-context.ts';
import { turnGuards } from './turn-guards.ts';
import { turnMoves } from './turn-moves.ts';

/**
 * One prompt to its end, in one or more attempts, or a turn that the provider began by itself. The thread invokes it
 * while it works; the output says how the turn ended. It owns the requests that the turn opens.
 */
export const turnMachine = setup({
  types: {
    context: {} as TurnContext,
    events: {} as ThreadInput | TurnSignal,
    input: {} as TurnInput,
    output: {} as TurnOutput,
    tags: {} as 'person' | 'reconciling',
  },
  actions: {
    fact: (_, _params: Fact) => {},
    effect: (_, _params: Effect) => {},
    armTimer: (_, _params: ArmTimer) => {},
    cancelTimer: (_, _params: CancelTimer) => {},
    toParent: sendParent((_, signal: ProgressSignal) => signal),
    ...turnMoves,
  },
  guards: turnGuards,
}).createMachine({
  id: 'turn',
  options: { maxIterations: 1000 },
  context: ({ input }) => contextOf(input),
  output: ({ context }) => outputOf(context),
  initial: 'waiting',
  on: {
    // an end that is known already stands
    $lost: { target: '.over', actions: by('endLost') },
    // where nobody can be asked, the provider must not wait
    'provider.requestOpened': { guard: by('isMyRequest'), actions: by('refuseRequest') },
  },
  states: {
    waiting: {
      description: 'The prompt waits for the connection and for what goes with it; nothing has been sent.',
      always: [
        { guard: 'isOfProvider', target: 'live', actions: 'beginOfProvider' },
        { guard: 'isOnline', target: 'handing' },
      ],
      exit: { type: 'cancelTimer', params: { name: 'handOver.timedOut' } },
      on: {
        $online: { actions: by('goOnline') },
        $held: { actions: 'boundWait' },
        $steer: { actions: by('addSteer') },
        $interrupt: {
          target: 'over',
          actions: [by('wantInterrupt'), by('endInterrupted')],
        },
        $lost: { guard: by('isRestart'), target: 'over', actions: ['returnPrompt', 'endUndelivered'] },
      },
    },
    handing: {
      description: 'The prompt has been sent; the provider has not begun the turn.',
      initial: 'sent',
      entry: 'handOver',
      exit: { type: 'cancelTimer', params: { name: 'turn.startTimedOut' } },
      on: {
        'provider.turnAccepted': { guard: by('isMine'), actions: by('accept') },
        'provider.turnRefused': {
          guard: by('isMine'),
          target: 'over',
          actions: ['returnSteeredPrompt', by('endRefused')],
        },
        'provider.turnStarted': { guard: by('isMine'), target: 'live', actions: by('begin') },
        // an end that comes before the start implies it
        'provider.turnEnded': {
          guard: by('isMine'),
          target: 'settling',
          actions: [by('begin'), by('endReported')],
        },
        'provider.turnAbsorbed': { guard: by('isMine'), target: 'over', actions: by('endAbsorbed') },
        $absorbed: { target: 'over', actions: by('endAbsorbed') },
        'turn.startTimedOut': {
          guard: by('isMine'),
          target: 'over',
          actions: ['endUnstarted', 'suspect', 'cancelAtProvider'],
        },
        $steer: { actions: by('addSteer') },
        $pauseStart: { actions: 'pauseStart' },
        $resumeStart: { actions: 'resumeStart' },
        $lost: { guard: by('isRestart'), target: 'reconciling' },
      },
      states: {
        sent: {
          description: 'Nobody has asked it to stop.',
          on: { $interrupt: { target: 'cancelling', actions: by('wantInterrupt') } },
        },
        cancelling: {
          description: 'An interrupt is remembered and sent as soon as the provider has begun the turn.',
          entry: 'boundCancel',
          on: {
            'provider.turnStarted': {
              guard: by('isMine'),
              target: '#turn.live.interrupting',
              actions: by('begin'),
            },
            'turn.startTimedOut': {
              guard: by('isMine'),
              target: '#turn.over',
              actions: ['endUnanswered', 'suspect', 'cancelAtProvider'],
            },
            $interrupt: { actions: [by('askAgain'), by('sayNoEffect')] },
            $steer: undefined,
            $pauseStart: undefined,
            $resumeStart: undefined,
          },
        },
      },
    },
    live: {
      description: 'The provider works on the turn; an interrupt reaches it.',
      initial: 'streaming',
      on: {
        'provider.turnEnded': { guard: by('isMine'), target: 'settling', actions: by('endReported') },
        'provider.becameInactive': {
          guard: by('isOnMyConnection'),
          target: 'settling',
          actions: by('endInactive'),
        },
        'provider.requestOpened': {
          guard: by('isMyRequest'),
          target: '.awaiting',
          actions: by('openRequest'),
        },
        'request.respond': { guard: by('isAnswerable'), actions: by('answerRequest') },
        'provider.requestResolved': { guard: by('isKnown'), actions: by('resolveRequest') },
        'provider.requestUndeliverable': { guard: by('isBeingAnswered'), actions: by('failRequest') },
        'request.deliveryTimedOut': { guard: by('isBeingAnswered'), actions: by('failRequest') },
        $steer: { actions: by('addSteer') },
        $interrupt: { target: '.interrupting', actions: by('wantInterrupt') },
      },
      states: {
        streaming: {
          description: 'Work is being done; silence is noticed.',
          entry: 'watch',
          exit: { type: 'cancelTimer', params: { name: 'turn.stalled' } },
          always: [
            { guard: 'canSteer', target: 'steering' },
            { guard: 'hasSteers', target: 'ending' },
          ],
          on: {
            'turn.stalled': {
              guard: by('isMine'),
              target: 'interrupting',
              actions: { type: 'wantInterrupt', params: { reason: 'stalled' } },
            },
          },
        },
        awaiting: {
          description: 'The provider waits for a person.',
          tags: 'person',
          always: [
            { guard: 'canSteer', target: 'steering' },
            { guard: 'hasSteers', target: 'ending' },
            { guard: 'hasNoRequests', target: 'streaming' },
          ],
        },
        steering: {
          description: 'A message has been sent into the turn; the answer is bounded.',
          entry: 'sendSteer',
          exit: { type: 'cancelTimer', params: { name: 'steer.timedOut' } },
          on: {
            'provider.steerAccepted': { guard: by('isMySteer'), target: 'awaiting', actions: 'confirmSteer' },
            'provider.steerRefused': {
              guard: by('isMySteer'),
              target: 'awaiting',
              actions: by('returnSteer'),
            },
            'steer.timedOut': { guard: by('isMySteer'), target: 'awaiting', actions: 'missSteer' },
            // the request stands beside the steer
            'provider.requestOpened': { guard: by('isMyRequest'), actions: by('openRequest') },
          },
        },
        ending: {
          description: 'The attempt is interrupted, because a message can join only as a new one.',
          entry: 'sendInterrupt',
          exit: { type: 'cancelTimer', params: { name: 'interrupt.timedOut' } },
          on: {
            'provider.turnEnded': [
              { guard: by('isMyFailure'), target: '#turn.settling', actions: by('endReported') },
              { guard: by('isMine'), target: '#turn.handing', actions: 'restart' },
            ],
            'provider.becameInactive': {
              guard: by('isMyPause'),
              target: '#turn.handing',
              actions: 'restart',
            },
            'interrupt.timedOut': {
              guard: by('isMine'),
              target: '#turn.over',
              actions: ['endUnsteered', 'suspect'],
            },
            'provider.requestOpened': { guard: by('isMyRequest'), actions: by('refuseRequest') },
            'request.respond': undefined,
          },
        },
        interrupting: {
          description: 'The provider has been told to stop; the answer is bounded.',
          entry: 'sendInterrupt',
          exit: { type: 'cancelTimer', params: { name: 'interrupt.timedOut' } },
          on: {
            'provider.interruptRefused': { guard: by('isFirstRefusal'), actions: 'resendInterrupt' },
            'interrupt.timedOut': {
              guard: by('isMine'),
              target: '#turn.over',
              actions: ['endUnanswered', 'suspect'],
            },
            'provider.requestOpened': { guard: by('isMyRequest'), actions: by('refuseRequest') },
            'request.respond': undefined,
            $interrupt: { actions: [by('askAgain'), by('sayNoEffect')] },
            $steer: undefined,
          },
        },
      },
    },
    settling: {
      description: 'The provider has ended the turn; what it left behind is ended too.',
      initial: 'flushing',
      entry: 'settle',
      exit: { type: 'cancelTimer', params: { name: 'settle.timedOut' } },
      on: {
        'provider.steerAccepted': { guard: by('isMySteer'), actions: 'confirmSteer' },
        'provider.steerRefused': { guard: by('isMySteer'), actions: by('returnSteer') },
        'settle.timedOut': { guard: by('isMine'), target: 'over' },
        $interrupt: { actions: [by('askAgain'), by('sayNoEffect')] },
      },
      states: {
        flushing: {
          description: 'Until the runtime and the adapter are done with it.',
          on: { 'turn.settled': { guard: by('isMine'), target: 'answering' } },
        },
        answering: {
          description: 'Until a steer that crossed the end has its answer.',
          always: { guard: 'hasNoSentSteer', target: '#turn.over' },
        },
      },
    },
    reconciling: {
      description:
        'The server died while the prompt was handed over; the provider is asked what became of it.',
      tags: 'reconciling',
      entry: 'lookUp',
      exit: ['stopLookUp', { type: 'cancelTimer', params: { name: 'lookUp.timedOut' } }],
      on: {
        'provider.turnLookedUp': [
          {
            guard: by('isAbsent'),
            target: 'over',
            actions: ['returnPrompt', by('endLookedUp')],
          },
          { guard: by('isMine'), target: 'over', actions: by('endLookedUp') },
        ],
        'lookUp.timedOut': { guard: by('isMine'), target: 'over', actions: 'endUnknown' },
        $interrupt: { target: 'over', actions: 'endUnknown' },
        $lost: { target: 'reconciling', reenter: true },
      },
    },
    over: { type: 'final', description: 'The turn has ended; the thread states it.', entry: 'letGo' },
  },
});
