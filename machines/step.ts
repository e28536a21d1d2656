/**
 * The pure driver: (charts, event) → charts and what they drew, without actors. For replay, time travel and the
 * exploration. Only this file touches XState's scope and internal actions (5.33.3); `test/rules/drivers.test.ts` and the
 * exploration prove it equal to the live one.
 */
import type { AnyActorScope, AnyEventObject, AnyMachineSnapshot } from 'xstate';
import {
  MACHINES,
  draw,
  drawStatus,
  newDrawn,
  restorable,
  type ActorId,
  type Charts,
  type ChildId,
  type Drawn,
  type Machines,
  type RootKind,
  type StoredCharts,
} from './charts.ts';

export interface Stepped {
  readonly charts: Charts;
  readonly drawn: Drawn;
}

/** An action as a transition lists it. */
export interface ListedAction {
  readonly type: string;
  readonly params?: unknown;
}
/** One machine, one event; replaceable by a memo for explorations. */
export type Transition = (
  id: ActorId,
  snapshot: AnyMachineSnapshot,
  event: AnyEventObject,
) => readonly [AnyMachineSnapshot, readonly ListedAction[]];

/** Steps the charts of one kind of root. Holds no state of any stream: one instance serves all. */
export class Stepper {
  readonly #kind: RootKind;
  readonly #transition: Transition;
  readonly #machines: Machines;
  /** Collects the actions of the transition under way. */
  #listed: ListedAction[] = [];
  readonly #scopes: Readonly<Record<ActorId, AnyActorScope>>;

