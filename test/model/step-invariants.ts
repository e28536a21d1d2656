/** What must hold on every edge between two states of a thread. */
import { statusOf, threadContextOf, type Charts } from '../../machines/charts.ts';
import type { ConnectionContext, TurnContext } from '../../machines/domain/context.ts';
import { evolveQueue, evolveState, initialState } from '../../machines/domain/evolve-state.ts';
import type { Fact, FactType } from '../../machines/domain/fact.ts';
import type { ConnectionId } from '../../machines/domain/ids.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import type { InstanceInput } from '../../machines/domain/instance.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { Queue } from '../../machines/domain/turn.ts';
import { requestsOf } from './canonical.ts';
import type { Move } from './environment.ts';
import { nameOf, type State, type Step, type Turned } from './explore.ts';
import { hasLink, tagged, type Truths, isPreparing } from './invariants.ts';

/** Most accepted inputs say something of the transcript and change nothing else. */
const isQuiet = ({ state, move, charts, drawn }: Step): boolean => {
  const before = threadContextOf(state.charts.root);
  const after = threadContextOf(charts.root);
  return (
    !isTaskEnd(move) &&
    before.queue === after.queue &&
    before.activeTurn === after.activeTurn &&
    before.sideTurns === after.sideTurns &&
    state.charts.root.value === charts.root.value &&
    state.charts.turn === charts.turn &&
    state.charts.connection === charts.connection &&
    drawn.effects.length === 0 &&
    drawn.facts.length > 0 &&
    drawn.facts.every(({ type }) => QUIET.test(type))
  );
};
const QUIET = /^(item|plan|usage|clock|command|thread|queue)\./;
const isTaskEnd = ({ input }: Move): boolean =>
  input.type === 'provider.itemCompleted' && input.item.body.kind === 'subagent';
const NO_TRUTHS: Truths = {};

export function truthsOn(step: Step): Truths {
  if (isQuiet(step)) return NO_TRUTHS;
  return {
    ...truthsOfTurns(step),
    ...truthsOfEnds(step),
    ...truthsOfRows(step),
    ...truthsOfEffects(step),
    ...truthsOfRecovery(step),
    // a steer says something when it has joined or has come back
    'an accepted command says something':
      step.move.cause !== 'user' || factsOf(step).length > 0 || nameOf(step.move) === 'turn.submit:steer',
    'a deleted thread stays deleted': !tagged(step.state.charts, 'deleted') || tagged(step.charts, 'deleted'),
  };
}

function truthsOfTurns(step: Step): Truths {
  const facts = factsOf(step);
  const before = turnsIn(step.state.charts);
  const after = turnsIn(step.charts);
  const began = named(facts, 'turn.began');
  const ended = named(facts, 'turn.ended');
  const isOnce = (id: string): boolean => {
    const wasThere = before.has(id) || began.includes(id);
    const count = ended.filter((each) => each === id).length;
    return count === (wasThere && !after.has(id) ? 1 : 0);
  };
  return {
    'exactly one terminal fact for each turn': [...new Set([...before, ...after, ...began, ...ended])].every(
      isOnce,
    ),
    'a turn that goes on has begun': [...after].every((id) => before.has(id) || began.includes(id)),
    'what comes back to the queue will be another turn': facts.every(
      (fact) => fact.type !== 'queue.added' || !ended.includes(fact.entry.turnId),
    ),
    'a turn begins once': began.every((id) => !before.has(id)) && new Set(began).size === began.length,
  };
}

/** What a known end of the active turn comes to, and what it takes to bring the thread to rest. */
function truthsOfEnds({ state, charts, drawn, move }: Step): Truths {
  const facts = drawn.facts as readonly Fact[];
  const { activeTurn } = threadContextOf(state.charts.root);
  const end = state.charts.turn?.status === 'active' ? (state.charts.turn.context as TurnContext).end : null;
  const mine = facts.find((fact) => fact.type === 'turn.ended' && fact.turnId === activeTurn?.turnId);
  const isSettledNow = tagged(state.charts, 'busy') && !tagged(charts, 'busy');
  return {
    'only the end of the active turn settles the thread': !isSettledNow || mine !== undefined,
    'a turn ends by its own word':
      mine === undefined || !isOfAnother(move.input, activeTurn?.turnId ?? null, linkIn(state.charts)),
    'a failed turn stays failed':
      end?.outcome !== 'failed' || mine?.type !== 'turn.ended' || mine.outcome === 'failed',
  };
}

