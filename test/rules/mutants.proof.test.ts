/**
 * Every guard, action, transition, entry and exit of the three charts is taken out once; some rule must notice. What
 * none notices is listed with its reason.
 */
import { createMachine, type AnyStateMachine } from 'xstate';
import { expect, it } from 'vitest';
import { WORLD, type World } from '../helpers/given.ts';
import type { RawState } from '../helpers/mutants.ts';
import { RULES } from '../helpers/rule.ts';
import './activities.test.ts';
import './agents.test.ts';
import './background.test.ts';
import './checkpoints.test.ts';
import './closing.test.ts';
import './commands.test.ts';
import './compaction.test.ts';
import './connection.test.ts';
import './fencing.test.ts';
import './forks.test.ts';
import './interrupts.test.ts';
import './plans.test.ts';
import './held-queue.test.ts';
import './queue.test.ts';
import './recovery.test.ts';
import './reopening.test.ts';
import './requests.test.ts';
import './roster.test.ts';
import './side-turns.test.ts';
import './steers.test.ts';
import './tasks.test.ts';
import './thread-commands.test.ts';
import './transcript.test.ts';
import './transfers.test.ts';
import './turn-ends.test.ts';
import './worktree.test.ts';

const NAMES = ['thread', 'connection', 'turn'] as const;
type Name = (typeof NAMES)[number];
type Mutant = readonly [name: string, world: () => World];

const DATA_ACTIONS = ['fact', 'effect', 'armTimer', 'cancelTimer'];

const machineOf = (name: Name): AnyStateMachine =>
  name === 'thread' ? WORLD.machines.roots.thread : WORLD.machines.children[name];

function worldWith(name: Name, machine: AnyStateMachine): World {
  const { roots, children } = WORLD.machines;
  const machines =
    name === 'thread'
      ? { roots: { ...roots, thread: machine }, children }
      : { roots, children: { ...children, [name]: machine } };
  return { ...WORLD, machines };
}

function implementationMutants(name: Name): Mutant[] {
  const machine = machineOf(name);
  const { guards, actions } = machine.implementations;
  const ofGuards = Object.keys(guards).flatMap((guard) =>
    [true, false].map((answer): Mutant => [
      `${name}: ${guard} is ${answer}`,
      () => worldWith(name, machine.provide({ guards: { [guard]: () => answer } })),
    ]),
  );
  const ofActions = Object.keys(actions)
    .filter((action) => !DATA_ACTIONS.includes(action))
    .map((action): Mutant => [
      `${name}: no ${action}`,
      () => worldWith(name, machine.provide({ actions: { [action]: () => {} } })),
    ]);
  return [...ofGuards, ...ofActions];
}

/** A state of the chart without one of its parts. */
function chartMutants(name: Name, path: readonly string[] = []): Mutant[] {
  const machine = machineOf(name);
  const state = stateAt(machine.config as RawState, path);
  const edited = (what: string, edit: (state: RawState) => void): Mutant => [
    `${name}: ${path.join('.')} without ${what}`,
    () => {
      const config = copyOf(machine.config) as RawState;
      edit(stateAt(config, path));
      return worldWith(name, createMachine(config as object, machine.implementations as object));
    },
  ];
  const on = Object.entries(state.on ?? {}).flatMap(([event, branches]) =>
    listOf(branches).map((_, index, all) =>
      edited(all.length === 1 ? event : `${event} ${index}`, (raw) => {
        raw.on = { ...raw.on, [event]: listOf(raw.on?.[event]).toSpliced(index, 1) };
        if (all.length === 1) delete raw.on[event];
      }),
    ),
  );
  const always = (state.always === undefined ? [] : listOf(state.always)).map((_, index) =>
    edited(`always ${index}`, (raw) => {
      raw.always = listOf(raw.always).toSpliced(index, 1);
    }),
  );
  const ends = (['entry', 'exit'] as const)
    .filter((each) => state[each] !== undefined)
    .map((each) => edited(each, (raw) => delete raw[each]));
  const inner = Object.keys(state.states ?? {}).flatMap((key) => chartMutants(name, [...path, key]));
  return [...on, ...always, ...ends, ...inner];
}

function stateAt(config: RawState, path: readonly string[]): RawState {
  return path.reduce((state, key) => state.states?.[key] ?? {}, config);
}

/** A forbidden event is written as `undefined`, and is one branch, too. */
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyOf(each)]));
}

/** What may be taken out unnoticed, and why it is there. */
const EQUIVALENT: Readonly<Record<string, string>> = {
  'connection: isAnswerable is true': 'decide refuses by the status of the row first',
  'turn: isAnswerable is true': 'decide refuses by the status of the row first',
  'thread: isOfConnection is true': 'route asks the owner that the input names',
  'turn: isOnMyConnection is true': 'the root compares the connection first',
  'turn: live.ending without exit':
    'the states that follow cancel all timers of the turn or arm the same one',
  'turn: live.interrupting without exit': 'the states that follow cancel all timers of the turn',
  'turn: settling without exit': 'the end of the turn cancels all its timers',
};

/** The rule that has noticed something is asked first next time: what is taken out then is mostly its own, too. */
function isNoticed([, world]: Mutant): boolean {
  const mutated = world();
  const index = RULES.findIndex((rule) => !rule.holdsIn(mutated));
  if (index > 0) RULES.unshift(...RULES.splice(index, 1));
  return index >= 0;
}

let mutantCount = 0;

it.each(NAMES)('no part of the chart of a %s can be taken out unnoticed', (name) => {
  const mutants = [...implementationMutants(name), ...chartMutants(name)];
  const unnoticed = mutants.filter((mutant) => !isNoticed(mutant)).map(([mutant]) => mutant);
  console.log(`${name}: ${mutants.length} mutants, ${RULES.length} rules, ${unnoticed.length} unnoticed`);
  mutantCount += mutants.length;
  const equivalent = Object.keys(EQUIVALENT).filter((mutant) => mutant.startsWith(`${name}: `));
  expect(unnoticed.toSorted()).toEqual(equivalent.toSorted());
});

it('every part is among them', () => expect(mutantCount).toBeGreaterThanOrEqual(600));