  constructor(kind: RootKind, transition?: (plain: Transition) => Transition, machines: Machines = MACHINES) {
    this.#kind = kind;
    this.#machines = machines;
    const list = (action: ListedAction): void => void this.#listed.push(action);
    const root = inertScope('root', list);
    this.#scopes = {
      root,
      connection: inertScope('connection', list, root),
      turn: inertScope('turn', list, root),
    };
    const plain: Transition = (id, snapshot, event) => this.#plain(id, snapshot, event);
    this.#transition = transition === undefined ? plain : transition(plain);
  }

  /** The first state of a stream, and what was drawn on the way into it. */
  start(input: object): Stepped {
    this.#listed = [];
    const root = this.#machines.roots[this.#kind].getInitialSnapshot(this.#scopes.root, input);
    const run = new Run(this.#transition, { root }, (id, params) => this.#spawn(id, params));
    run.perform('root', this.#listed);
    return run.result();
  }

  restore(stored: StoredCharts): Charts {
    const root = this.#machines.roots[this.#kind].restoreSnapshot(restorable(stored), this.#scopes.root);
    const charts: { -readonly [Id in keyof Charts]: Charts[Id] } = { root };
    for (const id of ['connection', 'turn'] as const) {
      if (root.children[id] !== undefined) charts[id] = root.children[id].getSnapshot();
    }
    return charts;
  }

  step(charts: Charts, event: AnyEventObject): Stepped {
    const run = new Run(this.#transition, charts, (id, params) => this.#spawn(id, params));
    run.send('root', event);
    return run.result();
  }

  #plain(id: ActorId, snapshot: AnyMachineSnapshot, event: AnyEventObject): ReturnType<Transition> {
    const logic = id === 'root' ? this.#machines.roots[this.#kind] : this.#machines.children[id];
    this.#listed = [];
    const next = logic.transition(snapshot, event, this.#scopes[id]);
    return [next, this.#listed];
  }

  #spawn(id: ChildId, input: unknown): ReturnType<Transition> {
    this.#listed = [];
    const snapshot = this.#machines.children[id].getInitialSnapshot(this.#scopes[id], input);
    return [snapshot, this.#listed];
  }
}

/** One input on its way through the composite: mailboxes, spawns, stops and done events, as live actors do them. */
class Run {
  readonly #transition: Transition;
  readonly #spawn: (id: ChildId, input: unknown) => ReturnType<Transition>;
  readonly #charts: Partial<Record<ActorId, AnyMachineSnapshot>>;
  readonly #mailboxes: Readonly<Record<ActorId, AnyEventObject[]>> = { root: [], connection: [], turn: [] };
  readonly #busy = new Set<ActorId>();
  readonly #before: AnyMachineSnapshot;
  readonly #drawn = newDrawn();

  constructor(
    transition: Transition,
    charts: Charts,
    spawn: (id: ChildId, input: unknown) => ReturnType<Transition>,
  ) {
    this.#transition = transition;
    this.#charts = { ...charts };
    this.#before = charts.root;
    this.#spawn = spawn;
  }

  result(): Stepped {
    const { root, connection, turn } = this.#charts;
    if (root === undefined) throw new Error('a composite has a root');
    if (root.status === 'error') throw root.error;
    const charts = {
      root,
      ...(connection === undefined ? {} : { connection }),
      ...(turn === undefined ? {} : { turn }),
    };
    drawStatus(this.#drawn, this.#before, root);
    return { charts, drawn: this.#drawn };
  }

  /** An idle actor runs at once, a busy one queues, one that has ended takes nothing. */
  send(id: ActorId, event: AnyEventObject): void {
    if (this.#charts[id]?.status !== 'active') return;
    this.#mailboxes[id].push(event);
    if (this.#busy.has(id)) return;
    this.#busy.add(id);
    for (let next = this.#mailboxes[id].shift(); next !== undefined; next = this.#mailboxes[id].shift()) {
      const snapshot = this.#charts[id];
      if (snapshot?.status !== 'active') continue;
      const [after, actions] = this.#transition(id, snapshot, next);
      this.#charts[id] = after;
      this.perform(id, actions);
    }
    this.#busy.delete(id);
  }

  /** Data actions are drawn in order; what concerns other actors happens when the transition is through. */
  perform(id: ActorId, actions: readonly ListedAction[]): void {
    const later: (() => void)[] = [];
    for (const { type, params } of actions) {
      if (draw(this.#drawn, type, params)) continue;
      const effect = this.#outward(type, params);
      if (effect !== null) later.push(effect);
    }
    for (const effect of later) effect();
    const after = this.#charts[id];
    if (id === 'root' || after?.status === 'active') return;
    if (after?.status === 'done') {
      this.send('root', { type: `xstate.done.actor.${id}`, output: after.output, actorId: id });
    } else if (after?.status === 'error') {
      this.send('root', { type: `xstate.error.actor.${id}`, error: after.error, actorId: id });
    }
  }

  // the shapes of XState's own actions, 5.33.3
  /* oxlint-disable typescript/no-unsafe-type-assertion */
  #outward(type: string, params: unknown): (() => void) | null {
    if (type === 'xstate.sendTo') {
      const { to, event } = params as { to: { id: ActorId }; event: AnyEventObject };
      return () => this.send(to.id, event);
    }
    if (type === 'xstate.spawnChild') {
      const { id, input } = params as { id: ChildId; input: unknown };
      return () => this.#start(id, input);
    }
    if (type !== 'xstate.stopChild') return null;
    const child = params as { id: ChildId } | undefined;
    if (child === undefined) return null;
    const stopped = this.#charts[child.id];
    // unless it was replaced meanwhile
    return () => {
      if (this.#charts[child.id] === stopped) delete this.#charts[child.id];
    };
  }

  /* oxlint-enable typescript/no-unsafe-type-assertion */

  #start(id: ChildId, input: unknown): void {
    const [snapshot, actions] = this.#spawn(id, input);
    this.#charts[id] = snapshot;
    this.#mailboxes[id].length = 0;
    this.perform(id, actions);
  }
}

/** A scope in which nothing happens but the listing of actions. */
function inertScope(
  id: ActorId,
  actionExecutor: (action: ListedAction) => void,
  parent?: AnyActorScope,
): AnyActorScope {
  const system = parent?.system ?? {
    _bookId: () => id,
    _register: () => id,
    _unregister: ignore,
    _set: ignore,
    _relay: ignore,
    _sendInspectionEvent: ignore,
    _clock: { setTimeout: ignore, clearTimeout: ignore },
    _logger: ignore,
    scheduler: { schedule: ignore, cancel: ignore, cancelAll: ignore },
  };
  const self = { id, system, ...(parent === undefined ? {} : { _parent: parent.self }) };
  const scope = { self, id, sessionId: id, system, logger: ignore, defer: ignore, emit: ignore };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as much of a scope as transitions use
  return { ...scope, stopChild: ignore, actionExecutor } as unknown as AnyActorScope;
}

const ignore = (): void => {};
