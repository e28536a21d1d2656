/**
 * Every reachable state of thread, connection and turn together, under the most general environment. The states and
 * edges are exact for the given bounds; what cannot be told apart by any guard is one state (`canonical.ts`).
 */
import type { AnyMachineSnapshot } from 'xstate';
import { MACHINES, type ActorId, type Charts, type Drawn, type Machines } from '../../machines/charts.ts';
import { threadContextOf } from '../../machines/charts.ts';
import {
  canTake,
  decide,
  type ChartView,
  type Lookups,
  type Refusal,
  type ThreadView,
} from '../../machines/domain/decide.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import { Stepper, type Stepped, type Transition } from '../../machines/step.ts';
import { startAsSubagent } from '../helpers/agent-inputs.ts';
import { startInWorktree, startOf } from '../helpers/inputs.ts';
import { Canon, requestsOf, type Timers } from './canonical.ts';
import { Environment, type Bounds, type Move } from './environment.ts';

export interface State {
  readonly index: number;
  readonly charts: Charts;
  readonly timers: Timers;
  /** Where its timers lead. */
  readonly firings: State[];
  /** How it was found first; `null` for the first state. */
  readonly from: { readonly state: State; readonly move: Move } | null;
}

/** What an accepted input did. */
export interface Step {
  readonly state: State;
  readonly move: Move;
  readonly charts: Charts;
  readonly drawn: Drawn;
  readonly timers: Timers;
  /** The actors that took part in it. */
  readonly parts: ReadonlySet<ActorId>;
}

/** What an input that was not accepted came to. */
export interface Turned {
  readonly state: State;
  readonly move: Move;
  /** `null`: ignored, no command. */
  readonly refusal: Refusal | null;
}

/** A transition of one machine that XState computed and that is remembered from now on. */
export interface Computed {
  readonly way: () => Way;
  readonly result: ReturnType<Transition>;
  /** Once more, by a chart that is rebuilt from what a journal keeps of it. */
  readonly again: () => ReturnType<Transition>;
}

/** An input that cannot be taken without a throw, where it would be accepted. */
export interface Broken {
  readonly state: State;
  readonly move: Move;
  readonly hasThrown: boolean;
}

export interface Watcher {
  /** Enough was seen. */
  isDone?(): boolean;
  /** Each state, once. */
  onState?(state: State, takes: (input: ThreadInput) => boolean): void;
  onStep?(step: Step): void;
  onTurned?(turned: Turned): void;
  /** A catalogued input; without a watcher it ends the exploration. */
  onThrown?(thrown: Pick<Step, 'state' | 'move'>): void;
  onBroken?(broken: Broken): void;
  onComputed?(computed: Computed): void;
}

export interface Exploration {
  readonly states: readonly State[];
  readonly edgeCount: number;
  readonly turnedCount: number;
  /** Transitions that XState computed; the others were remembered. */
  readonly transitionCount: number;
}

/** An environment that is not bounded is a mistake in it. */
const STATE_LIMIT = 2_000_000;
/** In so many states every broken input is tried, then in every tenth. */
const BROKEN_COUNT = 5_000;
const NO_LOOKUP: Lookups = { request: null, plan: null };

/** Explores breadth first, so that the way to each state is a shortest one. */
export function explore(bounds: Bounds, watcher: Watcher = {}, machines: Machines = MACHINES): Exploration {
  return new Explorer(bounds, watcher, machines).run();
}

function startIn({ nativeSteer, captures, worktree, carried }: Bounds): object {
  if (worktree !== undefined) return startInWorktree({ nativeSteer });
  const settings = captures === undefined ? {} : { checkpoints: true };
  return (carried === undefined ? startOf : startAsSubagent)({ nativeSteer }, settings);
}

class Explorer {
  readonly #memo = new Memo();
  readonly #canon: Canon;
  readonly #stepper: Stepper;
  readonly #environment: Environment;
  readonly #watcher: Watcher;
  readonly #bounds: Bounds;
  readonly #states: State[] = [];
  readonly #byKey = new Map<string, State>();
  #edgeCount = 0;
  #turnedCount = 0;
  /** What is being taken. */
  #under: Pick<Step, 'state' | 'move'> | null = null;

