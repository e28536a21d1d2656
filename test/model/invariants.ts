/** What must hold in every state of a thread and on every edge between two. */
import { statusOf, threadContextOf, type Charts } from '../../machines/charts.ts';
import type { TurnContext } from '../../machines/domain/context.ts';
import { evolveQueue } from '../../machines/domain/evolve-state.ts';
import { statusSchema, type Fact, type FactType } from '../../machines/domain/fact.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import type { LiveRequest } from '../../machines/domain/request.ts';
import { submit } from '../helpers/inputs.ts';
import { requestsOf, type Timers } from './canonical.ts';
import type { Move } from './environment.ts';
import { nameOf, wayTo, type State, type Step, type Turned } from './explore.ts';

type Truths = Readonly<Record<string, boolean>>;

/** Collects the first, and so the shortest, violation of each rule. */
export class Violations {
  readonly found = new Map<string, string>();

  check(truths: Truths, where: () => string): void {
    for (const [rule, holds] of Object.entries(truths)) {
      if (!holds && !this.found.has(rule)) this.found.set(rule, where());
    }
  }
}

export const hasLink = ({ connection }: Charts): boolean => connection?.status === 'active';
const tagged = ({ root }: Charts, tag: string): boolean => root.hasTag(tag);

export const truthsOf = (state: State): Truths => ({
  ...truthsOfActors(state.charts),
  ...truthsOfTimers(state),
  ...truthsOfQueue(state.charts),
  ...truthsOfSideTurns(state.charts),
});

function truthsOfActors(charts: Charts): Truths {
  const { root, connection, turn } = charts;
  const { activeTurn, link } = threadContextOf(root);
  const { status } = statusOf(root);
  const isBusy = tagged(charts, 'busy');
  const phase = connection === undefined || connection.value === 'gone' ? 'none' : connection.value;
  return {
    'one status word': statusSchema.options.filter((word) => root.hasTag(word)).length === 1,
    'an active turn iff starting or running':
      (activeTurn !== null) === (status === 'starting' || status === 'running'),
    'a turn actor iff busy': (turn?.status === 'active') === isBusy && (turn === undefined) !== isBusy,
    'the turn actor is of the active turn': turn === undefined || turnIn(turn).turnId === activeTurn?.turnId,
    'a live connection iff bound, or the thread ends its turn':
      hasLink(charts) === isBound(charts) || (isBusy && link.end !== null),
    'the link mirrors the connection': link.phase === phase,
    'a delete is carried out': link.closing !== 'delete' || isBound(charts) || root.hasTag('deleted'),
  };
}

function truthsOfTimers({ charts, timers }: State): Truths {
  const owners = Object.values(timers).map(({ owner }) => owner);
  return {
    'no turn timer when settled': !tagged(charts, 'settled') || !owners.includes('turn'),
    'no timer when unbound': isBound(charts) || owners.length === 0,
    'a turn timer is of this turn and attempt': Object.values(timers).every((timer) =>
      isOfTurn(timer, charts),
    ),
  };
}

function isOfTurn({ owner, fires }: Timers[string], { turn }: Charts): boolean {
  if (owner !== 'turn' || 'requestId' in fires) return true;
  if (turn === undefined) return false;
  const { turnId, attempt } = turnIn(turn);
  return fires['turnId'] === turnId && fires['attempt'] === attempt;
}

function truthsOfQueue(charts: Charts): Truths {
  const { queue, archived, link } = threadContextOf(charts.root);
  const flows = queue.status === 'flowing' && queue.entries.length > 0;
  return {
    'an empty queue is not held': queue.entries.length > 0 || queue.status === 'flowing',
    'what flows in a settled thread waits for a close only':
      !flows || !tagged(charts, 'settled') || (isBound(charts) && link.closing !== null),
    'an archived thread holds its queue': !archived || !flows,
  };
}

function truthsOfSideTurns(charts: Charts): Truths {
  const { sideTurns, link } = threadContextOf(charts.root);
  const isFree = !tagged(charts, 'busy') && link.phase === 'open' && link.closing === null;
  return {
    'no side turn without a connection': sideTurns.length === 0 || hasLink(charts),
    'a side turn becomes active where none is': sideTurns.length === 0 || !isFree,
  };
}

