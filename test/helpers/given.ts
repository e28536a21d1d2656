/**
 * `given(inputs).when(inputs)`: the charts of one thread on the pure driver with `decide` in front, its facts folded by
 * `evolve` and its timers by `evolveTimers`, as the runtime does it, without the runtime.
 */
import {
  MACHINES,
  storeCharts,
  threadContextOf,
  type Charts,
  type Machines,
  type StoredCharts,
} from '../../machines/charts.ts';
import {
  canTake,
  decide,
  type Lookups,
  type Refusal,
  type ThreadView,
} from '../../machines/domain/decide.ts';
import type { Effect } from '../../machines/domain/effect.ts';
import type { ErrorCode } from '../../machines/domain/error.ts';
import { evolve } from '../../machines/domain/evolve.ts';
import { factSchema, type Fact, type FactOf, type FactType } from '../../machines/domain/fact.ts';
import { COMMAND_INPUT_TYPES, type ThreadInput } from '../../machines/domain/input.ts';
import { evolveTimers, type ArmedTimers } from '../../machines/domain/timer.ts';
import type { Status } from '../../machines/domain/fact.ts';
import type { Lineage } from '../../machines/domain/lineage.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { Capabilities } from '../../machines/domain/capability.ts';
import { statusOf } from '../../machines/charts.ts';
import { Stepper } from '../../machines/step.ts';
import { briefs } from './brief.ts';
import { startInWorktree, startOf, type Start } from './inputs.ts';
import { MapTables } from './map-tables.ts';

/** Everything that a rule may live in; mutants replace a part of it. */
export interface World {
  readonly machines: Machines;
  readonly decide: typeof decide;
  readonly canTake: typeof canTake;
  readonly evolve: typeof evolve;
}
export const WORLD: World = { machines: MACHINES, decide, canTake, evolve };

/** An input, or how to make one from the stage: a timer that fires needs to be armed. */
export type Cue = ThreadInput | ((stage: Stage) => ThreadInput | null);

/** The firing of an armed timer; `null`, taken by nobody, where it is not armed. */
export const fires =
  (name: string): Cue =>
  ({ timers }) => {
    const timer = timers[name];
    if (timer === undefined) return null;
    // an armed timer's input is whole but for the two fields that the runtime adds
    return { ...timer.fires, timer: name, armedBy: timer.armedBy } as unknown as ThreadInput;
  };

export interface Taken {
  readonly input: ThreadInput | null;
  /** Of a command that was refused. */
  readonly refusal: Refusal | null;
  /** No chart takes it now. */
  readonly isIgnored: boolean;
  readonly facts: readonly Fact[];
  readonly effects: readonly Effect[];
}

const NOTHING = { refusal: null, isIgnored: false, facts: [], effects: [] };

export class Stage {
  readonly world: World;
  readonly #stepper: Stepper;
  #charts: Charts;
  timers: ArmedTimers = {};
  readonly tables = new MapTables();
  readonly taken: Taken[] = [];
  #sequence = 0;

  constructor(world: World, start: Start) {
    this.world = world;
    this.#stepper = new Stepper('thread', undefined, world.machines);
    const { charts, drawn } = this.#stepper.start(start);
    this.#charts = charts;
    this.#fold(drawn.facts as Fact[], drawn.timers);
  }

  take(cue: Cue): Taken {
    const taken = this.#take(typeof cue === 'function' ? cue(this) : cue);
    this.taken.push(taken);
    return taken;
  }

