/**
 * The most general environment of a thread: any catalogued input at any time, about the current, the previous and a
 * foreign connection, turn, attempt and request. Bounded only by how many prompts, requests and side turns there are.
 */
import { SUBMIT_MODES } from '../../machines/domain/command.ts';
import type { Charts } from '../../machines/charts.ts';
import { threadContextOf } from '../../machines/charts.ts';
import type { ThreadContext, TurnContext } from '../../machines/domain/context.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import * as agents from '../helpers/agent-inputs.ts';
import * as make from '../helpers/inputs.ts';
import { requestsOf, type Timers } from './canonical.ts';

export interface Bounds {
  /** Prompts that wait, in the queue or as steers; one more where the active turn's own comes back. */
  readonly prompts: number;
  /** Requests that a turn has open at once. */
  readonly requests: number;
  /** Requests that a connection has open at once. */
  readonly sideRequests: number;
  /** Turns that the provider began beside the active one. */
  readonly sideTurns: number;
  /** All that is asked is asked by background work. */
  readonly tasks?: 1;
  /** The provider folds prompts while it works in the background. */
  readonly folds?: 1;
  /** The files of the workspace are captured, and the thread goes back. */
  readonly captures?: 1;
  /** The thread has a working tree of its own. */
  readonly worktree?: 1;
  /** Sessions that are forgotten and left, and what is carried to the next one. */
  readonly transfers?: 1;
  /** Other threads branch off, and bring back what they have done. */
  readonly forks?: 1;
  /** Another thread does something for this one, under so many policies of waking it. */
  readonly delegates?: 1 | 2;
  /** The thread is a sub-agent that another thread's connection carries, with a session or without, and has some itself. */
  readonly carried?: 1;
  readonly nativeSteer: boolean;
}

/** Who causes it: a user, the provider, the runtime (a restart), or time. */
export type Cause = 'user' | 'provider' | 'runtime' | 'timer';

export interface Move {
  /** Unique among the inputs of an exploration. */
  readonly label: string;
  readonly cause: Cause;
  readonly input: ThreadInput;
}

const FOREIGN = 'T90';
const FOREIGN_REQUEST = 'R90';
const OUTCOMES = ['completed', 'failed', 'interrupted'] as const;
const FOUND = ['completed', 'failed', 'interrupted', 'absent', 'unknown'] as const;
const STATES = ['ready', 'interrupted', 'stopped', 'error'] as const;

