/** The chart of a turn by itself: the thread, the provider, the person and the clock say anything at any time. */
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate';
import type { TurnContext } from '../../machines/domain/context.ts';
import type { TurnInput } from '../../machines/turn-context.ts';
import { turnMachine } from '../../machines/turn.machine.ts';
import * as make from '../helpers/inputs.ts';
import { describeAlone } from './alone-suite.ts';
import { Alone } from './alone.ts';
import { Canon } from './canonical.ts';

const FIRED = { timer: 'x', armedBy: 0 };
const LOST = make.cause('CONNECTION_LOST');
const OUTCOMES = ['completed', 'failed', 'interrupted'] as const;
const FOUND = ['completed', 'failed', 'interrupted', 'absent', 'unknown'] as const;
const STATES = ['ready', 'interrupted', 'stopped', 'error'] as const;
const REASONS = ['user', 'stopped', 'restart', 'stalled'] as const;
const ENDS = ['closed', 'lost', 'restarted'] as const;
const TIMERS = [
  'turn.startTimedOut',
  'turn.stalled',
  'interrupt.timedOut',
  'settle.timedOut',
  'lookUp.timedOut',
] as const;

const onlineOf = (nativeSteer: boolean) => ({
  connectionId: make.link(1),
  nativeThreadId: 'native',
  nativeSteer,
  transfers: [],
});
const SETTINGS: TurnInput['settings'] = {
  model: null,
  options: {},
  runtimeMode: 'approval-required',
  interactionMode: 'default',
  policy: {},
  cwd: '/w',
};
const start = (nativeSteer: boolean, more: Partial<TurnInput> = {}): TurnInput => ({
  threadId: make.THREAD,
  instanceId: make.SETTINGS.instanceId,
  turnId: make.turnOf('T0'),
  origin: 'user',
  prompt: make.promptOf('T0'),
  nativeTurnId: null,
  settings: SETTINGS,
  online: onlineOf(nativeSteer),
  ...more,
});

/** A prompt on a connection that is open or not, a compaction, and a turn that the provider began. */
const startsOf = (nativeSteer: boolean): TurnInput[] => [
  start(nativeSteer),
  start(nativeSteer, { online: null }),
  start(nativeSteer, { origin: 'compaction', prompt: null }),
  start(nativeSteer, { origin: 'provider', prompt: null, nativeTurnId: 'n.T0' }),
];

/** Of this turn; of another one, another attempt, another connection. */
function refsIn({ attempt }: TurnContext): [string, make.Ref][] {
  const mine: make.Ref[] = [{ attempt }, { attempt: 0 }, { attempt: attempt + 1 }, { attempt, on: 0 }];
  return [['T90', { attempt }], ...mine.map((ref): [string, make.Ref] => ['T0', ref])];
}

function about(context: TurnContext, name: string, ref: make.Ref): AnyEventObject[] {
  const named = { turnId: make.turnOf(name), attempt: ref.attempt ?? 1 };
  const steers = [context.sentSteer?.turnId ?? 'T91', 'T92'];
  return [
    make.accepted(name, ref),
    make.refused(name, ref),
    make.started(name, ref),
    ...OUTCOMES.map((outcome) => make.ended(name, outcome, ref)),
    make.absorbed(name, 'T93', ref),
    make.interruptRefused(name, ref),
    ...steers.flatMap((steer) => [
      make.steerAccepted(name, steer, ref),
      make.steerRefused(name, steer, ref),
      { type: 'steer.timedOut', ...FIRED, ...named, steerId: make.turnOf(steer) },
    ]),
    ...FOUND.map((found) => make.lookedUp(name, found, ref.attempt)),
    make.settled(name, ref.attempt),
    ...TIMERS.map((type) => ({ type, ...FIRED, ...named })),
    make.asked(name, 'R0', ref),
  ];
}

function eventsIn({ context }: AnyMachineSnapshot, nativeSteer: boolean): AnyEventObject[] {
  const turn = context as TurnContext;
  const hasRoom = turn.steers.length === 0;
  return [
    ...refsIn(turn).flatMap(([name, ref]) => about(turn, name, ref)),
    ...[1, 0].flatMap((on) => STATES.map((state) => make.inactive(state, on))),
    ...['R0', 'R90'].flatMap((id) => [
      make.respond(id),
      make.resolved(id),
      make.undeliverable(id),
      { type: 'request.deliveryTimedOut', ...FIRED, requestId: id, owner: 'turn' },
    ]),
    { type: '$online', ...onlineOf(nativeSteer) },
    ...(hasRoom ? [{ type: '$steer', steer: make.promptOf('T1') }] : []),
    ...REASONS.map((reason) => ({ type: '$interrupt', reason })),
    ...ENDS.map((how) => ({ type: '$lost', how, failure: LOST })),
    { type: '$absorbed', into: make.turnOf('T93') },
    { type: '$held' },
    { type: '$pauseStart' },
    { type: '$resumeStart' },
  ];
}

const walks = [false, true].map((nativeSteer) => {
  const canon = new Canon();
  return new Alone({
    machine: turnMachine,
    starts: startsOf(nativeSteer),
    eventsIn: (snapshot) => eventsIn(snapshot, nativeSteer),
    keyOf: (snapshot) => canon.keyOfOne('turn', snapshot),
  });
});

describeAlone('turn', walks, { stateCount: 1_020, edgeCount: 16_800, arrowCount: 62 });
