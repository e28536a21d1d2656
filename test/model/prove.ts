/** An exploration with all that must hold in it. */
import { storeCharts, type Charts, type Machines } from '../../machines/charts.ts';
import { Stepper } from '../../machines/step.ts';
import type { Bounds } from './environment.ts';
import { explore, wayTo, written, type Exploration, type State, type Step, type Way } from './explore.ts';
import { firingsToRest, takesPrompt, truthsOf, Violations } from './invariants.ts';
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
  readonly machines?: Machines;
}

export function prove(bounds: Bounds, { onStep, machines }: ProofOptions = {}): Proof {
  const violations = new Violations();
  const acceptedTypes = new Set<string>();
  const refusalCodes = new Set<string>();
  const exploration = explore(
    bounds,
    {
      onState: (state, takes) => {
        const where = (): Way => wayTo(state);
        violations.check(truthsOf(state), where);
        violations.check({ 'a prompt is taken at once': takesPrompt(state, takes) }, where);
      },
      onStep: (step) => {
        acceptedTypes.add(step.move.input.type);
        violations.check(truthsOn(step), () => [...wayTo(step.state), step.move]);
        onStep?.(step);
      },
      onTurned: (turned) => {
        if (turned.refusal !== null) refusalCodes.add(turned.refusal.code);
        violations.check(truthsOfTurned(turned), () => [...wayTo(turned.state), turned.move]);
      },
    },
    machines,
  );
  const mostFirings = firingsToRest(exploration.states, violations);
  checkStored(exploration.states, violations, machines);
  const { found: ways, checks } = violations;
  return { ...exploration, ways, checks, mostFirings, acceptedTypes, refusalCodes };
}

/** What a crash, a failed commit or an input that throws leaves: every 50th state is taken from its stored form. */
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
