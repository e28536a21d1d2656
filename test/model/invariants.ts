/** What must hold in every state of a thread, and of the ways out of it. */
import { statusOf, threadContextOf, type Charts } from '../../machines/charts.ts';
import type { TurnContext } from '../../machines/domain/context.ts';
import { statusSchema } from '../../machines/domain/fact.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import { submit } from '../helpers/inputs.ts';
import { requestsOf, type Timers } from './canonical.ts';
import { wayTo, type State, type Way } from './explore.ts';

export type Truths = Readonly<Record<string, boolean>>;

/** Collects the first, and so the shortest, violation of each rule. */
export class Violations {
  readonly found = new Map<string, Way>();
  /** How often each rule was looked at. */
  readonly checks = new Map<string, number>();

  check(truths: Truths, where: () => Way): void {
    for (const rule in truths) {
      this.checks.set(rule, (this.checks.get(rule) ?? 0) + 1);
      if (truths[rule] === false && !this.found.has(rule)) this.found.set(rule, where());
    }
  }
}

export const hasLink = ({ connection }: Charts): boolean => connection?.status === 'active';
export const tagged = ({ root }: Charts, tag: string): boolean => root.hasTag(tag);

export const truthsOf = (state: State): Truths => ({
  ...truthsOfActors(state.charts),
  ...truthsOfTimers(state),
  ...truthsOfWorktree(state),
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
    'no timer but of the workspace when unbound':
      isBound(charts) || isPreparing(charts) || owners.every((owner) => owner === 'thread'),
    'a capture has a deadline':
      threadContextOf(charts.root).captures.length === 0 || 'checkpoint.timedOut' in timers,
    'a turn timer is of this turn and attempt': Object.values(timers).every((timer) =>
      isOfTurn(timer, charts),
    ),
  };
}

function truthsOfWorktree({ charts, timers }: State): Truths {
  const { worktree } = threadContextOf(charts.root);
  const { status = 'ready' } = worktree ?? {};
  const hasTimer = Object.values(timers).some(({ owner }) => owner === 'worktree');
  return {
    'bound only with its working tree': !isBound(charts) || status === 'ready',
    'its working tree is being made iff the thread prepares': (status === 'making') === isPreparing(charts),
    'a timer of the working tree iff it is being made': hasTimer === isPreparing(charts),
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

export const isPreparing = ({ root: { value } }: Charts): boolean => value === 'preparing';
export const isBound = ({ root: { value } }: Charts): boolean =>
  typeof value === 'object' && 'bound' in value;
const turnIn = (turn: NonNullable<Charts['turn']>) => turn.context as TurnContext;

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
    const next = state.firings.map((to) => 1 + firings(to));
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