  constructor(bounds: Bounds, watcher: Watcher, machines: Machines) {
    this.#bounds = bounds;
    this.#canon = new Canon({ carries: bounds.transfers !== undefined });
    this.#memo.onComputed = (result, again) =>
      watcher.onComputed?.({ result, again, way: () => this.#wayOn() });
    this.#stepper = new Stepper('thread', (plain) => this.#memo.remembering(plain), machines);
    this.#environment = new Environment(bounds);
    this.#watcher = watcher;
  }

  run(): Exploration {
    const { charts, drawn } = this.#stepper.start(startIn(this.#bounds));
    this.#reach(charts, timersAfter({}, null, drawn), null);
    for (let index = 0; index < this.#states.length; index += 1) {
      if (index >= STATE_LIMIT)
        throw new Error(`more than ${STATE_LIMIT} states: the environment is not bounded`);
      const state = this.#states[index];
      if (this.#watcher.isDone?.() === true) break;
      if (state !== undefined) this.#expand(state);
    }
    return {
      states: this.#states,
      edgeCount: this.#edgeCount,
      turnedCount: this.#turnedCount,
      transitionCount: this.#memo.transitionCount,
    };
  }

  #reach(charts: Charts, timers: Timers, from: State['from']): State {
    const key = this.#canon.keyOf(charts, timers);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const state: State = {
      ...this.#canon.stateOf(charts, timers),
      index: this.#states.length,
      firings: [],
      from,
    };
    this.#states.push(state);
    this.#byKey.set(key, state);
    const view = this.#viewOf(state.charts);
    this.#watcher.onState?.(state, (input) => decide(view, input, NO_LOOKUP) === null);
    return state;
  }

  #expand(state: State): void {
    const view = this.#viewOf(state.charts);
    for (const move of this.#environment.movesIn(state.charts, state.timers)) {
      const refusal =
        move.cause === 'user' ? decide(view, move.input, lookupsIn(state.charts, move.input)) : null;
      if (refusal !== null || (move.cause !== 'user' && !canTake(view, move.input))) {
        this.#turnedCount += 1;
        this.#watcher.onTurned?.({ state, move, refusal });
      } else {
        this.#take(state, move);
      }
    }
    // where none of many is taken in halves, none of more is
    if (state.index < BROKEN_COUNT || state.index % 10 === 0) this.#break(state, view);
  }

  #break(state: State, view: ThreadView): void {
    if (this.#watcher.onBroken === undefined) return;
    for (const move of this.#environment.brokenIn(state.charts)) {
      let hasThrown = false;
      try {
        if (!canTake(view, move.input)) continue;
        this.#stepper.step(state.charts, move.input);
      } catch {
        hasThrown = true;
      }
      this.#watcher.onBroken({ state, move, hasThrown });
    }
  }

