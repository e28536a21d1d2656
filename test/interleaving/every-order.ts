/** Plays a scenario in every order; what two orders have made alike is gone on from once. */
import { Schedule, type Scenario } from './schedule.ts';

export interface Explored {
  /** In which things can happen. */
  readonly orderCount: number;
  /** That were met on the way. */
  readonly stateCount: number;
  readonly moveCount: number;
  /** States in which nobody has anything to do any more: each was brought to its end and checked. */
  readonly ends: ReadonlySet<string>;
}

interface Way {
  /** Indices of what happened among what could happen. */
  readonly moves: readonly number[];
  /** The state before the last move; `null`: there was none. */
  readonly from: string | null;
}

export interface ExploreOptions {
  readonly disturbanceCount: number;
  /** `false`: every order is played to its end, to see that nothing is lost otherwise. Default `true`. */
  readonly isMerging?: boolean;
}

/** @throws {Error} naming the first order that fails */
export async function everyOrder(scenario: Scenario, options: ExploreOptions): Promise<Explored> {
  const exploration = new Exploration(scenario, options);
  await exploration.go();
  return exploration.explored;
}

class Exploration {
  readonly #scenario: Scenario;
  readonly #options: ExploreOptions;
  /** Of each state: those that follow it, one for each move. */
  readonly #next = new Map<string, string[]>();
  /** Ends among the states, and their keys. */
  readonly #ends = new Map<string, string>();
  readonly #ways: Way[] = [{ moves: [], from: null }];
  #root = '';

  constructor(scenario: Scenario, options: ExploreOptions) {
    this.#scenario = scenario;
    this.#options = options;
  }

  async go(): Promise<void> {
    for (let way = this.#ways.pop(); way !== undefined; way = this.#ways.pop()) {
      const schedule = new Schedule(this.#scenario, this.#options.disturbanceCount);
      try {
        await schedule.prepare();
        for (const index of way.moves) await schedule.move(index);
        await this.#goOn(schedule, way);
      } catch (error) {
        throw new Error(schedule.order, { cause: error });
      }
    }
  }

  /** What is gone on from once. */
  #stateOf(schedule: Schedule, key: string): string {
    return this.#options.isMerging === false ? schedule.order : key;
  }

  /** Until the end, or to a state that was met before; of what else could happen on the way a note is made. */
  async #goOn(schedule: Schedule, { moves, from }: Way): Promise<void> {
    const way = [...moves];
    for (let last = from; ;) {
      const key = schedule.key();
      const state = this.#stateOf(schedule, key);
      if (last === null) this.#root = state;
      else this.#next.get(last)?.push(state);
      if (this.#next.has(state)) return;
      this.#next.set(state, []);
      const { moveCount, isOver } = schedule;
      for (let index = isOver ? 0 : 1; index < moveCount; index += 1)
        this.#ways.push({ moves: [...way, index], from: state });
      if (isOver) {
        this.#ends.set(state, key);
        return schedule.end();
      }
      await schedule.move(0);
      way.push(0);
      last = state;
    }
  }

  get explored(): Explored {
    const moves = [...this.#next.values()].map(({ length }) => length);
    return {
      orderCount: this.#orderCount(),
      stateCount: this.#next.size,
      moveCount: moves.reduce((sum, count) => sum + count, 0),
      ends: new Set(this.#ends.values()),
    };
  }

  /** Of all ways through the states; each way to an end is one. */
  #orderCount(): number {
    const known = new Map<string, number>();
    const countOf = (key: string): number => {
      const before = known.get(key);
      if (before !== undefined) return before;
      const own = this.#ends.has(key) ? 1 : 0;
      const count = (this.#next.get(key) ?? []).reduce((sum, next) => sum + countOf(next), own);
      known.set(key, count);
      return count;
    };
    return countOf(this.#root);
  }
}
