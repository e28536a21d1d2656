/** An exploration with all that must hold in it. */
import { storeCharts, type Charts, type Machines } from '../../machines/charts.ts';
import { Stepper } from '../../machines/step.ts';
import { isDeepStrictEqual } from 'node:util';
import type { Bounds } from './environment.ts';
import {
  explore,
  wayTo,
  written,
  type Broken,
  type Computed,
  type Exploration,
  type State,
  type Step,
  type Way,
} from './explore.ts';
import { firingsToRest, takesPrompt, truthsOf, Violations, type Truths } from './invariants.ts';
import { truthsOfTurned, truthsOn } from './step-invariants.ts';

export interface Proof extends Exploration {
  /** Rule → shortest way to a state or edge that breaks it. */
  readonly ways: ReadonlyMap<string, Way>;
  /** Rule → how often it was looked at. */
  readonly checks: ReadonlyMap<string, number>;
  /** From no state do more timers have to fire until the thread rests. */
  readonly mostFirings: number;
  /** Types of inputs that were accepted in some state. */
  readonly acceptedTypes: ReadonlySet<string>;
  /** Codes of refusals that a command got in some state. */
  readonly refusalCodes: ReadonlySet<string>;
}

export interface ProofOptions {
  /** Is given every accepted step. */
  readonly onStep?: (step: Step) => void;
  /** Is given every input that cannot be taken without a throw. */
  readonly onBroken?: (broken: Broken) => void;
  readonly machines?: Machines;
  /** One of eight transitions is computed twice: in `npm run prove` many more are. */
  readonly isSampled?: boolean;
  /** This rule is broken: no more than its shortest violation is wanted. */
  readonly until?: string;
}

const NEVER_THROWS = 'no catalogued input throws';
const TAKEN: Truths = { [NEVER_THROWS]: true };
/** So many transitions are computed twice, then every eighth. */
const REBUILT_COUNT = 30_000;

export function prove(bounds: Bounds, options: ProofOptions = {}): Proof {
  const { onStep, onBroken, machines, isSampled, until } = options;
  const rebuiltCount = isSampled === true ? 0 : REBUILT_COUNT;
  const violations = new Violations();
  const acceptedTypes = new Set<string>();
  const refusalCodes = new Set<string>();
  let computedCount = 0;
  const exploration = explore(
    bounds,
    {
      isDone: () => until !== undefined && violations.found.has(until),
      onState: (state, takes) => {
        const where = (): Way => wayTo(state);
        violations.check(truthsOf(state), where);
        violations.check({ 'a prompt is taken at once': takesPrompt(state, takes) }, where);
      },
      onStep: (step) => {
        acceptedTypes.add(step.move.input.type);
        const where = (): Way => [...wayTo(step.state), step.move];
        violations.check(truthsOn(step), where);
        violations.check(TAKEN, where);
        onStep?.(step);
      },
      onThrown: ({ state, move }) =>
        violations.check({ [NEVER_THROWS]: false }, () => [...wayTo(state), move]),
      onBroken: (broken) => {
        const { state, move, hasThrown } = broken;
        violations.check({ 'an input that throws is not taken': hasThrown }, () => [...wayTo(state), move]);
        onBroken?.(broken);
      },
      onComputed: (computed) => {
        computedCount += 1;
        if (computedCount > rebuiltCount && computedCount % 8 > 0) return;
        violations.check(truthsOfRebuilt(computed), computed.way);
      },
      onTurned: (turned) => {
        if (turned.refusal !== null) refusalCodes.add(turned.refusal.code);
        violations.check(truthsOfTurned(turned), () => [...wayTo(turned.state), turned.move]);
      },
    },
    machines,
  );
  // of states that were not gone on from nothing can be said
  const isWhole = until === undefined || !violations.found.has(until);
  const mostFirings = isWhole ? firingsToRest(exploration.states, violations) : 0;
  if (isWhole) checkStored(exploration.states, violations, machines);
  const { found: ways, checks } = violations;
  return { ...exploration, ways, checks, mostFirings, acceptedTypes, refusalCodes };
}

/** What a crash loses is what is not stored, and a commit that failed is undone by what is: both must be everything. */
function truthsOfRebuilt({ result, again }: Computed): Truths {
  const [{ context }] = result;
  return {
    'what is remembered is plain JSON': isDeepStrictEqual(JSON.parse(JSON.stringify(context)), context),
    'the same input does the same after a failed commit': textOfResult(again()) === textOfResult(result),
  };
}

const textOfResult = ([{ value, context, status, output }, actions]: Computed['result']): string =>
  JSON.stringify([value, context, status, output, actions.map(shownAction)]);

/** Other actors by their names. */
const shownAction = ({ type, params }: Computed['result'][1][number]): unknown => {
  if (type === 'xstate.sendTo') {
    const { to, event } = params as { to: { id: string }; event: unknown };
    return [type, to.id, event];
  }
  if (type === 'xstate.spawnChild' || type === 'xstate.stopChild')
    return [type, (params as { id?: string } | undefined)?.id];
  return [type, params];
};

/** Every 50th state as a whole is taken from its stored form. */
function checkStored(states: readonly State[], violations: Violations, machines?: Machines): void {
  const stepper = new Stepper('thread', undefined, machines);
  const textOf = (charts: Charts): string => JSON.stringify(storeCharts(charts));
  states.forEach((state, index) => {
    if (index % 50 > 0) return;
    const text = textOf(state.charts);
    const isSame = textOf(stepper.restore(JSON.parse(text))) === text;
    violations.check({ 'a stored state is restored as it was': isSame }, () => wayTo(state));
  });
}

/** Rule → the shortest way to its violation, in words. */
export const violationsOf = ({ ways }: Proof): Readonly<Record<string, string>> =>
  Object.fromEntries([...ways].map(([rule, way]) => [rule, written(way)]));

export const report = (name: string, { states, edgeCount, turnedCount, mostFirings }: Proof): void =>
  console.log(
    `${name}: ${states.length} states, ${edgeCount} accepted and ${turnedCount} other inputs, ` +
      `at rest after ${mostFirings} firings at most`,
  );