  #wayOn(): Way {
    return this.#under === null ? [] : [...wayTo(this.#under.state), this.#under.move];
  }

  #take(state: State, move: Move): void {
    this.#edgeCount += 1;
    this.#memo.parts = new Set();
    this.#under = { state, move };
    const stepped = this.#stepped(state, move);
    if (stepped === null) return;
    const { charts, drawn } = stepped;
    const timers = timersAfter(state.timers, move, drawn);
    this.#watcher.onStep?.({ state, move, charts, drawn, timers, parts: this.#memo.parts });
    if (isUnmoved(state, charts, timers)) return;
    const to = this.#reach(charts, timers, { state, move });
    if (move.cause === 'timer') state.firings.push(to);
  }

  #stepped(state: State, move: Move): Stepped | null {
    try {
      return this.#stepper.step(state.charts, move.input);
    } catch (error) {
      if (this.#watcher.onThrown === undefined) throw error;
      this.#watcher.onThrown({ state, move });
      return null;
    }
  }

  #viewOf({ root, connection, turn }: Charts): ThreadView {
    const context = threadContextOf(root);
    return {
      root: this.#memo.viewOf(root),
      ...(connection && { connection: this.#memo.viewOf(connection) }),
      ...(turn && { turn: this.#memo.viewOf(turn) }),
      context,
    };
  }
}

const isUnmoved = ({ charts: before, timers: armed }: State, after: Charts, timers: Timers): boolean =>
  armed === timers &&
  before.root === after.root &&
  before.connection === after.connection &&
  before.turn === after.turn;

/** A timer that fired is armed no more. */
export function timersAfter(
  timers: Timers,
  move: Pick<Move, 'input'> | null,
  { timers: changes }: Drawn,
): Timers {
  const input = move?.input ?? {};
  if (changes.length === 0 && !('timer' in input)) return timers;
  let after: Timers = { ...timers };
  if ('timer' in input) after = left(after, ({ name }) => name !== input.timer);
  for (const change of changes) {
    if (change.op === 'arm') after = { ...after, [change.name]: change };
    else if ('name' in change) after = left(after, ({ name }) => name !== change.name);
    else after = left(after, ({ owner }) => owner !== change.owner);
  }
  return after;
}

const left = (timers: Timers, isLeft: (timer: Timers[string]) => boolean): Timers =>
  Object.fromEntries(Object.entries(timers).filter(([, timer]) => isLeft(timer)));

function lookupsIn({ connection, turn }: Charts, input: ThreadInput): Lookups {
  if (input.type !== 'request.respond') return NO_LOOKUP;
  const requests = { ...requestsOf(connection), ...requestsOf(turn) };
  const request = requests[input.requestId];
  if (request === undefined) return NO_LOOKUP;
  return {
    plan: null,
    request: {
      status: request.status,
      outcome: null,
      decisions: ['accept', 'decline'],
      body: { kind: 'command', command: 'make' },
    },
  };
}

/** Transitions and questions that were computed before; snapshots of the exploration are interned. */
class Memo {
  transitionCount = 0;
  /** Collects the actors of the step under way. */
  parts = new Set<ActorId>();
  readonly #results = new WeakMap<AnyMachineSnapshot, Map<unknown, ReturnType<Transition>>>();
  readonly #views = new WeakMap<AnyMachineSnapshot, ChartView>();
  readonly #texts = new WeakMap<object, string>();
  onComputed: (result: ReturnType<Transition>, again: () => ReturnType<Transition>) => void = () => {};

  remembering(plain: Transition): Transition {
    return (id: ActorId, snapshot, event) => {
      this.parts.add(id);
      const results = getOrAdd(this.#results, snapshot, () => new Map<unknown, ReturnType<Transition>>());
      const key = this.#keyOf(event);
      let result = results.get(key);
      if (result === undefined) {
        this.transitionCount += 1;
        result = plain(id, snapshot, event);
        results.set(key, result);
        this.onComputed(result, () => plain(id, rebuilt(snapshot), event));
      }
      return result;
    };
  }

  viewOf(snapshot: AnyMachineSnapshot): ChartView {
    return getOrAdd(this.#views, snapshot, () => {
      const answers = new Map<unknown, boolean>();
      return {
        status: snapshot.status,
        hasTag: (tag) => snapshot.hasTag(tag),
        can: (event) => {
          const key = this.#keyOf(event);
          let answer = answers.get(key);
          if (answer === undefined) {
            answer = snapshot.can(event);
            answers.set(key, answer);
          }
          return answer;
        },
      };
    });
  }

  /** An input of the environment is always the same object; what actors tell each other is known by its text. */
  #keyOf(event: { readonly type: string }): unknown {
    return event.type.startsWith('$') || event.type.startsWith('xstate.') ? this.#textOf(event) : event;
  }

  #textOf(event: object): string {
    return getOrAdd(this.#texts, event, () => JSON.stringify(event));
  }
}

/** As a journal keeps it: value and context as JSON. */
function rebuilt(snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  const { value, context } = JSON.parse(JSON.stringify({ value: snapshot.value, context: snapshot.context }));
  return { ...snapshot, value, context } as AnyMachineSnapshot;
}

function getOrAdd<K extends object, V>(map: WeakMap<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** Inputs from the first state of a thread on. */
export type Way = readonly Move[];

/** The shortest way to a state. */
export function wayTo(state: State): Way {
  const way: Move[] = [];
  for (let each = state; each.from !== null; each = each.from.state) way.unshift(each.from.move);
  return way;
}

export const written = (way: Way): string => way.map(nameOf).join(' > ');

/** `turn.submit:steer`, `provider.turnEnded:failed`: a type with what tells its inputs apart. */
export function nameOf({ input }: Move): string {
  const kind = kindOf(input);
  return kind === null ? input.type : `${input.type}:${kind}`;
}

function kindOf(input: ThreadInput): string | null {
  switch (input.type) {
    case 'turn.submit':
      return input.mode;
    case 'provider.turnEnded':
      return input.outcome;
    case 'provider.becameInactive':
      return input.state;
    case 'provider.turnLookedUp':
      return input.found;
    case 'provider.turnStarted':
      return input.isNew ? 'new' : null;
    default:
      return null;
  }
}