/** The provider says that a turn is over, and means another one, or one of an earlier connection. */
const isOfAnother = (input: ThreadInput, turnId: string | null, connectionId: string | null): boolean =>
  (input.type === 'provider.turnEnded' || input.type === 'provider.turnRefused') &&
  (input.turnId !== turnId || input.connectionId !== connectionId);

/** The fold of the facts is what the charts say, row by row. */
function truthsOfRows({ state, move, charts, drawn }: Step): Truths {
  const facts = drawn.facts as readonly Fact[];
  const opened = facts.filter((fact) => fact.type === 'request.opened').map((fact) => fact.request.requestId);
  const closed = named(facts, 'request.closed', 'requestId');
  const waiting = [...openIn(state.charts), ...opened].filter((id) => !closed.includes(id));
  const before = viewIn(state);
  const folded = facts.reduce(
    (view, fact) => evolveState(view, { sequence: 1, version: 1, at: 0, fact }),
    before,
  );
  return {
    'no request is open after the end of its owner': sameSet(waiting, openIn(charts)),
    'what has ended asks nothing any more':
      !isTaskEnd(move) ||
      Object.values(requestsOf(charts.connection)).every(({ taskId }) => taskId === undefined),
    'the queue is the fold of its facts': isSameQueue(
      threadContextOf(charts.root).queue,
      facts.reduce(evolveQueue, before.queue),
    ),
    'the row is the fold of the facts': isSameRow(folded, rowIn(charts)),
    'the status is stated when it changes':
      statusOf(state.charts.root).status === statusOf(charts.root).status ||
      facts.at(-1)?.type === 'thread.statusChanged',
  };
}

/** What is opened for it, or is open already. */
function connectionBegunBy(input: InstanceInput): ConnectionId | null {
  if (input.type === 'instance.hold') return input.connectionId;
  if (input.type !== 'instance.acquire' || input.work.type !== 'connection.open') return null;
  return input.work.connectionId;
}

function truthsOfEffects({ state, charts, drawn, move }: Step): Truths {
  const { effects } = drawn;
  const before = linkIn(state.charts);
  const after = linkIn(charts);
  const { phase } = threadContextOf(charts.root).link;
  const isOpening = effects.some(
    (effect) => effect.type === 'tell' && connectionBegunBy(effect.input) === after,
  );
  return {
    'a new connection asks for its process': after === null || after === before || isOpening,
    'a connection ends by the word of its provider, or is killed':
      before === null ||
      after === before ||
      isSaidOf(before, move.input) ||
      effects.some((effect) => effect.type === 'connection.kill' && effect.connectionId === before),
    'a connection that did not answer is not used again':
      !GIVING_UP.has(move.input.type) || after !== before || phase === 'closing' || tagged(charts, 'busy'),
    'a prompt goes to an open connection only': effects.every(
      ({ type }) =>
        (type !== 'turn.start' && type !== 'turn.steer') || phase === 'open' || phase === 'closing',
    ),
    'a settled thread keeps no prompt of its own': effects.every(
      ({ type }) => type !== 'turn.start' || tagged(charts, 'busy'),
    ),
  };
}

/** By the provider of its connection, or by a new run of the server, which has ended all processes of the old one. */
function isSaidOf(connectionId: string, input: ThreadInput): boolean {
  if (input.type === 'runtime.recovered') return true;
  return LINK_ENDS.has(input.type) && 'connectionId' in input && input.connectionId === connectionId;
}
const LINK_ENDS: ReadonlySet<string> = new Set([
  'connection.openFailed',
  'connection.closed',
  'connection.lost',
]);
/** The provider may still be at work after these. */
const GIVING_UP: ReadonlySet<string> = new Set(['turn.startTimedOut', 'interrupt.timedOut']);
const SENDING: ReadonlySet<string> = new Set(['turn.start', 'turn.steer', 'request.answer']);