  #take(input: ThreadInput | null): Taken {
    if (input === null) return { input, ...NOTHING, isIgnored: true };
    const refusal = this.#refusalOf(input);
    if (refusal !== null) return { input, ...NOTHING, refusal };
    if (!this.world.canTake(this.view, input)) return { input, ...NOTHING, isIgnored: true };
    const { charts, drawn } = this.#stepper.step(this.#charts, input);
    this.#charts = charts;
    const facts = drawn.facts.map((fact) => factSchema.parse(fact));
    if ('timer' in input) {
      const { [input.timer]: _, ...rest } = this.timers;
      this.timers = rest;
    }
    this.#fold(facts, drawn.timers);
    return { input, ...NOTHING, facts, effects: drawn.effects };
  }

  #refusalOf(input: ThreadInput): Refusal | null {
    if (!COMMAND_INPUT_TYPES.has(input.type)) return null;
    const source = input.type === 'turn.submit' ? input.prompt.sourcePlan : undefined;
    const lookups: Lookups = {
      plan: source === undefined ? null : (this.tables.items.get(source.itemId) ?? null),
      request: input.type === 'request.respond' ? (this.tables.requests.get(input.requestId) ?? null) : null,
    };
    return this.world.decide(this.view, input, lookups);
  }

  #fold(facts: readonly Fact[], changes: Parameters<typeof evolveTimers>[1]): void {
    this.#sequence += 1;
    const place = { sequence: this.#sequence, version: this.#sequence, at: this.#sequence };
    this.timers = evolveTimers(this.timers, changes, place);
    for (const fact of facts) this.world.evolve(this.tables, { ...place, fact });
  }

  /** The server is killed and comes up again: charts and timers from their durable form. */
  restore(): void {
    const stored = structuredClone(this.stored) satisfies StoredCharts;
    this.#charts = this.#stepper.restore(stored);
  }

  get charts(): Charts {
    return this.#charts;
  }
  get stored(): StoredCharts {
    return storeCharts(this.#charts);
  }
  get context() {
    return threadContextOf(this.#charts.root);
  }
  get view(): ThreadView {
    return { ...this.#charts, context: this.context };
  }
  get status(): Status {
    return statusOf(this.#charts.root).status;
  }
}

/** What the inputs of `when` came to. */
export class Outcome {
  readonly stage: Stage;
  readonly taken: readonly Taken[];

  constructor(stage: Stage, taken: readonly Taken[]) {
    this.stage = stage;
    this.taken = taken;
  }

  get status(): Status {
    return this.stage.status;
  }
  get active(): string | null {
    return this.stage.context.activeTurn?.turnId ?? null;
  }
  get lastError(): ErrorCode | null {
    return this.stage.context.lastError?.code ?? null;
  }
  get facts(): readonly Fact[] {
    return this.taken.flatMap((each) => each.facts);
  }
  get effects(): readonly Effect[] {
    return this.taken.flatMap((each) => each.effects);
  }
  /** Facts as lines, of these types or all. */
  said(...types: FactType[]): string[] {
    return briefs(this.facts.filter((fact) => types.length === 0 || types.includes(fact.type)));
  }
  /** Effects as lines, of these types or all. */
  did(...types: Effect['type'][]): string[] {
    return briefs(this.effects.filter((effect) => types.length === 0 || types.includes(effect.type)));
  }
  /** Every end that was stated of the turn. */
  ends(turn: string): FactOf<'turn.ended'>[] {
    return this.facts.filter(
      (fact) => fact.type === 'turn.ended' && fact.turnId === turn,
    ) as FactOf<'turn.ended'>[];
  }
  /** Outcome of the turn's one end, with the code of its failure. */
  end(turn: string): string {
    return this.ends(turn)
      .map(({ outcome, failure, reason }) => [outcome, failure?.code ?? reason].filter(Boolean).join(' '))
      .join(', ');
  }
  /** Of the last input: the code of its refusal, `ignored`, or `taken`. */
  get answer(): string {
    const last = this.taken.at(-1);
    if (last === undefined) return 'nothing';
    if (last.refusal !== null) return last.refusal.code;
    return last.isIgnored ? 'ignored' : 'taken';
  }
  /** `held interrupted: b next, c`. */
  get queue(): string {
    const { status, reason, entries } = this.stage.context.queue;
    const shown = entries.map(({ turnId, intent }) => (intent === 'next' ? `${turnId} next` : turnId));
    return `${[status, reason].filter(Boolean).join(' ')}: ${shown.join(', ')}`;
  }
  /** Values of thread, connection and turn. */
  get value(): unknown {
    const { root, connection, turn } = this.stage.charts;
    return [root.value, connection?.value, turn?.value];
  }
  get armed(): string[] {
    return Object.keys(this.stage.timers).toSorted();
  }
  /** Status of a request's row, and its outcome once it is closed. */
  request(name: string): string | undefined {
    const row = [...this.stage.tables.requests.values()].find(({ requestId }) => requestId === name);
    return row && [row.status, row.outcome].filter(Boolean).join(' ');
  }
  /** Status of an item's row. */
  item(name: string): string | undefined {
    return [...this.stage.tables.items.values()].find(({ itemId }) => itemId === name)?.status;
  }
  /** Of each notice that was stated, its topic. */
  get notices(): string[] {
    const items = this.facts.flatMap((fact) => ('item' in fact ? [fact.item] : []));
    return items.flatMap(({ body }) => (body.kind === 'notice' ? [body.topic] : []));
  }
  /** Status of a turn's row. */
  turn(name: string): string | undefined {
    return [...this.stage.tables.turns.values()].find(({ turnId }) => turnId === name)?.status;
  }
}

export interface GivenOptions {
  readonly capabilities?: Partial<Capabilities>;
  readonly settings?: Partial<Settings>;
  /** The thread has a working tree of its own. */
  readonly inWorktree?: boolean;
  /** The thread has branched off. */
  readonly lineage?: Lineage | null;
  readonly world?: World;
}

/** A thread that has taken the inputs, each of which must be accepted. */
export function given(inputs: readonly Cue[] = [], options: GivenOptions = {}) {
  const { world = WORLD, capabilities = {}, settings = {}, inWorktree = false, lineage = null } = options;
  const start = inWorktree ? startInWorktree(capabilities) : startOf(capabilities, settings);
  const stage = new Stage(world, { ...start, lineage });
  for (const cue of inputs) mustBeTaken(stage, stage.take(cue));
  return {
    stage,
    when: (...cues: Cue[]) => {
      const taken = cues.map((cue) => stage.take(cue));
      return new Outcome(stage, taken);
    },
  };
}

function mustBeTaken({ charts: { root, turn } }: Stage, { input, refusal, isIgnored }: Taken): void {
  if (refusal === null && !isIgnored) return;
  const place = JSON.stringify([root.value, turn?.value]);
  throw new Error(`${input?.type ?? 'a timer'} is not taken in ${place}: ${refusal?.code ?? 'ignored'}`);
}
