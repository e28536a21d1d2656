/**
 * One machine by itself, as `xstate/graph` walks it: what its parent and its children tell it are events like all
 * others. Every edge that the graph finds is taken once more by a live actor, and every path too.
 */
import {
  createActor,
  fromTransition,
  type AnyActor,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from 'xstate';
import { getAdjacencyMap, getShortestPaths } from 'xstate/graph';

export interface Subject {
  readonly machine: AnyStateMachine;
  /** What it may be started with; each is explored. */
  readonly starts: readonly object[];
  /** All that may come in a state; what no transition takes is no edge. */
  readonly eventsIn: (snapshot: AnyMachineSnapshot) => readonly AnyEventObject[];
  /** Snapshots with the same name are the same state. */
  readonly keyOf: (snapshot: AnyMachineSnapshot) => string;
}

type Node = AnyStateMachine['root'];

const EVENT_LIMIT = 1_000_000;
const silent = fromTransition((state: null) => state, null);
const nothing = (): void => {};

/** Children that say nothing, and nobody who is told. */
const aloneOf = (machine: AnyStateMachine): AnyStateMachine =>
  machine.provide({
    actions: { toParent: nothing, toConnection: nothing, toTurn: nothing },
    actors: { connection: silent, turn: silent },
  });

export class Alone {
  stateCount = 0;
  edgeCount = 0;
  pathCount = 0;
  longestPath = 0;
  /** Types that some state was given, and those that a transition took. */
  readonly given = new Set<string>();
  readonly taken = new Set<string>();
  /** Where a live actor came elsewhere than the graph, the first ones. */
  readonly differences: string[] = [];
  readonly machine: AnyStateMachine;
  readonly #subject: Subject;
  /** Every arrow that is written in the chart, by its name. */
  readonly #arrows: ReadonlyMap<object, string>;
  readonly #crossed = new Set<object>();
  #actor: AnyActor | null = null;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.machine = aloneOf(subject.machine);
    this.#arrows = new Map(nodesIn(this.machine.root).flatMap(arrowsOf));
    for (const start of subject.starts) this.#explore(start);
  }

  get arrowCount(): number {
    return this.#arrows.size;
  }

  /** Arrows that no live actor went along. */
  get uncrossed(): string[] {
    return [...this.#arrows].flatMap(([arrow, name]) => (this.#crossed.has(arrow) ? [] : [name]));
  }

  get summary(): string {
    return (
      `${this.stateCount} states, ${this.edgeCount} edges, ${this.arrowCount} arrows, ` +
      `${this.pathCount} paths of ${this.longestPath} steps at most`
    );
  }

  #explore(start: object): void {
    const options = {
      input: start,
      limit: EVENT_LIMIT,
      serializeState: this.#subject.keyOf,
      events: (snapshot: AnyMachineSnapshot) => this.#eventsIn(snapshot),
      filterEvents: (snapshot: AnyMachineSnapshot, event: AnyEventObject) => snapshot.can(event),
    };
    for (const { state, transitions } of Object.values(getAdjacencyMap(this.machine, options))) {
      this.stateCount += 1;
      this.#replayEdges(state, Object.values(transitions));
    }
    const paths = getShortestPaths(this.machine, options).map(({ steps }) => steps.slice(1));
    this.pathCount += paths.length;
    const begun = new Set(paths.flatMap((steps) => steps.slice(0, -1).map(({ state }) => state)));
    for (const steps of paths)
      if (!begun.has(steps.at(-1)?.state as AnyMachineSnapshot)) this.#replayPath(start, steps);
  }

  #eventsIn(snapshot: AnyMachineSnapshot): readonly AnyEventObject[] {
    const events = snapshot.status === 'active' ? this.#subject.eventsIn(snapshot) : [];
    for (const { type } of events) this.given.add(type);
    return events;
  }

  #replayEdges(state: AnyMachineSnapshot, edges: readonly EdgeOf[]): void {
    const before = shown(state);
    for (const { event, state: next } of edges) {
      this.edgeCount += 1;
      this.taken.add(event.type);
      this.#actor ??= this.#started({ snapshot: this.machine.getPersistedSnapshot(state) });
      this.#send(event, next, shown);
      // an actor that has not moved serves for the next edge, too
      if (shown(this.#actor?.getSnapshot()) !== before) this.#stop();
    }
    this.#stop();
  }

  /** Those that only begin another path are gone with it. */
  #replayPath(start: object, steps: readonly EdgeOf[]): void {
    this.longestPath = Math.max(this.longestPath, steps.length);
    this.#actor = this.#started({ input: start });
    // the graph keeps any one of the states of a name
    for (const { event, state } of steps) this.#send(event, state, this.#subject.keyOf);
    this.#stop();
  }

  #started(from: object): AnyActor {
    const actor = createActor(this.machine, {
      ...from,
      inspect: (seen) => {
        if (seen.type === '@xstate.microstep') for (const each of seen._transitions) this.#crossed.add(each);
      },
    });
    return actor.start();
  }

  #send(event: AnyEventObject, expected: AnyMachineSnapshot, nameOf: Subject['keyOf']): void {
    this.#actor?.send(event);
    const [actual, wanted] = [nameOf(this.#actor?.getSnapshot()), nameOf(expected)];
    if (actual === wanted || this.differences.length > 4) return;
    this.differences.push(`${JSON.stringify(event)}: ${actual} and not ${wanted}`);
  }

  #stop(): void {
    this.#actor?.stop();
    this.#actor = null;
  }
}

interface EdgeOf {
  readonly event: AnyEventObject;
  readonly state: AnyMachineSnapshot;
}

const shown = ({ value, context, status, output, children }: AnyMachineSnapshot): string =>
  JSON.stringify([value, context, status, output, Object.keys(children)]);

function nodesIn(node: Node): Node[] {
  return [node, ...Object.values(node.states).flatMap((each) => nodesIn(each as Node))];
}

/** `bound.idle > turn.submit 0` */
function arrowsOf({ path, transitions, always = [] }: Node): [object, string][] {
  const named = [...transitions].flatMap(([event, branches]) =>
    branches
      .filter(isAllowed)
      .map((arrow, index): [object, string] => [arrow, `${path.join('.')} > ${event} ${index}`]),
  );
  return [
    ...named,
    ...always.map((arrow, index): [object, string] => [arrow, `${path.join('.')} > always ${index}`]),
  ];
}

/** Where a state forbids what those around it take, no arrow leads on. */
const isAllowed = ({ target, actions }: { target?: unknown; actions: readonly unknown[] }): boolean =>
  target !== undefined || actions.length > 0;
