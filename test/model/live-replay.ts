/** Steps of an exploration once more, on live actors restored from the same stored charts. */
import type { AnyMachineSnapshot } from 'xstate';
import { storeCharts, type StoredCharts } from '../../machines/charts.ts';
import { LiveCharts } from '../../machines/live.ts';
import { wayTo, written, type Broken, type State, type Step } from './explore.ts';

/** Of how many steps, and broken inputs, one is taken: the proof suite takes all, the fast one these. */
export const SAMPLED = 8;

export class LiveReplay {
  stepCount = 0;
  brokenCount = 0;
  /** The first steps in which the two drivers differ. */
  readonly differences: string[] = [];
  readonly #every: number;
  readonly #done = new Set<string>();
  readonly #numbers = new WeakMap<object, number>();
  #numberCount = 0;
  #offeredCount = 0;
  #state: State | null = null;
  #stored: StoredCharts | null = null;
  #text = '';
  #live: LiveCharts | null = null;

  /** `every`: only one of so many steps is taken. Default 1. */
  constructor(every = 1) {
    this.#every = every;
  }

  /** A step that the same actors took in the same states before is the same step. */
  replay(step: Step): void {
    this.#offeredCount += 1;
    if (this.#offeredCount % this.#every > 0) return;
    const { charts } = step.state;
    const took = (id: 'connection' | 'turn'): AnyMachineSnapshot | undefined =>
      step.parts.has(id) ? charts[id] : undefined;
    const key = [charts.root, took('connection'), took('turn'), step.move]
      .map((part) => this.#numberOf(part))
      .join();
    if (this.#done.has(key)) return;
    this.#done.add(key);
    this.stepCount += 1;
    this.#compare(step);
  }

  /** A live actor dies of it, and another one is made from what is stored. */
  break({ state, move }: Broken): void {
    if (state.index % (5 * this.#every) > 0) return;
    this.brokenCount += 1;
    const live = this.#liveIn(state);
    let hasThrown = false;
    try {
      live.send(move.input);
    } catch {
      hasThrown = true;
    }
    live.stop();
    this.#live = null;
    if (!hasThrown) this.#differs('takes what cannot be taken', { state, move });
    const again = JSON.stringify(this.#liveIn(state).store());
    if (again !== this.#text) this.#differs('is not rebuilt', { state, move });
  }

  #compare(step: Step): void {
    const live = this.#liveIn(step.state);
    const drawn = live.send(step.move.input);
    const after = JSON.stringify(live.store());
    if (JSON.stringify(drawn) !== JSON.stringify(step.drawn)) this.#differs('draws other things', step);
    if (after !== JSON.stringify(storeCharts(step.charts))) this.#differs('goes elsewhere', step);
    // an actor that has not moved serves for the next step, too
    if (after === this.#text) return;
    live.stop();
    this.#live = null;
  }

  #liveIn(state: State): LiveCharts {
    if (this.#state !== state || this.#stored === null) {
      this.#live?.stop();
      this.#live = null;
      this.#state = state;
      this.#text = JSON.stringify(storeCharts(state.charts));
      this.#stored = JSON.parse(this.#text) as StoredCharts;
    }
    this.#live ??= new LiveCharts('thread', { stored: this.#stored });
    return this.#live;
  }

  #differs(how: string, { state, move }: Pick<Step, 'state' | 'move'>): void {
    if (this.differences.length < 5) this.differences.push(`${how}: ${written([...wayTo(state), move])}`);
  }

  #numberOf(part: object | undefined): number {
    if (part === undefined) return 0;
    let number = this.#numbers.get(part);
    if (number === undefined) {
      this.#numberCount += 1;
      number = this.#numberCount;
      this.#numbers.set(part, number);
    }
    return number;
  }
}
