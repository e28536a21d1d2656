/** An exploration with all that must hold in it. */
import type { Machines } from '../../machines/charts.ts';
import type { Bounds } from './environment.ts';
import { explore, nameOf, wayTo, type Exploration } from './explore.ts';
import { firingsToRest, takesPrompt, truthsOf, truthsOfTurned, truthsOn, Violations } from './invariants.ts';
import type { LiveReplay } from './live-replay.ts';

export interface Proof extends Exploration {
  /** Rule → shortest way to a state or edge that breaks it. */
  readonly violations: Readonly<Record<string, string>>;
  /** From no state do more timers have to fire until the thread rests. */
  readonly mostFirings: number;
  /** Types of inputs that were accepted in some state. */
  readonly acceptedTypes: ReadonlySet<string>;
  /** Codes of refusals that a command got in some state. */
  readonly refusalCodes: ReadonlySet<string>;
}

export interface ProofOptions {
  readonly live?: LiveReplay;
  readonly machines?: Machines;
}

export function prove(bounds: Bounds, { live, machines }: ProofOptions = {}): Proof {
  const violations = new Violations();
  const acceptedTypes = new Set<string>();
  const refusalCodes = new Set<string>();
  const exploration = explore(
    bounds,
    {
      onState: (state, takes) => {
        violations.check(truthsOf(state), () => wayTo(state));
        violations.check({ 'a prompt is taken at once': takesPrompt(state, takes) }, () => wayTo(state));
      },
      onStep: (step) => {
        acceptedTypes.add(step.move.input.type);
        violations.check(truthsOn(step), () => `${wayTo(step.state)} > ${nameOf(step.move)}`);
        live?.replay(step);
      },
      onTurned: (turned) => {
        if (turned.refusal !== null) refusalCodes.add(turned.refusal.code);
        violations.check(truthsOfTurned(turned), () => `${wayTo(turned.state)} > ${nameOf(turned.move)}`);
      },
    },
    machines,
  );
  const mostFirings = firingsToRest(exploration.states, violations);
  return {
    ...exploration,
    violations: Object.fromEntries(violations.found),
    mostFirings,
    acceptedTypes,
    refusalCodes,
  };
}

export const report = (name: string, { states, edgeCount, turnedCount, mostFirings }: Proof): void =>
  console.log(
    `${name}: ${states.length} states, ${edgeCount} accepted and ${turnedCount} other inputs, ` +
      `at rest after ${mostFirings} firings at most`,
  );