/** Lists what may happen next; the same input is the same object every time. */
export class Environment {
  readonly #bounds: Bounds;
  readonly #moves = new Map<string, Move>();
  /** Whole lists by all that they are made from. */
  readonly #lists = new Map<string, readonly Move[]>();
  readonly #recorded = new Set<string>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** All inputs that a state can be given. */
  movesIn(charts: Charts, timers: Timers): readonly Move[] {
    const seen = seenIn(charts, this.#bounds);
    const key = JSON.stringify(seen);
    let moves = this.#lists.get(key);
    if (moves === undefined) {
      moves = this.#listed(seen);
      this.#lists.set(key, moves);
    }
    const recorded = this.#recordedIn(charts, seen);
    const fired = Object.values(timers).map(({ name, fires }) =>
      this.#moveOf('timer', { ...fires, timer: name, armedBy: 0 } as unknown as ThreadInput),
    );
    return [...moves, ...recorded, ...fired];
  }

  /** Inputs in which something is wrong that no schema finds, for each of the actors. */
  brokenIn(charts: Charts): readonly Move[] {
    const { on, active, attempt, freshTurn } = seenIn(charts, this.#bounds);
    const submits = SUBMIT_MODES.map((mode) => broken('user', make.submit(freshTurn, mode), 'prompt'));
    const asked = (['turn', 'connection'] as const).map((owner) =>
      broken('provider', make.asked(active ?? FOREIGN, FOREIGN_REQUEST, { owner, on, attempt }), 'request'),
    );
    const ended = broken('provider', make.ended(active ?? FOREIGN, 'failed', { on, attempt }), 'outcome');
    return [...submits, ...asked, ended];
  }

  /** What is written down and nothing else is tried once for each combination of states. */
  #recordedIn({ root, connection, turn }: Charts, seen: Seen): readonly Move[] {
    const key = JSON.stringify([root.value, connection?.value, turn?.value, seen.sides.length]);
    if (this.#recorded.has(key)) return [];
    this.#recorded.add(key);
    return [
      ...SETTINGS_INPUTS.map((input) => this.#moveOf('user', input)),
      ...[...transcriptInputs(seen), ...forgetfulInputs(seen)].map((input) =>
        this.#moveOf('provider', input),
      ),
      this.#moveOf('runtime', make.JUMPED),
      this.#moveOf('runtime', make.WARNED),
      ...[true, false].map((isFirst) => this.#moveOf('runtime', make.implemented('item', 'b', isFirst))),
    ];
  }

  #listed(seen: Seen): readonly Move[] {
    const said = [...linkInputs(seen, this.#bounds), ...turnInputs(seen), ...requestInputs(seen)];
    const told = toldIn(seen, this.#bounds);
    return [
      ...commandsIn(seen).map((input) => this.#moveOf('user', input)),
      ...said.map((input) => this.#moveOf('provider', input)),
      ...workspaceInputs(seen).map((input) => this.#moveOf('provider', input)),
      ...worktreeInputs(seen).map((input) => this.#moveOf('runtime', input)),
      ...[...told, ...taskInputs(seen, this.#bounds)].map(([cause, input]) => this.#moveOf(cause, input)),
      this.#moveOf('runtime', make.RECOVERED),
    ];
  }

  #moveOf(cause: Cause, input: ThreadInput): Move {
    const label = JSON.stringify(input);
    let move = this.#moves.get(label);
    if (move === undefined) {
      move = { label, cause, input };
      this.#moves.set(label, move);
    }
    return move;
  }
}

/** Who reads that field of it fails. */
function broken(cause: Cause, input: ThreadInput, field: string): Move {
  const label = `${JSON.stringify(input)} without ${field}`;
  const get = (): never => {
    throw new Error(`the ${field} cannot be read`);
  };
  return { label, cause, input: Object.defineProperty({ ...input }, field, { get, enumerable: false }) };
}

/** All of a state that inputs can name, and how much more of it there may be. */
interface Seen {
  /** Number of the connection that is or was last bound; the one before it is another one. */
  readonly on: number;
  readonly entries: readonly string[];
  readonly active: string | null;
  readonly attempt: number;
  readonly sides: readonly string[];
  readonly sentSteer: string | null;
  readonly ofTurn: readonly string[];
  readonly ofConnection: readonly string[];
  /** Ids that are not in use. */
  readonly freshTurn: string;
  readonly freshRequest: string;
  readonly canStart: boolean;
  readonly canWait: boolean;
  readonly canRetry: boolean;
  readonly canBegin: boolean;
  readonly canAsk: boolean;
  readonly canAskBeside: boolean;
  readonly hasTask: boolean;
  readonly captures: ThreadContext['captures'];
  readonly canRollBack: boolean;
  /** Of the making of its working tree; `null`: it has none. */
  readonly worktreeTry: number | null;
  /** What another thread does; `null`: nothing ever is. */
  readonly tasks: readonly string[] | null;
  readonly canDelegate: boolean;
  /** What is still to be carried; `null`: nothing ever is. */
  readonly transfers: readonly string[] | null;
}

function seenIn({ root, turn, connection }: Charts, bounds: Bounds): Seen {
  const thread = threadContextOf(root);
  const running = turn?.context as TurnContext | undefined;
  const ofTurn = Object.keys(requestsOf(turn));
  const ofConnection = Object.keys(requestsOf(connection));
  const hasTask = bounds.tasks !== undefined;
  return {
    on: Math.max(1, thread.connectionCount),
    entries: thread.queue.entries.map((entry) => entry.turnId),
    active: thread.activeTurn?.turnId ?? null,
    attempt: running?.attempt ?? 1,
    sides: thread.sideTurns.map((side) => side.turnId),
    sentSteer: running?.sentSteer?.turnId ?? null,
    ofTurn,
    ofConnection,
    freshTurn: freshIn('T', turnsIn(thread, running)),
    freshRequest: freshIn('R', [...ofTurn, ...ofConnection]),
    ...roomIn(thread, running, bounds),
    // what background work asks in a turn is the connection's when that has completed
    canAsk: ofTurn.length + (hasTask ? ofConnection.length : 0) < bounds.requests,
    canAskBeside: ofConnection.length + (hasTask ? ofTurn.length : 0) < bounds.sideRequests,
    hasTask,
    captures: thread.captures,
    canRollBack: bounds.captures !== undefined,
    transfers: transfersIn(thread, bounds),
    ...delegatedIn(thread, running, bounds),
  };
}

function delegatedIn(thread: ThreadContext, turn: TurnContext | undefined, { delegates }: Bounds) {
  const isFirst = thread.tasks.length === 0 && waitingIn(thread, turn) === 0 && turn?.attempt === 1;
  return {
    tasks: delegates === undefined ? null : thread.tasks.map(({ taskId }) => taskId),
    canDelegate: isFirst,
  };
}

function transfersIn({ transfers }: ThreadContext, bounds: Bounds): readonly string[] | null {
  if (bounds.transfers === undefined && bounds.forks === undefined) return null;
  return transfers.map(({ transferId }) => transferId);
}

function roomIn(thread: ThreadContext, turn: TurnContext | undefined, bounds: Bounds) {
  const waitingCount = waitingIn(thread, turn);
  // a prompt that came back made it one more; nothing is begun then that could do it again
  const isOver = waitingCount > bounds.prompts;
  const canWait = waitingCount < bounds.prompts;
  return {
    worktreeTry: thread.worktree?.attempt ?? null,
    canWait,
    canStart: mustWait(thread) ? canWait : !isOver,
    canRetry: !isOver,
    canBegin: thread.activeTurn === null || thread.sideTurns.length < bounds.sideTurns,
  };
}

function waitingIn(thread: ThreadContext, turn: TurnContext | undefined): number {
  const steerCount = turn === undefined ? 0 : turn.steers.length + (turn.sentSteer === null ? 0 : 1);
  return thread.queue.entries.length + steerCount + editedCount(thread);
}

const editedCount = ({ rollback }: ThreadContext): number => (rollback?.prompt ? 1 : 0);

/** What is asked to start now goes into the queue. */
function mustWait({ link, worktree, rollback }: ThreadContext): boolean {
  const isUnprepared = worktree !== undefined && worktree.status !== 'ready';
  return link.phase === 'closing' || link.folds || isUnprepared || rollback !== null;
}

function turnsIn(thread: ThreadContext, turn: TurnContext | undefined): readonly (string | undefined)[] {
  const known = [thread.rollback?.prompt ?? null, ...thread.captures];
  const prompts = [...known, ...thread.queue.entries, ...(turn?.steers ?? []), ...(turn?.undelivered ?? [])];
  const one = [thread.activeTurn, turn?.prompt, turn?.sentSteer];
  const tasks = thread.tasks.map(({ taskId: turnId }) => ({ turnId }));
  return [...prompts, ...thread.sideTurns, ...one, ...tasks].map((each) => each?.turnId);
}

function freshIn(letter: string, used: readonly (string | undefined)[]): string {
  for (let index = 0; ; index += 1) if (!used.includes(`${letter}${index}`)) return `${letter}${index}`;
}

function commandsIn(seen: Seen): ThreadInput[] {
  const { entries, active, ofTurn, ofConnection } = seen;
  const ids = [...entries, FOREIGN];
  const first = entries[0];
  return [
    ...submits(seen),
    make.interrupt(),
    ...(active === null ? [] : [make.interrupt(active)]),
    make.interrupt(FOREIGN),
    ...(seen.canRetry ? [make.retry(seen.freshTurn)] : []),
    ...(seen.canRetry ? [make.compact(seen.freshTurn)] : []),
    make.STOP,
    make.ARCHIVE,
    make.UNARCHIVE,
    make.DELETE,
    make.RESUME,
    ...ids.flatMap((id) => [make.cancel(id), make.edit(id, 'x'), make.reorder(id, null), make.promote(id)]),
    ...(first === undefined ? [] : entries.slice(1).map((id) => make.reorder(id, first))),
    ...ofTurn.map((id) => make.respond(id, 'accept', 'turn')),
    ...ofConnection.map((id) => make.respond(id, 'accept', seen.hasTask ? 'task' : 'connection')),
    make.respond(FOREIGN_REQUEST),
    ...(seen.canRollBack ? rollbacks(seen) : []),
  ];
}

const rollbacks = ({ canStart, freshTurn }: Seen): ThreadInput[] => [
  make.rollback(),
  ...(canStart ? [make.rollback({ prompt: freshTurn })] : []),
];

/** What the runtime says of the files. */
function workspaceInputs({ captures, canRollBack }: Seen): ThreadInput[] {
  if (!canRollBack) return [];
  // one after the other, as they were asked for
  const asked = [...captures.slice(0, 1), { turnId: FOREIGN, point: 'after' as const }];
  return [
    ...asked.flatMap(({ turnId, point }) => [
      make.captured(turnId, point),
      make.missing(turnId, point),
      make.uncaptured(turnId, point),
    ]),
    make.restored(),
    make.restored('back', 'GIT_FAILED'),
    make.restored('other'),
  ];
}

const SETTINGS_INPUTS: readonly ThreadInput[] = [
  { type: 'thread.setTitle', title: '' },
  { type: 'thread.setModel', model: null, options: {} },
  { type: 'thread.setRuntimeMode', runtimeMode: 'approval-required', policy: {} },
  { type: 'thread.setInteractionMode', interactionMode: 'default' },
  { type: 'thread.setDeliveryMode', deliveryMode: 'streaming' },
];

function submits({ canStart, canWait, freshTurn }: Seen): ThreadInput[] {
  const modes = [...(canStart ? (['start'] as const) : []), ...(canWait ? WAITING : [])];
  return [...modes.map((mode) => make.submit(freshTurn, mode)), make.submit(freshTurn, 'steer', FOREIGN)];
}
const WAITING = ['queue', 'steer', 'restart'] as const;

const linkInputs = ({ on: current }: Seen, { nativeSteer, folds }: Bounds): ThreadInput[] =>
  [current, current - 1].flatMap((on) => [
    make.opened(on, { nativeSteer }),
    make.openFailed(on),
    make.closed(on),
    make.closeFailed(on),
    make.lost(on),
    make.idled(on),
    make.delayed(on),
    ...STATES.map((state) => make.inactive(state, on)),
    ...(folds === undefined ? [] : [make.folding(true, on), make.folding(false, on)]),
  ]);

/** Of this try and of the one before. */
const worktreeInputs = ({ worktreeTry }: Seen): ThreadInput[] =>
  worktreeTry === null
    ? []
    : [worktreeTry, worktreeTry + 1].flatMap((each) => [make.made(each), make.unmade(each)]);

function toldIn({ on, transfers, active }: Seen, bounds: Bounds): [Cause, ThreadInput][] {
  const built = [...(transfers ?? []), 'X90'].flatMap((id): [Cause, ThreadInput][] => [
    ['runtime', make.built(id)],
    ['runtime', make.notBuilt(id)],
  ]);
  return [
    ...(bounds.transfers === undefined ? [] : sessionInputs(on)),
    ...(bounds.forks === undefined ? [] : FORK_INPUTS),
    ...(transfers === null ? [] : built),
    ...(bounds.carried === undefined ? [] : agentInputs(on, active)),
  ];
}

/** One at a time, and none while the news of another waits. */
function taskInputs({ tasks, canDelegate, freshTurn }: Seen, { delegates }: Bounds): [Cause, ThreadInput][] {
  if (tasks === null) return [];
  const wakes = canDelegate ? (['settled', 'always'] as const).slice(0, delegates) : [];
  return [
    ...wakes.map((wake): [Cause, ThreadInput] => ['user', make.delegated(freshTurn, { wake })]),
    ...[...tasks, FOREIGN].flatMap((name): [Cause, ThreadInput][] => [
      ['user', make.acknowledged(name)],
      ['runtime', make.taskEnded(name)],
    ]),
  ];
}

const FORK_INPUTS: readonly [Cause, ThreadInput][] = [
  ['user', make.fork('child')],
  ['user', make.mergeBack('t2', 9)],
  ['runtime', make.offered('t2')],
];

const agentInputs = (on: number, active: string | null): [Cause, ThreadInput][] => [
  ['runtime', agents.adopted(on + 1)],
  ['runtime', agents.adopted(on + 1, { nativeThreadId: null })],
  ['runtime', agents.adopted(on + 1, { instanceId: make.OTHER_INSTANCE })],
  ...[on, on - 1].map((each): [Cause, ThreadInput] => ['provider', agents.agentStarted(active, each)]),
];

function sessionInputs(on: number): [Cause, ThreadInput][] {
  return [
    ['provider', { ...make.opened(on), resumed: true } as ThreadInput],
    ['provider', make.openFailed(on, 'RESUME_FAILED')],
    ['provider', make.lost(on, { forgotten: true })],
    ['user', make.switchTo('i')],
    ['user', make.switchTo('j')],
  ];
}

function transcriptInputs(seen: Seen): ThreadInput[] {
  const kinds = ['Started', 'Updated', 'Completed'] as const;
  return [
    ...refsIn(seen).flatMap(([name, ref]) => [
      ...kinds.map((kind) => make.item(kind, name, { id: 'item', ref })),
      make.plan(name, ref),
    ]),
    ...[seen.on, seen.on - 1].map((on) => make.usage(on)),
  ];
}

/** The provider has kept nothing of the conversation: what it says so with leads where it leads without. */
const forgetfulInputs = ({ on, active, attempt }: Seen): ThreadInput[] => [
  make.lost(on, { forgotten: true }),
  ...(active === null
    ? []
    : FOUND.map((found) => ({ ...make.lookedUp(active, found, attempt), forgotten: true }) as ThreadInput)),
];

/** Every turn that there is, by its current attempt, an earlier one, none and another connection; and one that is not. */
function refsIn({ on, active, attempt, sides }: Seen): [string | null, make.Ref][] {
  const others = [null, FOREIGN, ...sides].map((name): [string | null, make.Ref] => [name, { on }]);
  if (active === null) return others;
  const mine: make.Ref[] = [
    { on, attempt },
    { on, attempt: 0 },
    { on: on - 1, attempt },
  ];
  if (attempt > 1) mine.push({ on, attempt: attempt - 1 });
  return [...others, ...mine.map((ref): [string, make.Ref] => [active, ref])];
}

/** Everything that can be said of a turn. */
function turnInputs(seen: Seen): ThreadInput[] {
  const { on, freshTurn, canBegin } = seen;
  const native = `n.${freshTurn}`;
  return [
    ...refsIn(seen).flatMap(([name, ref]) => about(seen, name, ref)),
    ...(canBegin ? [make.began(freshTurn, { native, on })] : []),
    make.began(freshTurn, { native, on: on - 1 }),
  ];
}

function about({ sides, sentSteer }: Seen, name: string | null, ref: make.Ref): ThreadInput[] {
  const steers = sentSteer === null ? [FOREIGN] : [sentSteer, FOREIGN];
  const isRuntimeRef = name !== null && ref.attempt !== 0;
  return [
    make.accepted(name, ref),
    ...sides.map((side) => make.accepted(name, { ...ref, native: `n.${side}` })),
    make.refused(name, ref),
    make.started(name, ref),
    ...OUTCOMES.map((outcome) => make.ended(name, outcome, ref)),
    make.absorbed(name, FOREIGN, ref),
    make.interruptRefused(name, ref),
    ...steers.flatMap((steer) => [make.steerAccepted(name, steer, ref), make.steerRefused(name, steer, ref)]),
    ...(isRuntimeRef ? FOUND.map((found) => make.lookedUp(name, found, ref.attempt)) : []),
    ...(isRuntimeRef ? [make.settled(name, ref.attempt)] : []),
  ];
}

const SUBAGENT = { kind: 'subagent', title: '' } as const;

function requestInputs(seen: Seen): ThreadInput[] {
  const { on, active, attempt, ofTurn, ofConnection } = seen;
  const inTurn = seen.canAsk ? [seen.freshRequest] : ofTurn.slice(0, 1);
  const beside = seen.canAskBeside ? [seen.freshRequest] : ofConnection.slice(0, 1);
  const refs = [
    { on, attempt },
    { on: on - 1, attempt },
    ...(attempt > 1 ? [{ on, attempt: attempt - 1 }] : []),
  ];
  const owner = seen.hasTask ? 'task' : 'connection';
  const task = seen.hasTask ? { task: 'task' } : {};
  return [
    ...beside.flatMap((id) =>
      [on, on - 1].map((each) => make.asked(FOREIGN, id, { owner, on: each, ...task })),
    ),
    ...(active === null
      ? []
      : inTurn.flatMap((id) => refs.map((ref) => make.asked(active, id, { ...ref, ...task })))),
    ...(seen.hasTask ? [make.item('Completed', null, { id: 'task', body: SUBAGENT, ref: { on } })] : []),
    ...[...ofTurn, FOREIGN_REQUEST].flatMap((id) => [
      make.resolved(id, 'turn', on),
      make.undeliverable(id, 'turn', on),
    ]),
    ...[...ofConnection, FOREIGN_REQUEST].flatMap((id) => [
      make.resolved(id, owner, on),
      make.undeliverable(id, owner, on),
    ]),
  ];
}
