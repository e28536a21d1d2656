/** What every chart has to look like, whatever it says. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AnyStateMachine } from 'xstate';
import { describe, expect, it } from 'vitest';
import {
  COMMAND_INPUT_TYPES,
  PROVIDER_INPUT_TYPES,
  RUNTIME_INPUT_TYPES,
  TIMER_INPUT_TYPES,
  TOLD_INPUT_TYPES,
} from '../../machines/domain/input.ts';
import { instanceInputSchema } from '../../machines/domain/instance.ts';
import { connectionMachine } from '../../machines/connection.machine.ts';
import { instanceMachine } from '../../machines/instance.machine.ts';
import { threadMachine } from '../../machines/thread.machine.ts';
import { turnMachine } from '../../machines/turn.machine.ts';

const MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  thread: threadMachine,
  connection: connectionMachine,
  turn: turnMachine,
  instance: instanceMachine,
};
type Node = AnyStateMachine['root'];

const childrenOf = ({ states }: Node): Node[] => Object.values(states) as Node[];
const nodesIn = (node: Node): Node[] => [node, ...childrenOf(node).flatMap(nodesIn)];
const leavesOf = (machine: AnyStateMachine): Node[] =>
  nodesIn(machine.root).filter((node) => childrenOf(node).length === 0);
const eventsOf = (machine: AnyStateMachine): string[] => [
  ...new Set(nodesIn(machine.root).flatMap((node) => [...node.transitions.keys()])),
];

/** Names of one kind that a chart's config refers to, wherever in it. */
function namesIn(config: unknown, keys: readonly string[]): string[] {
  if (Array.isArray(config)) return config.flatMap((each) => namesIn(each, keys));
  if (typeof config !== 'object' || config === null) return [];
  return Object.entries(config).flatMap(([key, value]) => [
    ...(keys.includes(key) ? named(value) : []),
    ...namesIn(value, keys),
  ]);
}

function named(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(named);
  if (typeof value !== 'object' || value === null) return [];
  return 'type' in value && typeof value.type === 'string' ? [value.type] : [];
}

const inThread = [
  ...COMMAND_INPUT_TYPES,
  ...PROVIDER_INPUT_TYPES,
  ...TIMER_INPUT_TYPES,
  ...RUNTIME_INPUT_TYPES,
  ...TOLD_INPUT_TYPES,
];
const inInstance = instanceInputSchema.options.map(({ shape }) => shape.type.value);

describe.each(Object.entries(MACHINES))('the chart of the %s', (name, machine) => {
  it('describes every leaf', () => {
    const silent = leavesOf(machine).filter(({ description }) => description === undefined);
    expect(silent.map(({ path }) => path.join('.'))).toEqual([]);
  });

  it('describes every state that holds others', () => {
    const silent = nodesIn(machine.root).filter(
      ({ path, description }) => path.length > 0 && description === undefined,
    );
    expect(silent.map(({ path }) => path.join('.'))).toEqual([]);
  });

  it('has an implementation for every guard, action and actor that it names', () => {
    const { guards, actions, actors } = machine.implementations;
    const missing = {
      guards: namesIn(machine.config, ['guard']).filter((each) => !(each in guards)),
      actions: namesIn(machine.config, ['actions', 'entry', 'exit']).filter((each) => !(each in actions)),
      actors: namesIn(machine.config, ['src']).filter((each) => !(each in actors)),
    };
    expect(missing).toEqual({ guards: [], actions: [], actors: [] });
  });

  it('names every guard and action that it implements', () => {
    const { guards, actions } = machine.implementations;
    const byMoves = ['fact', 'effect', 'armTimer', 'cancelTimer', 'toParent', 'toTurn', 'toConnection'];
    const used = namesIn(machine.config, ['guard', 'actions', 'entry', 'exit']);
    const idle = [...Object.keys(guards), ...Object.keys(actions)].filter((each) => !used.includes(each));
    expect(idle.filter((each) => !byMoves.includes(each))).toEqual([]);
  });

  it('has no wildcard, no delayed transition and a bound on its iterations', () => {
    expect(
      eventsOf(machine).filter((event) => event.includes('*') || event.startsWith('xstate.after')),
    ).toEqual([]);
    expect(nodesIn(machine.root).flatMap(({ after }) => after)).toEqual([]);
    expect(machine.options.maxIterations).toBe(1000);
  });

  it('has at most 12 leaves', () => {
    expect(leavesOf(machine).length).toBeLessThanOrEqual(12);
  });

  it('takes catalogued events only', () => {
    const own = name === 'instance' ? inInstance : inThread;
    const foreign = eventsOf(machine).filter(
      (event) =>
        !own.some((type) => type === event) &&
        !event.startsWith('$') &&
        !/^xstate\.(done|error)\.actor\./.test(event),
    );
    expect(foreign).toEqual([]);
  });
});

describe('the charts together', () => {
  it('take every catalogued input of a thread', () => {
    const taken = new Set([threadMachine, connectionMachine, turnMachine].flatMap(eventsOf));
    // the first input of a thread makes its chart
    expect(inThread.filter((type) => !taken.has(type))).toEqual(['thread.create']);
  });

  it('take every catalogued input of an instance', () => {
    const taken = new Set(eventsOf(instanceMachine));
    expect(inInstance.filter((type) => !taken.has(type))).toEqual(['instance.create']);
  });

  it('take in the root of a thread whatever one of its children takes from outside', () => {
    const root = new Set(eventsOf(threadMachine));
    const forwarded = [connectionMachine, turnMachine]
      .flatMap(eventsOf)
      .filter((event) => !event.startsWith('$'));
    expect(forwarded.filter((event) => !root.has(event))).toEqual([]);
  });

  it('give every leaf of the thread exactly one status word', () => {
    const words = ['starting', 'running', 'ready', 'interrupted', 'stopped', 'error'];
    const told = leavesOf(threadMachine).map((leaf) => {
      const tags = nodesIn(threadMachine.root)
        .filter(({ path }) => path.every((key, index) => leaf.path[index] === key))
        .flatMap((node) => node.tags as string[]);
      return [leaf.path.join('.'), tags.filter((tag) => words.includes(tag)).length];
    });
    expect(told.filter(([, count]) => count !== 1)).toEqual([]);
  });

  it('do no work of their own: no promise, callback, clock or randomness in machines/', () => {
    const folder = fileURLToPath(new URL('../../machines/', import.meta.url));
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(20);
    const found = files.filter((file) =>
      /fromPromise|fromCallback|Date\.now|Math\.random|setTimeout/.test(
        readFileSync(`${folder}${file}`, 'utf8'),
      ),
    );
    expect(found.filter((file) => file !== 'step.ts')).toEqual([]);
  });
});
