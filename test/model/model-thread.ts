import { statusOf, threadContextOf, type Charts, type Drawn } from '../../machines/charts.ts';
import { canOf, type OpenRequest } from '../../machines/domain/can.ts';
import type { ThreadView } from '../../machines/domain/decide.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import type { MachineState } from '../../machines/domain/snapshot.ts';
import { Stepper } from '../../machines/step.ts';
import { requestsOf, type Timers } from './canonical.ts';
import { timersAfter } from './explore.ts';

const stepper = new Stepper('thread');

/** A thread as the charts alone have it. */
export class ModelThread {
  charts: Charts;
  #completedTurnOrdinal: number | null = null;
  timers: Timers = {};

  constructor(created: object) {
    this.charts = stepper.start(created).charts;
  }

  step(input: ThreadInput): Drawn {
    const { charts, drawn } = stepper.step(this.charts, input);
    this.timers = timersAfter(this.timers, { input }, drawn);
    this.charts = charts;
    const isDone = drawn.facts.some((fact) => fact.type === 'turn.ended' && fact.outcome === 'completed');
    if (isDone) this.#completedTurnOrdinal = threadContextOf(charts.root).turnCount;
    return drawn;
  }

  /** What the gateway has to relay; when the timers were armed is not known here. */
  get state(): Omit<MachineState, 'timers'> & { timers: string[] } {
    const { root, connection, turn } = this.charts;
    const { status, activeTurnId } = statusOf(root);
    const { link } = threadContextOf(root);
    const active = [root, connection, turn].filter((chart) => chart?.status === 'active');
    return {
      status,
      activeTurnId,
      value: root.value,
      tags: [...new Set(active.flatMap((chart) => [...(chart?.tags ?? [])]))].toSorted(),
      can: canOf(this.#view, [...this.#requests('turn'), ...this.#requests('connection')], {
        completedTurnOrdinal: this.#completedTurnOrdinal,
      }),
      children: {
        ...(connection && { connection: connection.value }),
        ...(turn && { turn: turn.value }),
      },
      timers: Object.keys(this.timers).toSorted(),
      closing: link.phase === 'none' ? null : link.closing,
    };
  }

  get #view(): ThreadView {
    return { ...this.charts, context: threadContextOf(this.charts.root) };
  }

  #requests(owner: 'turn' | 'connection'): OpenRequest[] {
    return Object.entries(requestsOf(this.charts[owner])).map(([requestId, { status }]) => ({
      requestId,
      owner,
      status,
      outcome: null,
      decisions: ['accept', 'decline'],
      body: { kind: 'command', command: 'make' },
    }));
  }
}
