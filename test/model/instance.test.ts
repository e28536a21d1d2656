/** The chart of a provider instance alone, under any of its inputs at any time. */
import { describe, expect, it } from 'vitest';
import { storeCharts, type Charts } from '../../machines/charts.ts';
import { NO_CAPABILITIES } from '../../machines/domain/capability.ts';
import type { InstanceContext } from '../../machines/domain/context.ts';
import {
  instanceInputSchema,
  instanceStateSchema,
  type InstanceInput,
  type InstanceWork,
} from '../../machines/domain/instance.ts';
import { connectionIdOf, threadIdSchema } from '../../machines/domain/ids.ts';
import { LiveCharts } from '../../machines/live.ts';
import { Stepper } from '../../machines/step.ts';
import { CAPABILITIES, cause, SETTINGS, turnOf } from '../helpers/inputs.ts';

const START = { instanceId: SETTINGS.instanceId, driver: 'fake', capabilities: CAPABILITIES };
const THREADS = ['t1', 't2'].map((id) => threadIdSchema.parse(id));

const open = (threadId: (typeof THREADS)[number], resume: string | null): InstanceWork => ({
  type: 'connection.open',
  threadId,
  connectionId: connectionIdOf(threadId, 1),
  resume,
  settings: SETTINGS,
});
const lookUp = (threadId: (typeof THREADS)[number]): InstanceWork => ({
  type: 'turn.lookUp',
  threadId,
  turnId: turnOf('a'),
  attempt: 1,
  nativeThreadId: null,
  clientMessageId: 'a.1',
});

const fired = { timer: 'x', armedBy: 0 };
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
const TIMERS = [
  'instance.startTimedOut',
  'instance.backoffEnded',
  'instance.idledOut',
  'instance.drainTimedOut',
];

interface Node {
  readonly charts: Charts;
  readonly timers: ReadonlySet<string>;
  readonly edges: { readonly type: string; readonly effects: readonly string[]; readonly to: Node }[];
}

/** No process is there, and none is asked for. */
const RESTING: ReadonlySet<unknown> = new Set(['idle', 'unavailable', 'disabled', 'removed']);

const contextOf = ({ root }: Charts) => root.context as InstanceContext;

/** Each thread acquires once at a time. */
function inputsIn({ charts, timers }: Node): InstanceInput[] {
  const { waiting, sessions } = contextOf(charts);
  const free = THREADS.filter(
    (id) =>
      !waiting.some((work) => work.threadId === id) && !sessions.some(({ threadId }) => threadId === id),
  );
  const news = free.flatMap((id) => [open(id, null), open(id, 'native'), lookUp(id)]);
  const due = TIMERS.filter((name) => timers.has(name)).map((type) =>
    instanceInputSchema.parse({ type, ...fired }),
  );
  return [...INPUTS, ...news.map((work): InstanceInput => ({ type: 'instance.acquire', work })), ...due];
}

class InstanceExplorer {
  readonly nodes: Node[] = [];
  readonly differences: string[] = [];
  readonly #byKey = new Map<string, Node>();
  readonly #stepper = new Stepper('instance');

  run(): void {
    const { charts } = this.#stepper.start(START);
    this.#reach(charts, new Set());
    for (let index = 0; index < this.nodes.length; index += 1) {
      const node = this.nodes[index];
      if (node !== undefined) this.#expand(node);
    }
  }

  #reach(charts: Charts, timers: ReadonlySet<string>): Node {
    const { waiting, resuming, sessions, next, driver } = contextOf(charts);
    const held = [waiting, resuming, sessions, next, driver];
    const key = JSON.stringify([charts.root.value, held, [...timers].toSorted()]);
    let node = this.#byKey.get(key);
    if (node === undefined) {
      node = { charts, timers, edges: [] };
      this.#byKey.set(key, node);
      this.nodes.push(node);
    }
    return node;
  }

  #expand(node: Node): void {
    for (const input of inputsIn(node)) {
      if (!node.charts.root.can(input)) continue;
      const { charts, drawn } = this.#stepper.step(node.charts, input);
      this.#compareLive(node, input, [drawn, storeCharts(charts)]);
      const timers = new Set([...node.timers].filter((name) => name !== input.type));
      for (const change of drawn.timers) {
        if (change.op === 'arm') timers.add(change.name);
        else if ('name' in change) timers.delete(change.name);
        else timers.clear();
      }
      const effects = drawn.effects.map(({ type }) => type);
      node.edges.push({ type: input.type, effects, to: this.#reach(charts, timers) });
    }
  }

  #compareLive({ charts }: Node, input: InstanceInput, pure: unknown): void {
    const live = new LiveCharts('instance', { stored: storeCharts(charts) });
    const drawn = live.send(input);
    if (JSON.stringify([drawn, live.store()]) !== JSON.stringify(pure)) this.differences.push(input.type);
    live.stop();
  }
}

