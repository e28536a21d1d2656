/** The live driver: one root actor per stream, in a system of its own. */
import {
  createActor,
  type AnyActor,
  type AnyActorLogic,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from 'xstate';
import {
  CHILDREN,
  ROOTS,
  draw,
  drawStatus,
  newDrawn,
  restorable,
  storeCharts,
  type Charts,
  type Drawn,
  type RootKind,
  type StoredCharts,
} from './charts.ts';
import { takenOf, type TakenEvent } from './taken.ts';

/** Where the data actions of the actor that is being sent to are drawn. Set before each send: sends do not nest. */
let sink: Drawn = newDrawn();

/** Of an actor that has gone on: what it began with would be kept for its life. */
const NOTHING: Drawn = newDrawn();

const dataAction =
  (type: string) =>
  (_: unknown, params: unknown): void =>
    void draw(sink, type, params);

const actions = {
  fact: dataAction('fact'),
  effect: dataAction('effect'),
  armTimer: dataAction('armTimer'),
  cancelTimer: dataAction('cancelTimer'),
};

const provided = (machine: AnyStateMachine, actors: Record<string, AnyActorLogic> = {}): AnyStateMachine =>
  machine.provide({ actions, actors });

/** Provided once for the process: it costs a millisecond. */
const LIVE: Readonly<Record<RootKind, AnyStateMachine>> = {
  thread: provided(ROOTS.thread, {
    connection: provided(CHILDREN.connection),
    turn: provided(CHILDREN.turn),
  }),
  instance: provided(ROOTS.instance),
};

export type LiveStart = { readonly input: object } | { readonly stored: StoredCharts };

/** A root actor and its children. After a throw it is dead: drop it and make another one from the journal. */
export class LiveCharts {
  readonly #actor: AnyActor;
  #error: { readonly cause: unknown } | null = null;
  /** As the last send has left them; made when they are first asked for. */
  #charts: Charts | null = null;
  /** What was drawn on the way into the first state, until something is sent; empty for a restored actor. */
  started: Drawn;

  constructor(kind: RootKind, from: LiveStart) {
    const options = 'input' in from ? { input: from.input } : { snapshot: restorable(from.stored) };
    this.#actor = createActor(LIVE[kind], options);
    this.#actor.subscribe({ error: (cause: unknown) => void (this.#error = { cause }) });
    this.started = this.#collect(() => this.#actor.start());
  }

  /** @throws whatever a guard or action threw; the actor is dead then. */
  send(event: AnyEventObject): Drawn {
    this.started = NOTHING;
    return this.#collect(() => this.#actor.send(event));
  }

  get charts(): Charts {
    this.#charts ??= chartsOf(this.#actor.getSnapshot());
    return this.#charts;
  }

  store(): StoredCharts {
    return storeCharts(this.charts);
  }

  stop(): void {
    this.#actor.stop();
  }

  /** For inspection of the running actor system. */
  get system(): AnyActor['system'] {
    return this.#actor.system;
  }

  /** Tells of each event that one of the actors takes, until the returned end. Nothing is observed without it. */
  inspect(onTaken: (taken: TakenEvent) => void): () => void {
    const observing = this.system.inspect(takenOf(onTaken));
    return () => observing.unsubscribe();
  }

  #collect(run: () => void): Drawn {
    const drawn = newDrawn();
    const before = this.#actor.getSnapshot();
    sink = drawn;
    run();
    this.#charts = null;
    if (this.#error !== null) throw this.#error.cause;
    drawStatus(drawn, before, this.#actor.getSnapshot());
    return drawn;
  }
}

function chartsOf(root: AnyMachineSnapshot): Charts {
  const { connection, turn } = root.children;
  return {
    root,
    ...(connection === undefined ? {} : { connection: connection.getSnapshot() }),
    ...(turn === undefined ? {} : { turn: turn.getSnapshot() }),
  };
}
