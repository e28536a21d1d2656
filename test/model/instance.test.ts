/** The chart of a provider instance alone, under any of its inputs at any time. */
import { describe, expect, it } from 'vitest';
import { threadIdSchema, connectionIdOf } from '../../machines/domain/ids.ts';
import { instanceInputSchema, instanceStateSchema } from '../../machines/domain/instance.ts';
import { heldOf } from '../../machines/instance-moves.ts';
import { Stepper } from '../../machines/step.ts';
import { cause } from '../helpers/inputs.ts';
import {
  contextOf,
  InstanceExplorer,
  lookUp,
  open,
  START,
  THREADS,
  TIMERS,
  type InstanceState,
} from './instance-world.ts';

/** No process is there, and none is asked for. */
const RESTING: ReadonlySet<unknown> = new Set(['idle', 'unavailable', 'disabled', 'removed']);

describe('every reachable state of an instance', () => {
  const explorer = new InstanceExplorer();
  const { states } = explorer;
  const isAtRest = ({ charts }: InstanceState): boolean => {
    const { value } = charts.root;
    const { sessions, waiting } = contextOf(charts);
    if (RESTING.has(value)) return waiting.length === 0;
    return (value === 'ready' || value === 'renewing' || value === 'closing') && sessions.length > 0;
  };

  it('is one of many, in all eleven states', () => {
    expect(states.length).toBeGreaterThanOrEqual(500);
    expect(new Set(states.map(({ charts }) => charts.root.value))).toEqual(
      new Set(instanceStateSchema.options),
    );
  });

  it('knows of a newer configuration only while a process goes by the old one', () => {
    const wrong = states.filter(({ charts }) => {
      const { value } = charts.root;
      const { next, failure } = contextOf(charts);
      if (value === 'outdated' || value === 'renewing') return next === null || next.failure !== null;
      if (value === 'closing') return next === null || next.failure === null || failure === null;
      return next !== null && value !== 'draining';
    });
    expect(wrong.map(({ charts }) => [charts.root.value, contextOf(charts).next])).toEqual([]);
  });

  it('takes a newer configuration where no process is left, and never goes on with another', () => {
    const edges = states.flatMap((from) => from.edges.map((edge) => ({ from, ...edge })));
    const rebuilt = edges.filter(({ effects }) => effects.includes('instance.rebuild'));
    expect(rebuilt.length).toBeGreaterThan(0);
    const ended = new Set([
      'process.stopped',
      'process.exited',
      'instance.drainTimedOut',
      'runtime.recovered',
    ]);
    const tooEarly = rebuilt.filter(({ from, input }) => {
      const hasProcess = !RESTING.has(from.charts.root.value) && from.charts.root.value !== 'backingOff';
      return hasProcess && !ended.has(input.type);
    });
    expect(tooEarly.map(({ from, input }) => [from.charts.root.value, input.type])).toEqual([]);
    const changed = edges.filter(
      ({ from, to }) => contextOf(from.charts).driver !== contextOf(to.charts).driver,
    );
    expect(changed.filter(({ effects }) => !effects.includes('instance.rebuild'))).toEqual([]);
  });

  it('begins nothing on a process that is to be renewed, tells who waits, and ends it as soon as nothing runs', () => {
    const renewing = states.filter(({ charts }) => charts.root.value === 'renewing');
    expect(renewing.length).toBeGreaterThan(0);
    const heldIn = ({ charts }: InstanceState): number => heldOf(contextOf(charts)).length;
    expect(renewing.filter((state) => heldIn(state) === 0)).toEqual([]);
    const edges = renewing.flatMap((from) => from.edges.map((edge) => ({ from, ...edge })));
    const begun = edges.filter(({ input, from, effects, to }) => {
      const begins = effects.includes('connection.open') || effects.includes('turn.lookUp');
      // who waits no more lets go next; what is carried ends with what carries it
      const isFree = input.type === 'instance.workDone' || input.type === 'instance.hold';
      return begins || (heldIn(to) > heldIn(from) && !isFree);
    });
    expect(begun.map(({ input }) => input.type)).toEqual([]);
    const opening = edges.filter(
      ({ input }) => input.type === 'instance.acquire' && input.work.type === 'connection.open',
    );
    expect(opening.length).toBeGreaterThan(0);
    expect(opening.filter(({ effects }) => !effects.includes('tellThread'))).toEqual([]);
    const ends = edges.filter(({ to }) => to.charts.root.value === 'draining');
    expect(new Set(ends.map(({ input }) => input.type))).toEqual(new Set(['instance.release']));
  });

  it('is renewed within a bounded time wherever its configuration has changed', () => {
    const outdated = states.filter(({ charts }) => charts.root.value === 'outdated');
    const unbounded = outdated.filter(({ timers }) => !timers.has('instance.outdatedTooLong'));
    expect(outdated.length).toBeGreaterThan(0);
    expect(unbounded).toEqual([]);
  });

  it('tells who waits for what is taken out of service', () => {
    const left = states.filter(({ charts }) => {
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
    const taken = new Set(states.flatMap(({ edges }) => edges.map(({ input }) => input.type)));
    const catalogue = instanceInputSchema.options.map(({ shape }) => shape.type.value);
    expect(catalogue.filter((type) => !taken.has(type))).toEqual(['instance.create']);
  });

  it('is left by timers alone, but without a process, or with sessions', () => {
    const firings = (state: InstanceState, under: ReadonlySet<InstanceState>): number => {
      if (isAtRest(state)) return 0;
      if (under.has(state)) return Infinity;
      const due = state.edges.filter(({ input }) => TIMERS.includes(input.type));
      const counts = due.map(({ to }) => 1 + firings(to, new Set([...under, state])));
      return counts.length === 0 ? Infinity : Math.max(...counts);
    };
    const stuck = states.filter((state) => !Number.isFinite(firings(state, new Set())));
    expect(stuck.map(({ charts }) => [charts.root.value, contextOf(charts).waiting])).toEqual([]);
  });

  it('lets no armed timer fire in vain', () => {
    const vain = states.filter(({ timers, edges }) =>
      [...timers].some((name) => !edges.some(({ input }) => input.type === name)),
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