describe('every reachable state of an instance', () => {
  const explorer = new InstanceExplorer();
  explorer.run();
  const { nodes } = explorer;
  const isAtRest = ({ charts }: Node): boolean => {
    const { value } = charts.root;
    const { sessions, waiting } = contextOf(charts);
    if (RESTING.has(value)) return waiting.length === 0;
    return (value === 'ready' || value === 'outdated' || value === 'closing') && sessions.length > 0;
  };

  it('is one of many, in all ten states', () => {
    expect(nodes.length).toBeGreaterThanOrEqual(500);
    expect(new Set(nodes.map(({ charts }) => charts.root.value))).toEqual(
      new Set(instanceStateSchema.options),
    );
  });

  it('knows of a newer configuration only while a process goes by the old one', () => {
    const wrong = nodes.filter(({ charts }) => {
      const { value } = charts.root;
      const { next, failure } = contextOf(charts);
      if (value === 'outdated') return next === null || next.failure !== null;
      if (value === 'closing') return next === null || next.failure === null || failure === null;
      return next !== null && value !== 'draining';
    });
    expect(wrong.map(({ charts }) => [charts.root.value, contextOf(charts).next])).toEqual([]);
  });

  it('takes a newer configuration where no process is left, and never goes on with another', () => {
    const edges = nodes.flatMap((from) => from.edges.map((edge) => ({ from, ...edge })));
    const rebuilt = edges.filter(({ effects }) => effects.includes('instance.rebuild'));
    expect(rebuilt.length).toBeGreaterThan(0);
    const ended = new Set([
      'process.stopped',
      'process.exited',
      'instance.drainTimedOut',
      'runtime.recovered',
    ]);
    const tooEarly = rebuilt.filter(({ from, type }) => {
      const hasProcess = !RESTING.has(from.charts.root.value) && from.charts.root.value !== 'backingOff';
      return hasProcess && !ended.has(type);
    });
    expect(tooEarly.map(({ from, type }) => [from.charts.root.value, type])).toEqual([]);
    const changed = edges.filter(
      ({ from, to }) => contextOf(from.charts).driver !== contextOf(to.charts).driver,
    );
    expect(changed.filter(({ effects }) => !effects.includes('instance.rebuild'))).toEqual([]);
  });

  it('tells who waits for what is taken out of service', () => {
    const left = nodes.filter(({ charts }) => {
      const { waiting, sessions } = contextOf(charts);
      const isOut = charts.root.value === 'disabled' || charts.root.value === 'removed';
      return isOut && waiting.length + sessions.length > 0;
    });
    expect(left).toEqual([]);
  });

  it('is reached alike by live actors', () => {
    expect(explorer.differences).toEqual([]);
  });

  it('takes every catalogued input somewhere', () => {
    const taken = new Set(nodes.flatMap(({ edges }) => edges.map(({ type }) => type)));
    const catalogue = instanceInputSchema.options.map(({ shape }) => shape.type.value);
    expect(catalogue.filter((type) => !taken.has(type))).toEqual(['instance.create']);
  });

  it('is left by timers alone, but without a process, or with sessions', () => {
    const firings = (node: Node, under: ReadonlySet<Node>): number => {
      if (isAtRest(node)) return 0;
      if (under.has(node)) return Infinity;
      const due = node.edges.filter(({ type }) => TIMERS.includes(type));
      const counts = due.map(({ to }) => 1 + firings(to, new Set([...under, node])));
      return counts.length === 0 ? Infinity : Math.max(...counts);
    };
    const stuck = nodes.filter((node) => !Number.isFinite(firings(node, new Set())));
    expect(stuck.map(({ charts }) => [charts.root.value, contextOf(charts).waiting])).toEqual([]);
  });

  it('lets no armed timer fire in vain', () => {
    const vain = nodes.filter(({ timers, edges }) =>
      [...timers].some((name) => !edges.some(({ type }) => type === name)),
    );
    expect(vain.map(({ charts, timers }) => [charts.root.value, ...timers])).toEqual([]);
  });

  it('resumes four threads at a time, and the next when one is done', () => {
    const stepper = new Stepper('instance');
    let { charts } = stepper.start(START);
    const ids = Array.from({ length: 6 }, (_, index) => threadIdSchema.parse(`r${index}`));
    for (const id of ids)
      ({ charts } = stepper.step(charts, { type: 'instance.acquire', work: open(id, 'native') }));
    const started = stepper.step(charts, { type: 'process.started', report: {} });
    expect(started.drawn.effects.length).toBe(4);
    const [first = THREADS[0]] = ids;
    if (first === undefined) throw new Error('no thread');
    const next = stepper.step(started.charts, {
      type: 'instance.workDone',
      threadId: first,
      connectionId: connectionIdOf(first, 1),
    });
    expect(next.drawn.effects).toEqual([open(ids[4] ?? first, 'native')]);
  });

  it('tells every thread that held a connection when its process is lost', () => {
    const stepper = new Stepper('instance');
    let { charts } = stepper.start(START);
    for (const id of THREADS)
      ({ charts } = stepper.step(charts, { type: 'instance.acquire', work: open(id, null) }));
    ({ charts } = stepper.step(charts, { type: 'process.started', report: {} }));
    const { drawn } = stepper.step(charts, { type: 'process.exited', failure: cause('CONNECTION_LOST') });
    expect(
      drawn.effects.map((effect) =>
        effect.type === 'tellThread' ? [effect.threadId, effect.input.type] : effect,
      ),
    ).toEqual(THREADS.map((id) => [id, 'connection.lost']));
  });

  it('tells every thread that waits when its process cannot be started', () => {
    const stepper = new Stepper('instance');
    let { charts } = stepper.start(START);
    ({ charts } = stepper.step(charts, {
      type: 'instance.acquire',
      work: open(THREADS[0] ?? threadIdSchema.parse('t1'), null),
    }));
    ({ charts } = stepper.step(charts, {
      type: 'instance.acquire',
      work: lookUp(THREADS[1] ?? threadIdSchema.parse('t2')),
    }));
    const { drawn } = stepper.step(charts, {
      type: 'process.failed',
      failure: cause('PROVIDER_UNAUTHORIZED'),
    });
    expect(
      drawn.effects.map((effect) => (effect.type === 'tellThread' ? effect.input.type : effect.type)),
    ).toEqual(['connection.openFailed', 'provider.turnLookedUp']);
  });
});
