/** A provider instance with two threads: every state, and every input that it can be given there. */
import { storeCharts, type Charts, type Drawn } from '../../machines/charts.ts';
import { NO_CAPABILITIES } from '../../machines/domain/capability.ts';
import type { InstanceContext } from '../../machines/domain/context.ts';
import { connectionIdOf, threadIdSchema } from '../../machines/domain/ids.ts';
import {
  instanceInputSchema,
  type InstanceInput,
  type InstanceWork,
} from '../../machines/domain/instance.ts';
import { LiveCharts } from '../../machines/live.ts';
import { Stepper } from '../../machines/step.ts';
import { CAPABILITIES, cause, SETTINGS, turnOf } from '../helpers/inputs.ts';

export const START = { instanceId: SETTINGS.instanceId, driver: 'fake', capabilities: CAPABILITIES };
export const THREADS = ['t1', 't2'].map((id) => threadIdSchema.parse(id));
type ThreadId = (typeof THREADS)[number];

export const open = (threadId: ThreadId, resume: string | null): InstanceWork => ({
  type: 'connection.open',
  threadId,
  connectionId: connectionIdOf(threadId, 1),
  resume,
  settings: SETTINGS,
});
export const lookUp = (threadId: ThreadId): InstanceWork => ({
  type: 'turn.lookUp',
  threadId,
  turnId: turnOf('a'),
  attempt: 1,
  nativeThreadId: null,
  clientMessageId: 'a.1',
});

export const TIMERS = [
  'instance.startTimedOut',
  'instance.backoffEnded',
  'instance.idledOut',
  'instance.outdatedTooLong',
  'instance.drainTimedOut',
];
export const firing = (type: string): InstanceInput =>
  instanceInputSchema.parse({ type, timer: type, armedBy: 0 });

const INPUTS: readonly InstanceInput[] = [
  ...THREADS.flatMap((threadId): InstanceInput[] => [
    { type: 'instance.workDone', threadId, connectionId: connectionIdOf(threadId, 1) },
    { type: 'instance.workDone', threadId, connectionId: null },
    { type: 'instance.release', threadId, connectionId: connectionIdOf(threadId, 1) },
  ]),
  { type: 'process.started', report: {} },
  { type: 'process.failed', failure: cause('PROVIDER_UNREACHABLE') },
  { type: 'process.failed', failure: cause('PROVIDER_UNAUTHORIZED') },
  { type: 'process.exited', failure: cause('CONNECTION_LOST') },
  { type: 'process.stopped' },
  { type: 'instance.reported', report: { version: '1' } },
  { type: 'instance.configure', driver: 'next', capabilities: CAPABILITIES, failure: null },
  {
    type: 'instance.configure',
    driver: 'next',
    capabilities: NO_CAPABILITIES,
    failure: cause('INSTANCE_UNAVAILABLE'),
  },
  { type: 'instance.remove' },
  { type: 'runtime.recovered' },
];

/** All but timers. Each thread asks once at a time. */
export function inputsFor({ waiting, sessions }: InstanceContext): InstanceInput[] {
  const busy = new Set([...waiting, ...sessions].map(({ threadId }) => threadId));
  const free = THREADS.filter((id) => !busy.has(id));
  const works = free.flatMap((id) => [open(id, null), open(id, 'native'), lookUp(id)]);
  return [
    ...INPUTS,
    ...works.map((work): InstanceInput => ({ type: 'instance.acquire', work })),
    ...free.map((threadId): InstanceInput => ({
      type: 'instance.hold',
      threadId,
      connectionId: connectionIdOf(threadId, 1),
    })),
  ];
}

export const contextOf = ({ root }: Charts) => root.context as InstanceContext;

export interface InstanceState {
  readonly charts: Charts;
  readonly timers: ReadonlySet<string>;
  readonly edges: InstanceEdge[];
  /** How it was found first; `null` for the first state. */
  readonly from: { readonly state: InstanceState; readonly input: InstanceInput } | null;
}

export interface InstanceEdge {
  readonly input: InstanceInput;
  /** Types of the effects. */
  readonly effects: readonly string[];
  readonly to: InstanceState;
}

/** Breadth first; every step is taken by a live actor, too. */
export class InstanceExplorer {
  readonly states: InstanceState[] = [];
  readonly differences: string[] = [];
  readonly #byKey = new Map<string, InstanceState>();
  readonly #stepper = new Stepper('instance');

  constructor() {
    const { charts } = this.#stepper.start(START);
    this.#reach(charts, new Set(), null);
    for (let index = 0; index < this.states.length; index += 1) {
      const state = this.states[index];
      if (state !== undefined) this.#expand(state);
    }
  }

  #reach(charts: Charts, timers: ReadonlySet<string>, from: InstanceState['from']): InstanceState {
    const { waiting, resuming, sessions, next, driver } = contextOf(charts);
    const held = [waiting, resuming, sessions, next, driver];
    const key = JSON.stringify([charts.root.value, held, [...timers].toSorted()]);
    let state = this.#byKey.get(key);
    if (state === undefined) {
      state = { charts, timers, edges: [], from };
      this.#byKey.set(key, state);
      this.states.push(state);
    }
    return state;
  }

  #expand(state: InstanceState): void {
    const due = TIMERS.filter((name) => state.timers.has(name)).map(firing);
    for (const input of [...inputsFor(contextOf(state.charts)), ...due]) {
      if (!state.charts.root.can(input)) continue;
      const { charts, drawn } = this.#stepper.step(state.charts, input);
      this.#compareLive(state, input, [drawn, storeCharts(charts)]);
      const timers = timersAfter(state.timers, input, drawn);
      const effects = drawn.effects.map(({ type }) => type);
      state.edges.push({ input, effects, to: this.#reach(charts, timers, { state, input }) });
    }
  }

  #compareLive({ charts }: InstanceState, input: InstanceInput, pure: unknown): void {
    const live = new LiveCharts('instance', { stored: storeCharts(charts) });
    const drawn = live.send(input);
    if (JSON.stringify([drawn, live.store()]) !== JSON.stringify(pure)) this.differences.push(input.type);
    live.stop();
  }
}

function timersAfter(before: ReadonlySet<string>, input: InstanceInput, drawn: Drawn): ReadonlySet<string> {
  const timers = new Set([...before].filter((name) => name !== input.type));
  for (const change of drawn.timers) {
    if (change.op === 'arm') timers.add(change.name);
    else if ('name' in change) timers.delete(change.name);
    else timers.clear();
  }
  return timers;
}

/** One way over every arrow between two states of the chart, by every input; the shortest there is. */
export function waysOverArrows(states: readonly InstanceState[]): InstanceInput[][] {
  const ways = new Map<string, InstanceInput[]>();
  for (const state of states) {
    for (const { input, to } of state.edges) {
      const arrow = JSON.stringify([state.charts.root.value, input, to.charts.root.value]);
      if (!ways.has(arrow)) ways.set(arrow, [...wayTo(state), input]);
    }
  }
  return [...ways.values()];
}

function wayTo(state: InstanceState): InstanceInput[] {
  const way: InstanceInput[] = [];
  for (let each = state; each.from !== null; each = each.from.state) way.unshift(each.from.input);
  return way;
}