function truthsOfRecovery({ charts, drawn, move }: Step): Truths {
  if (move.input.type !== 'runtime.recovered') return NO_TRUTHS;
  const hasCompleted = drawn.facts.some((fact) => fact.type === 'turn.ended' && fact.outcome === 'completed');
  return {
    // the end of the turn had come before the server died: its queue flows as it would have
    'a recovery leaves the thread settled, looking up its prompt, or on with its queue':
      tagged(charts, 'restoring') ||
      tagged(charts, 'settled') ||
      // its working tree is made again, by itself
      isPreparing(charts) ||
      tagged(charts, 'deleted') ||
      charts.turn?.hasTag('reconciling') === true ||
      hasCompleted,
    'a recovery sends nothing by itself': drawn.effects.every(({ type }) => !SENDING.has(type)),
  };
}

const factsOf = ({ drawn }: Step): readonly Fact[] => drawn.facts as readonly Fact[];

function linkIn({ connection }: Charts): string | null {
  if (connection?.status !== 'active') return null;
  return (connection.context as ConnectionContext).connectionId;
}

/** What of a row the charts know. */
type KnownRow = Pick<
  ThreadState['row'],
  'status' | 'activeTurnId' | 'lastError' | 'archived' | 'openRequestCount'
> &
  Pick<ThreadState, 'bound' | 'removal'>;

function rowIn(charts: Charts): KnownRow {
  const { archived, link } = threadContextOf(charts.root);
  const { status, activeTurnId, lastError } = statusOf(charts.root);
  const isDeleting = link.closing === 'delete' ? 'deleting' : 'none';
  return {
    status,
    activeTurnId,
    lastError,
    archived,
    openRequestCount: openIn(charts).length,
    bound: hasLink(charts) || isPreparing(charts),
    removal: tagged(charts, 'deleted') ? 'deleted' : isDeleting,
  };
}

let last: { readonly state: State; readonly view: ThreadState } | null = null;

/** The thread's row as the charts have it; one state is asked for all its edges. */
function viewIn(state: State): ThreadState {
  if (last?.state !== state) last = { state, view: viewOf(state.charts) };
  return last.view;
}

function viewOf(charts: Charts): ThreadState {
  const { settings, queue, threadId, lineage } = threadContextOf(charts.root);
  const created = initialState(
    { type: 'thread.created', threadId, settings, ...(lineage && { lineage }) },
    0,
  );
  const { bound, removal, ...row } = rowIn(charts);
  return { ...created, row: { ...created.row, ...row }, queue, bound, removal };
}

const isSameRow = ({ row, bound, removal }: ThreadState, known: KnownRow): boolean =>
  row.status === known.status &&
  row.activeTurnId === known.activeTurnId &&
  row.lastError?.code === known.lastError?.code &&
  row.archived === known.archived &&
  row.openRequestCount === known.openRequestCount &&
  bound === known.bound &&
  removal === known.removal;

const isSameQueue = (queue: Queue, other: Queue): boolean =>
  queue === other || JSON.stringify(queue) === JSON.stringify(other);

const turnsIn = ({ root }: Charts): ReadonlySet<string> => {
  const { activeTurn, sideTurns } = threadContextOf(root);
  return new Set([
    ...(activeTurn === null ? [] : [activeTurn.turnId]),
    ...sideTurns.map((side) => side.turnId),
  ]);
};

/** Ids of the requests that wait for an answer. */
const openIn = ({ connection, turn }: Charts): readonly string[] => [
  ...(connection?.status === 'active' ? Object.keys(requestsOf(connection)) : []),
  ...(turn?.status === 'active' ? Object.keys(requestsOf(turn)) : []),
];

function named(facts: readonly Fact[], type: FactType, key: 'turnId' | 'requestId' = 'turnId'): string[] {
  return facts
    .filter((fact) => fact.type === type)
    .flatMap((fact) => (key in fact ? [String((fact as unknown as Record<string, unknown>)[key])] : []));
}

const sameSet = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((id) => others.includes(id));

export const truthsOfTurned = ({ move, refusal }: Turned): Truths => ({
  'no armed timer fires in vain': move.cause !== 'timer',
  'a refusal has a code of its own': refusal?.code !== 'INTERNAL',
});
