/** Watches the actors of one loaded thread while somebody looks inside; a thread that nobody inspects has none. */
import type { Charts, Drawn } from '../../machines/charts.ts';
import type { LiveCharts } from '../../machines/live.ts';
import { changesOf, type TakenEvent } from '../../machines/taken.ts';
import type { Insight } from './api.ts';

export class ThreadInspector {
  readonly #actor: LiveCharts;
  readonly #detach: () => void;
  #taken: TakenEvent[] = [];
  #before: Charts;

  constructor(actor: LiveCharts) {
    this.#actor = actor;
    this.#before = actor.charts;
    this.#detach = actor.inspect((taken) => void this.#taken.push(taken));
  }

  /** Of the input that was sent last; it is told once. */
  take({ effects, timers }: Drawn): Insight {
    const { charts } = this.#actor;
    const insight = { taken: this.#taken, changes: changesOf(this.#before, charts), effects, timers };
    this.forget();
    return insight;
  }

  /** What was sent was not new. */
  forget(): void {
    this.#taken = [];
    this.#before = this.#actor.charts;
  }

  end(): void {
    this.#detach();
  }
}
