/** The two drivers over long random histories: the live actors are stored and restored at random points. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canTake } from '../../machines/domain/decide.ts';
import { factSchema } from '../../machines/domain/fact.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import { evolveTimers, type ArmedTimers } from '../../machines/domain/timer.ts';
import { storeCharts, threadContextOf, type Charts } from '../../machines/charts.ts';
import { LiveCharts } from '../../machines/live.ts';
import { Stepper } from '../../machines/step.ts';
import { given } from '../helpers/given.ts';
import { asked, running, startOf } from '../helpers/inputs.ts';
import { Environment } from '../model/environment.ts';

const BOUNDS = { prompts: 3, requests: 3, sideRequests: 2, sideTurns: 2 };
const STEP_COUNT = 200;
const RUN_COUNT = 30;

/** One number chooses an input that can be taken now; another one says whether the live actor is restored before it. */
const walks = fc.record({
  nativeSteer: fc.boolean(),
  choices: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 19 })), {
    minLength: STEP_COUNT,
    maxLength: STEP_COUNT,
  }),
});

/** Rarer than the others, or nothing would last long enough to go far. */
const ENDINGS = [
  'thread.stop',
  'thread.archive',
  'turn.interrupt',
  'connection.lost',
  'connection.openFailed',
  'connection.openTimedOut',
  'connection.idled',
  'runtime.recovered',
] as const;

class Walk {
  readonly #stepper = new Stepper('thread');
  readonly #environment: Environment;
  #charts: Charts;
  #live: LiveCharts;
  #timers: ArmedTimers = {};
  #sequence = 0;
  readonly types = new Set<string>();

  constructor(nativeSteer: boolean) {
    this.#environment = new Environment({ ...BOUNDS, nativeSteer });
    const input = startOf({ nativeSteer });
    const { charts, drawn } = this.#stepper.start(input);
    this.#charts = charts;
    this.#live = new LiveCharts('thread', { input });
    expect(this.#live.started).toEqual(drawn);
  }

  /** Any type that does not end something is as likely as any other. */
  step(choice: number, isRestored: boolean): void {
    const view = { ...this.#charts, context: threadContextOf(this.#charts.root) };
    const byType = Map.groupBy(
      this.#environment.movesIn(this.#charts, this.#timers),
      ({ input }) => input.type,
    );
    if (choice % 97 !== 0) byType.delete('thread.delete');
    if (choice % 7 !== 0) for (const type of ENDINGS) byType.delete(type);
    const inputs = turned([...byType.values()], choice)
      .flatMap((moves) => turned(moves, choice))
      .map((move) => move.input);
    const input = inputs.find((each) => canTake(view, each));
    if (input === undefined) return;
    if (isRestored) this.#restore();
    this.#take(input);
  }

  #take(input: ThreadInput): void {
    this.#sequence += 1;
    this.types.add(input.type);
    const { charts, drawn } = this.#stepper.step(this.#charts, input);
    const live = this.#live.send(input);
    this.#charts = charts;
    if (JSON.stringify(live) !== JSON.stringify(drawn)) expect(live).toEqual(drawn);
    const [pure, stored] = [storeCharts(charts), this.#live.store()];
    if (JSON.stringify(stored) !== JSON.stringify(pure)) expect(stored).toEqual(pure);
    for (const fact of drawn.facts) factSchema.parse(fact);
    if ('timer' in input) {
      const { [input.timer]: _, ...rest } = this.#timers;
      this.#timers = rest;
    }
    this.#timers = evolveTimers(this.#timers, drawn.timers, { sequence: this.#sequence, at: this.#sequence });
  }

  #restore(): void {
    const stored = JSON.parse(JSON.stringify(this.#live.store())) as ReturnType<LiveCharts['store']>;
    this.#live.stop();
    this.#live = new LiveCharts('thread', { stored });
    expect(this.#live.started).toEqual({ facts: [], effects: [], timers: [] });
    this.#charts = this.#stepper.restore(stored);
  }

  stop(): void {
    this.#live.stop();
  }
}

/** From the chosen one on, and round. */
const turned = <T>(list: readonly T[], choice: number): T[] => {
  const first = choice % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
};

describe('live actors and the pure driver', () => {
  it('throw alike where a child throws, so that the input has failed and changes nothing', () => {
    const { stage } = given(running('a'));
    const input = { ...asked('a', 'r'), request: null };
    const live = new LiveCharts('thread', { stored: stage.stored });
    expect(() => live.send(input)).toThrow(/request/);
    expect(() => new Stepper('thread').step(stage.charts, input)).toThrow(/request/);
  });

  it('draw the same and stand alike after every input of a random history', { timeout: 60_000 }, () => {
    const types = new Set<string>();
    fc.assert(
      fc.property(walks, ({ nativeSteer, choices }) => {
        const walk = new Walk(nativeSteer);
        for (const [choice, luck] of choices) walk.step(choice, luck === 0);
        for (const type of walk.types) types.add(type);
        walk.stop();
      }),
      { numRuns: RUN_COUNT, seed: 20_260, endOnFailure: true },
    );
    expect(types.size).toBeGreaterThanOrEqual(50);
  });
});
