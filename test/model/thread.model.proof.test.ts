/** The chart of a thread by itself: its children, the provider, the person and the clock say anything at any time. */
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate';
import { threadContextOf } from '../../machines/charts.ts';
import type { ThreadContext, TurnEnd, TurnOutput } from '../../machines/domain/context.ts';
import { threadMachine } from '../../machines/thread.machine.ts';
import * as make from '../helpers/inputs.ts';
import { describeAlone } from './alone-suite.ts';
import { Alone } from './alone.ts';
import { Canon } from './canonical.ts';

const FIRED = { timer: 'x', armedBy: 0 };
const OUTCOMES = ['completed', 'failed', 'interrupted'] as const;
const LOST = make.cause('CONNECTION_LOST');
const NO_END: TurnEnd = { outcome: 'completed', failure: null, reason: null, into: null };
const TASK = { kind: 'subagent', title: '' } as const;

const FAILED: TurnEnd = { ...NO_END, outcome: 'failed', failure: LOST };
const interruptedBy = (reason: TurnEnd['reason']): TurnEnd => ({ ...NO_END, outcome: 'interrupted', reason });
/** How a turn may end. */
const ENDS: readonly TurnEnd[] = [
  NO_END,
  FAILED,
  { ...FAILED, outcome: 'unknown' },
  { ...NO_END, outcome: 'absorbed', into: make.turnOf('T90') },
  ...(['user', 'stopped', 'restart', 'server-restarted'] as const).map(interruptedBy),
];
const SUSPECT_ENDS = [FAILED, interruptedBy('user')];
const OUTPUT: Omit<TurnOutput, 'turnId'> = {
  attempt: 1,
  started: true,
  end: NO_END,
  asked: null,
  suspect: false,
  undelivered: [],
};
const done = (output: TurnOutput): AnyEventObject => ({ type: 'xstate.done.actor.turn', output });

/** One prompt waits, or one side turn runs; without a connection two wait, so that one finds another there. */
interface Place {
  readonly thread: ThreadContext;
  /** Number of its connection. */
  readonly on: number;
  readonly fresh: string;
  readonly hasRoom: boolean;
}

function placeOf(snapshot: AnyMachineSnapshot): Place {
  const thread = threadContextOf(snapshot);
  const { queue, activeTurn, sideTurns, connectionCount } = thread;
  const used = JSON.stringify([queue.entries, activeTurn, sideTurns]);
  const fresh = ['T0', 'T1', 'T2', 'T3'].find((name) => !used.includes(`"${name}"`)) ?? 'T4';
  return { thread, on: Math.max(1, connectionCount), fresh, hasRoom: queue.entries.length === 0 };
}

/** A second prompt that waits finds a held one there. */
const isFirstHeld = ({ link, queue }: ThreadContext): boolean =>
  link.phase === 'none' && queue.status === 'held' && queue.entries.length === 1;

function commandsIn({ thread, fresh, hasRoom }: Place): AnyEventObject[] {
  const { queue, activeTurn } = thread;
  // none gets in any more
  if (thread.link.closing === 'delete') return [];
  const entries = [...queue.entries.map((entry) => entry.turnId), 'T90'];
  const modes = ['steer', ...(hasRoom ? (['start', 'restart'] as const) : [])] as const;
  const canWait = hasRoom || (thread.session === null && thread.retryable === null && isFirstHeld(thread));
  return [
    ...modes.map((mode) => make.submit(fresh, mode)),
    ...(canWait ? [make.submit(fresh, 'queue')] : []),
    ...(hasRoom ? [make.retry(fresh)] : []),
    make.compact(fresh),
    ...[null, 'T90', ...(activeTurn === null ? [] : [activeTurn.turnId])].map((name) => make.interrupt(name)),
    make.STOP,
    make.ARCHIVE,
    make.UNARCHIVE,
    make.DELETE,
    make.RESUME,
    ...entries.flatMap((id) => [
      make.cancel(id),
      make.edit(id, 'x'),
      make.reorder(id, null),
      make.reorder(id, 'T90'),
      make.promote(id),
    ]),
    ...(['turn', 'connection'] as const).map((owner) => make.respond('R0', 'accept', owner)),
  ];
}

const linkInputs = (on: number): AnyEventObject[] => [
  make.opened(on),
  { ...make.opened(on), nativeThreadId: 'another' },
  make.openFailed(on),
  make.closed(on),
  make.closeFailed(on),
  make.lost(on),
  make.lost(on, { forgotten: true }),
  make.idled(on),
  make.delayed(on),
  make.inactive('ready', on),
  { type: 'connection.openTimedOut', ...FIRED, connectionId: make.link(on) },
  { type: 'connection.closeTimedOut', ...FIRED, connectionId: make.link(on) },
];

/** Of the active turn, of the side turn, of none and of another one. */
function turnInputs({ thread, on, fresh, hasRoom }: Place): AnyEventObject[] {
  const { activeTurn, sideTurns, archived } = thread;
  const side = sideTurns[0]?.turnId;
  const known = [activeTurn?.turnId, side].flatMap((id) => (id === undefined ? [] : [id]));
  return [
    ...[null, 'T90', ...known].flatMap((name) => [on, on - 1].flatMap((link) => about(name, { on: link }))),
    ...(hasRoom && !archived && (activeTurn === null || side === undefined)
      ? [make.began(fresh, { native: `n.${fresh}`, on })]
      : []),
    ...(activeTurn === null || side === undefined
      ? []
      : [make.accepted(activeTurn.turnId, { native: `n.${side}`, on })]),
    make.began(fresh, { native: `n.${fresh}`, on: on - 1 }),
  ];
}