const isBound = ({ root: { value } }: Charts): boolean => typeof value === 'object' && 'bound' in value;
const turnIn = (turn: NonNullable<Charts['turn']>) => turn.context as TurnContext;

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
  const { state, move, charts, drawn } = step;
  const facts = drawn.facts as readonly Fact[];
  const before = turnsIn(state.charts);
  const after = turnsIn(charts);
  const began = named(facts, 'turn.began');
  const ended = named(facts, 'turn.ended');
  const isOnce = (id: string): boolean => {
    const wasThere = before.has(id) || began.includes(id);
    const count = ended.filter((each) => each === id).length;
    return count === (wasThere && !after.has(id) ? 1 : 0);
  };
  const opened = facts.filter((fact) => fact.type === 'request.opened').map((fact) => fact.request.requestId);
  const closed = named(facts, 'request.closed', 'requestId');
  const waiting = [...Object.keys(openIn(state.charts)), ...opened].filter((id) => !closed.includes(id));
  return {
    'exactly one terminal fact for each turn': [...new Set([...before, ...after, ...began, ...ended])].every(
      isOnce,
    ),
    'a turn that goes on has begun': [...after].every((id) => before.has(id) || began.includes(id)),
    'what comes back to the queue will be another turn': facts.every(
      (fact) => fact.type !== 'queue.added' || !ended.includes(fact.entry.turnId),
    ),
    'a turn begins once': began.every((id) => !before.has(id)) && new Set(began).size === began.length,
    'no request is open after the end of its owner': sameSet(waiting, Object.keys(openIn(charts))),
    'what has ended asks nothing any more':
      !isTaskEnd(move) ||
      Object.values(requestsOf(charts.connection)).every(({ taskId }) => taskId === undefined),
    'the queue is the fold of its facts':
      queueOf(charts) === JSON.stringify(foldedQueue(state.charts, facts)),
    'the status is stated when it changes':
      statusOf(state.charts.root).status === statusOf(charts.root).status ||
      facts.at(-1)?.type === 'thread.statusChanged',
    'a prompt goes to an open connection only': drawn.effects.every(
      (effect) =>
        (effect.type !== 'turn.start' && effect.type !== 'turn.steer') ||
        threadContextOf(charts.root).link.phase === 'open' ||
        threadContextOf(charts.root).link.phase === 'closing',
    ),
    // a steer says something when it has joined or has come back
    'an accepted command says something':
      move.cause !== 'user' || facts.length > 0 || nameOf(move) === 'turn.submit:steer',
    'a deleted thread stays deleted': !tagged(state.charts, 'deleted') || tagged(charts, 'deleted'),
    'a settled thread keeps no prompt of its own': drawn.effects.every(
      (effect) => effect.type !== 'turn.start' || tagged(charts, 'busy'),
    ),
  };
}

const turnsIn = ({ root }: Charts): ReadonlySet<string> => {
  const { activeTurn, sideTurns } = threadContextOf(root);
  return new Set([
    ...(activeTurn === null ? [] : [activeTurn.turnId]),
    ...sideTurns.map((side) => side.turnId),
  ]);
};

function openIn({ connection, turn }: Charts): Readonly<Record<string, LiveRequest>> {
  const alive = [connection, turn].filter((owner) => owner?.status === 'active');
  return Object.assign({}, ...alive.map(requestsOf)) as Record<string, LiveRequest>;
}

function named(facts: readonly Fact[], type: FactType, key: 'turnId' | 'requestId' = 'turnId'): string[] {
  return facts
    .filter((fact) => fact.type === type)
    .flatMap((fact) => (key in fact ? [String((fact as unknown as Record<string, unknown>)[key])] : []));
}

const queueOf = ({ root }: Charts): string => JSON.stringify(threadContextOf(root).queue);
const foldedQueue = ({ root }: Charts, facts: readonly Fact[]) =>
  facts.reduce(evolveQueue, threadContextOf(root).queue);

const sameSet = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((id) => others.includes(id));

export const truthsOfTurned = ({ move, refusal }: Turned): Truths => ({
  'no armed timer fires in vain': move.cause !== 'timer',
  'a refusal has a code of its own': refusal?.code !== 'INTERNAL',
});

/** A state in which nothing has to happen: settled, or waiting for a person who can answer. */
export function isAtRest({ charts }: State): boolean {
  const { queue, link } = threadContextOf(charts.root);
  const flows = queue.status === 'flowing' && queue.entries.length > 0;
  if (!tagged(charts, 'settled')) return tagged(charts, 'deleted') || waitsForPerson(charts);
  return !flows && link.closing === null ? true : !flows && link.phase === 'none';
}

function waitsForPerson({ turn }: Charts): boolean {
  const isAnswerable = Object.values(requestsOf(turn)).some(({ status }) => status !== 'answering');
  return isAnswerable && turn?.hasTag('person') === true;
}

/** From every state, with users and providers silent, to rest by timers alone: the largest number of firings. */
export function firingsToRest(states: readonly State[], violations: Violations): number {
  const known = new Map<State, number>();
  const under = new Set<State>();
  const firings = (state: State): number => {
    if (isAtRest(state)) return 0;
    const met = known.get(state);
    if (met !== undefined) return met;
    if (under.has(state)) return Infinity;
    under.add(state);
    const next = state.edges.filter(({ move }) => move.cause === 'timer').map(({ to }) => 1 + firings(to));
    under.delete(state);
    const most = next.length === 0 ? Infinity : Math.max(...next);
    known.set(state, most);
    return most;
  };
  let largest = 0;
  for (const state of states) {
    const count = firings(state);
    violations.check({ 'timers alone lead to rest': Number.isFinite(count) }, () => wayTo(state));
    if (Number.isFinite(count)) largest = Math.max(largest, count);
  }
  return largest;
}

/** A prompt is taken at once, to start or to wait, unless the thread is archived or deleted. */
export function takesPrompt({ charts }: State, takes: (input: ThreadInput) => boolean): boolean {
  const { archived, link } = threadContextOf(charts.root);
  if (archived || link.closing === 'delete' || tagged(charts, 'deleted')) return true;
  return takes(submit('T80', tagged(charts, 'settled') ? 'start' : 'queue'));
}
