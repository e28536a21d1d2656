/** The chart of a thread by itself: its children, the provider, the person and the clock say anything at any time. */
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate';
import { threadContextOf } from '../../machines/charts.ts';
import type { ThreadContext, TurnEnd, TurnOutput } from '../../machines/domain/context.ts';
import { threadMachine } from '../../machines/thread.machine.ts';
import { connectionIdIn } from '../../machines/thread-turns.ts';
import * as agents from '../helpers/agent-inputs.ts';
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
  const { queue, activeTurn, sideTurns } = thread;
  const used = JSON.stringify([queue.entries, activeTurn, sideTurns]);
  const fresh = ['T0', 'T1', 'T2', 'T3'].find((name) => !used.includes(`"${name}"`)) ?? 'T4';
  return {
    thread,
    on: Math.max(1, Number(connectionIdIn(thread).split('#')[1])),
    fresh,
    hasRoom: queue.entries.length === 0,
  };
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
  const { capabilities } = thread;
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
  const transfers = thread.transfers.map(({ transferId }) => transferId);
  const ofTurn = [
    { type: '$accepted', transfers },
    { type: '$started', transfers },
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

/** Of captures and rollbacks, of a working tree, and of what goes on between threads and sessions. */
function branchingInputs({ thread, on }: Place): AnyEventObject[] {
  const turnId = thread.activeTurn?.turnId ?? make.turnOf('T90');
  const captures = [...thread.captures.slice(0, 1), { turnId: make.turnOf('T90'), point: 'after' as const }];
  const transfers = [...thread.transfers.map(({ transferId }) => transferId), 'X90'];
  const tries = [thread.worktree?.attempt ?? 1, 90];
  return [
    ...captures.flatMap(({ turnId: of, point }) => [
      make.captured(of, point),
      make.missing(of, point),
      make.uncaptured(of, point),
    ]),
    { type: 'checkpoint.timedOut', ...FIRED },
    make.rollback(),
    make.restored(),
    make.restored('back', 'GIT_FAILED'),
    { type: 'restore.timedOut', ...FIRED, rollbackId: 'back' },
    make.fork('child'),
    make.mergeBack('t2', 9),
    make.offered('t2'),
    make.switchTo('j'),
    ...transfers.flatMap((id) => [make.built(id), make.notBuilt(id)]),
    { type: '$forgotten', failure: make.cause('RESUME_FAILED') },
    { type: 'handOver.timedOut', ...FIRED, turnId, attempt: 1 },
    ...tries.flatMap((attempt) => [make.made(attempt), make.unmade(attempt)]),
    { type: 'worktree.timedOut', ...FIRED },
    // a working tree is set up before there is a connection
    ...[on, on - 1].flatMap((link) => [
      make.item('Started', null, { id: 'item', ref: { on: link } }),
      make.item('Completed', null, { id: 'item', ref: { on: link } }),
    ]),
  ];
}

/** Few of all others: one prompt at a time, and what opens, ends and closes. */
function fewIn(snapshot: AnyMachineSnapshot): AnyEventObject[] {
  const place = placeOf(snapshot);
  const { thread, fresh, hasRoom } = place;
  const isDeleted = thread.link.closing === 'delete';
  const modes = hasRoom && !isDeleted ? (['start', 'restart', 'queue'] as const) : [];
  const prompts = modes.map((mode) => make.submit(fresh, mode));
  return [
    ...prompts,
    ...(isDeleted ? [] : [make.interrupt(null), make.STOP, make.DELETE, make.RESUME]),
    ...toldBy(snapshot, place).filter(({ type }) => !['$closing', '$kept'].includes(type)),
    ...branchingInputs(place),
    make.RECOVERED,
  ];
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

/** What is carried to a conversation, before and while the prompt that it goes with waits. */
function carriedIn(snapshot: AnyMachineSnapshot): AnyEventObject[] {
  const place = placeOf(snapshot);
  const { thread, fresh, hasRoom } = place;
  const transfers = thread.transfers.map(({ transferId }) => transferId);
  return [
    ...(hasRoom ? [make.submit(fresh)] : []),
    ...(transfers.length === 0 ? [make.offered('t2')] : []),
    ...transfers.flatMap((id) => [make.built(id), make.notBuilt(id)]),
    ...toldBy(snapshot, place).filter(({ type }) => ['$opened', '$started'].includes(type)),
    make.STOP,
  ];
}

const MEANWHILE: readonly unknown[] = ['preparing', 'restoring'];

/** The same while a working tree is made or files go back, and little else. */
function carriedMeanwhileIn(snapshot: AnyMachineSnapshot): AnyEventObject[] {
  const place = placeOf(snapshot);
  const { thread, fresh } = place;
  const isOffered = thread.transfers.length > 0 || !MEANWHILE.includes(snapshot.value);
  return [
    ...(thread.queue.entries.length === 0 ? [make.submit(fresh)] : []),
    ...(isOffered ? [] : [make.offered('t2')]),
    ...firstOfEach(toldBy(snapshot, place).filter(({ type }) => TURNING.has(type))),
    ...thread.captures.slice(0, 1).map(({ turnId, point }) => make.captured(turnId, point)),
    make.made(thread.worktree?.attempt ?? 1),
    make.rollback(),
    make.restored(),
  ];
}

const firstOfEach = (events: readonly AnyEventObject[]): AnyEventObject[] => [
  ...new Map(events.toReversed().map((event) => [event.type, event])).values(),
];

const ENDS_OF_AGENT = new Set(['$opened', 'xstate.done.actor.connection', 'xstate.done.actor.turn']);

/** A sub-agent that another thread's connection carries, and that a person goes on with. */
function agentIn(snapshot: AnyMachineSnapshot): AnyEventObject[] {
  const place = placeOf(snapshot);
  const { thread, on, fresh, hasRoom } = place;
  const active = thread.activeTurn?.turnId ?? null;
  return [
    ...(hasRoom ? [make.submit(fresh)] : []),
    ...(active === null ? [make.began(fresh, { native: `n.${fresh}`, on })] : []),
    agents.adopted(on + 1),
    agents.adopted(on + 1, { nativeThreadId: null }),
    agents.adopted(on + 1, { instanceId: make.OTHER_INSTANCE }),
    ...[on, on - 1].map((each) => agents.agentStarted(active, each)),
    ...toldBy(snapshot, place).filter(({ type }) => ENDS_OF_AGENT.has(type)),
    make.STOP,
  ];
}

/** A prompt with another model, where that means another session. */
function reopenedIn(snapshot: AnyMachineSnapshot): AnyEventObject[] {
  const place = placeOf(snapshot);
  const { fresh, hasRoom } = place;
  const prompt = make.promptOf(fresh, { model: 'another' });
  return [
    ...(hasRoom ? [{ type: 'turn.submit', mode: 'start', expected: null, prompt }] : []),
    ...toldBy(snapshot, place),
    make.STOP,
  ];
}

/** What another thread does for this one: one task at a time, told in whatever state the thread rests in. */
function delegatingIn(snapshot: AnyMachineSnapshot): AnyEventObject[] {
  const place = placeOf(snapshot);
  const { thread, fresh } = place;
  const isIdle = thread.tasks.length === 0 && thread.queue.entries.length === 0;
  return [
    ...(thread.queue.entries.length === 0 ? [make.submit(fresh)] : []),
    ...(isIdle ? [make.delegated('T70')] : []),
    ...thread.tasks.flatMap(({ taskId }) => [make.taskEnded(taskId), make.acknowledged(taskId)]),
    ...toldBy(snapshot, place).filter(({ type }) => TURNING.has(type)),
    make.RESUME,
    make.STOP,
  ];
}
const TURNING = new Set(['$opened', '$started', 'xstate.done.actor.turn', 'xstate.done.actor.connection']);

const keyBy =
  (canon: Canon) =>
  (snapshot: AnyMachineSnapshot): string =>
    // a tombstone remembers nothing that matters
    snapshot.hasTag('deleted') ? 'deleted' : canon.keyOfOne('root', snapshot);
const keyOf = keyBy(new Canon());
const keyOfCarried = keyBy(new Canon({ carries: true }));

type Events = (snapshot: AnyMachineSnapshot) => AnyEventObject[];
const walk = (start: object, events: Events, key = keyOf): Alone =>
  new Alone({ machine: threadMachine, starts: [start], eventsIn: events, keyOf: key });

const CAPTURED = new Set(['checkpoint', 'restore']);
const BETWEEN = new Set(['transfer', 'handOver', '$forgotten']);
const COMMANDS = new Set(['thread.fork', 'thread.mergeBack', 'thread.switchProvider']);
const groupOf = ({ type }: AnyEventObject): string => type.split('.')[0] ?? '';
const without =
  (isOut: (event: AnyEventObject) => boolean): Events =>
  (snapshot) =>
    fewIn(snapshot).filter((event) => !isOut(event));

describeAlone(
  'thread',
  [
    walk(make.startOf(), eventsIn),
    walk(
      make.startOf({}, { checkpoints: true }),
      without((event) => BETWEEN.has(groupOf(event)) || COMMANDS.has(event.type)),
    ),
    walk(
      { ...make.startOf(), lineage: make.lineageOf() },
      without((event) => CAPTURED.has(groupOf(event))),
    ),
    walk(
      make.startInWorktree(),
      without((event) => CAPTURED.has(groupOf(event)) || BETWEEN.has(groupOf(event))),
    ),
    walk(make.startOf(), carriedIn, keyOfCarried),
    walk(make.startInWorktree(), carriedMeanwhileIn, keyOfCarried),
    walk(make.startOf({}, { checkpoints: true }), carriedMeanwhileIn, keyOfCarried),
    walk(make.startOf({ modelSwitch: 'byResume' }), reopenedIn),
    walk(agents.startAsSubagent(), agentIn),
    walk(make.startOf(), delegatingIn),
  ],
  { stateCount: 18_000, edgeCount: 580_000, arrowCount: 160 },
);