function about(name: string | null, ref: make.Ref): AnyEventObject[] {
  const named = { turnId: make.turnOf(name ?? 'T91'), attempt: 1 };
  const timers = [
    'turn.startTimedOut',
    'turn.stalled',
    'interrupt.timedOut',
    'settle.timedOut',
    'lookUp.timedOut',
  ];
  return [
    make.accepted(name, ref),
    make.refused(name, ref),
    make.started(name, ref),
    ...OUTCOMES.map((outcome) => make.ended(name, outcome, ref)),
    make.absorbed(name, 'T90', ref),
    make.interruptRefused(name, ref),
    make.steerAccepted(name, 'T92', ref),
    make.steerRefused(name, 'T92', ref),
    make.lookedUp(named.turnId, 'completed'),
    { ...make.lookedUp(named.turnId, 'absent'), forgotten: true },
    make.settled(named.turnId),
    ...timers.map((type) => ({ type, ...FIRED, ...named })),
    { type: 'steer.timedOut', ...FIRED, ...named, steerId: make.turnOf('T92') },
  ];
}

/** Background work that folds prompts may begin where nothing else is remembered, and end anywhere. */
function foldingInputs({ thread, on }: Place): AnyEventObject[] {
  const { archived, sideTurns, retryable, link, session } = thread;
  const isPlain = !archived && sideTurns.length === 0 && retryable === null && session === null;
  return [
    ...(isPlain && link.closing === null ? [make.folding(true, on)] : []),
    ...(link.folds ? [make.folding(false, on), make.folding(false, on - 1)] : []),
  ];
}

/** What is written down and nothing else: tried where nothing else is remembered. */
function quietInputs({ thread, on }: Place): AnyEventObject[] {
  const { archived, queue, sideTurns, retryable, link } = thread;
  if (archived || queue.entries.length + sideTurns.length > 0) return [];
  if (retryable !== null || link.closing !== null) return [];
  return [
    { type: 'thread.setTitle', title: '' },
    { type: 'thread.setModel', model: null, options: {} },
    { type: 'thread.setRuntimeMode', runtimeMode: 'approval-required', policy: {} },
    { type: 'thread.setInteractionMode', interactionMode: 'default' },
    { type: 'thread.setDeliveryMode', deliveryMode: 'streaming' },
    ...[on, on - 1].flatMap((link) => recordsOf(link)),
    make.JUMPED,
    make.WARNED,
    ...[true, false].map((isFirst) => make.implemented('item', 'b', isFirst)),
  ];
}

const recordsOf = (on: number): AnyEventObject[] => [
  ...(['Started', 'Updated', 'Completed'] as const).map((kind) =>
    make.item(kind, null, { id: 'item', ref: { on } }),
  ),
  make.item('Completed', null, { id: 'task', body: TASK, ref: { on } }),
  make.plan(null, { on }),
  make.usage(on),
  make.usage(on, 0),
];

const requestInputs = (on: number): AnyEventObject[] =>
  (['turn', 'connection'] as const).flatMap((owner) => [
    make.asked('T0', 'R0', { owner, on }),
    make.resolved('R0', owner, on),
    make.undeliverable('R0', owner, on),
    { type: 'request.deliveryTimedOut', ...FIRED, requestId: 'R0', owner },
  ]);

/** All that connection and turn can say of themselves; they say it only while they are there. */
function toldBy({ children }: AnyMachineSnapshot, { thread, on, fresh, hasRoom }: Place): AnyEventObject[] {
  const turnId = thread.activeTurn?.turnId ?? make.turnOf('T91');
  const capabilities = make.CAPABILITIES;
  const steer = make.promptOf(fresh);
  const failures = [LOST, make.cause('RESUME_FAILED')];
  const output: TurnOutput = { ...OUTPUT, turnId };
  const isClosing = thread.link.phase === 'closing';
  const ofLink = [
    { type: '$opened', connectionId: make.link(on), nativeThreadId: 'native', capabilities },
    isClosing ? { type: '$kept', failure: LOST } : { type: '$closing', why: 'idle' },
    ...(['closed', 'lost', 'restarted'] as const).flatMap((how) =>
      failures.map((failure) => ({ type: 'xstate.done.actor.connection', output: { how, failure } })),
    ),
  ];
  const ofTurn = [
    { type: '$accepted' },
    { type: '$started' },
    { type: '$steered', turnId, steer, status: 'completed' },
    { type: '$reattempted', turnId, steers: [steer] },
    { type: '$left', requests: {} },
    ...(hasRoom ? [{ type: '$unsteered', steer, failure: LOST }] : []),
    ...ENDS.map((end) => done({ ...output, end })),
    done({ ...output, asked: 'user' }),
    ...SUSPECT_ENDS.map((end) => done({ ...output, end, suspect: true })),
    ...(hasRoom ? [done({ ...output, end: FAILED, undelivered: [steer] })] : []),
  ];
  return [...(thread.link.phase === 'none' ? [] : ofLink), ...(children['turn'] === undefined ? [] : ofTurn)];
}

function eventsIn(snapshot: AnyMachineSnapshot): AnyEventObject[] {
  const place = placeOf(snapshot);
  return [
    ...commandsIn(place),
    ...[place.on, place.on - 1].flatMap(linkInputs),
    ...turnInputs(place),
    ...requestInputs(place.on),
    ...toldBy(snapshot, place),
    ...foldingInputs(place),
    ...quietInputs(place),
    make.RECOVERED,
  ];
}

const canon = new Canon();
const alone = new Alone({
  machine: threadMachine,
  starts: [make.startOf()],
  eventsIn,
  // a tombstone remembers nothing that matters
  keyOf: (snapshot) => (snapshot.hasTag('deleted') ? 'deleted' : canon.keyOfOne('root', snapshot)),
});

describeAlone('thread', [alone], { stateCount: 5_108, edgeCount: 302_315, arrowCount: 117 });
