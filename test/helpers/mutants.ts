/** Charts and folds with one rule taken out: a rule whose removal is not noticed is not tested. */
import { createMachine, type AnyStateMachine } from 'xstate';
import type { ActorId, Machines } from '../../machines/charts.ts';
import type { decide, ThreadView } from '../../machines/domain/decide.ts';
import type { FactEvent } from '../../machines/domain/fact.ts';
import type { ThreadContext } from '../../machines/domain/context.ts';
import type { evolve } from '../../machines/domain/evolve.ts';
import type { World } from './given.ts';

/** Takes something out of the world. */
export type Mutation = (world: World) => World;

/** A state as it is written in a chart. */
export interface RawState {
  states?: Record<string, RawState>;
  on?: Record<string, unknown>;
  always?: unknown;
  entry?: unknown;
  exit?: unknown;
}
type MachineName = 'thread' | 'connection' | 'turn';

const idOf = (name: MachineName): ActorId => (name === 'thread' ? 'root' : name);

function machineIn({ roots, children }: Machines, name: MachineName): AnyStateMachine {
  return name === 'thread' ? roots.thread : children[name];
}

function withMachine(name: MachineName, change: (machine: AnyStateMachine) => AnyStateMachine): Mutation {
  return (world) => {
    const { roots, children } = world.machines;
    const changed = change(machineIn(world.machines, name));
    const machines =
      idOf(name) === 'root'
        ? { roots: { ...roots, thread: changed }, children }
        : { roots, children: { ...children, [name]: changed } };
    return { ...world, machines };
  };
}

/** The guard always says `answer`. */
export const guardIs = (name: MachineName, guard: string, answer: boolean): Mutation =>
  withMachine(name, (machine) => {
    known(machine.implementations.guards, guard);
    return machine.provide({ guards: { [guard]: () => answer } });
  });

/** The guard is another function of context and params. */
export const guardAs = (
  name: MachineName,
  guard: string,
  other: (of: { context: never }, params: never) => boolean,
): Mutation =>
  withMachine(name, (machine) => {
    known(machine.implementations.guards, guard);
    return machine.provide({ guards: { [guard]: other as () => boolean } });
  });

/** The action does nothing. */
export const withoutAction = (name: MachineName, ...actions: string[]): Mutation =>
  withMachine(name, (machine) => {
    for (const action of actions) known(machine.implementations.actions, action);
    return machine.provide({ actions: Object.fromEntries(actions.map((each) => [each, () => {}])) });
  });

/** The action does what another one, or one made by `actOf`, does. */
export const actionIs = (name: MachineName, action: string, other: unknown): Mutation =>
  withMachine(name, (machine) => {
    const { actions } = machine.implementations;
    known(actions, action);
    const done = typeof other === 'string' ? known(actions, other) : other;
    return machine.provide({ actions: { [action]: done as () => void } });
  });

/** The chart with a state rewritten; `at` is a path such as `bound.working`, or empty for the root. */
export const chartWith = (name: MachineName, at: string, edit: (state: RawState) => void): Mutation =>
  withMachine(name, (machine) => {
    const config = copyOf(machine.config) as RawState;
    edit(stateAt(config, at));
    return createMachine(config as object, machine.implementations as object);
  });

/** Without a transition: `bound.working > turn.submit`, or one branch of it: `… > turn.submit > 0`. */
export function withoutTransition(name: MachineName, path: string): Mutation {
  const [at = '', event = '', branch] = path.split(' > ');
  return chartWith(name, at, (state) => {
    const on = state.on ?? {};
    if (!(event in on)) throw new Error(`${name} ${at} has no transition for ${event}`);
    const branches = on[event];
    if (branch === undefined) delete on[event];
    else if (Array.isArray(branches) && Number(branch) < branches.length) branches.splice(Number(branch), 1);
    else throw new Error(`${name} ${at} has no branch ${branch} for ${event}`);
  });
}

/** Without one of the eventless transitions. */
export const withoutAlways = (name: MachineName, at: string, branch: number): Mutation =>
  chartWith(name, at, (state) => {
    const branches = Array.isArray(state.always) ? state.always : [state.always];
    if (branches[branch] === undefined) throw new Error(`${name} ${at} has no always ${branch}`);
    state.always = branches.toSpliced(branch, 1);
  });

/** Decisions about another context than the true one. */
export const decidesOn = (change: (context: ThreadContext) => Partial<ThreadContext>): Mutation =>
  decidesBy((real) => (view, input, lookups) => real(seen(view, change), input, lookups));

const seen = (view: ThreadView, change: (context: ThreadContext) => Partial<ThreadContext>): ThreadView => ({
  ...view,
  context: { ...view.context, ...change(view.context) },
});

export const decidesBy =
  (change: (real: typeof decide) => typeof decide): Mutation =>
  (world) => ({ ...world, decide: change(world.decide) });

/** Facts are folded in another way. */
export const foldsBy =
  (change: (real: typeof evolve) => (...given: Parameters<typeof evolve>) => void): Mutation =>
  (world) => ({ ...world, evolve: change(world.evolve) });

/** The fold does not see such facts. */
export const foldsWithout = (isLeftOut: (event: FactEvent) => boolean): Mutation =>
  foldsBy((real) => (tables, event) => {
    if (!isLeftOut(event)) real(tables, event);
  });

export const both =
  (...mutations: Mutation[]): Mutation =>
  (world) =>
    mutations.reduce((changed, mutate) => mutate(changed), world);

function known(named: Readonly<Record<string, unknown>>, name: string): unknown {
  if (named[name] === undefined) throw new Error(`the machine has no ${name}`);
  return named[name];
}

function stateAt(config: RawState, at: string): RawState {
  let state = config;
  for (const key of at === '' ? [] : at.split('.')) {
    const next = state.states?.[key];
    if (next === undefined) throw new Error(`no state ${at}`);
    state = next;
  }
  return state;
}

/** Plain objects and arrays are copied, functions stay. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyOf(each)]));
}
