import { describe, expect, test } from 'vitest';
import { DEADLINES_MS } from '../../machines/domain/timer.ts';
import { startThread, threadId, type ServerRuns } from '../helpers/server-runs.ts';
import type { Faults } from '../helpers/scripted-world.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const timersOf = (run: RuntimeRun): string[] =>
  Object.keys(run.runtime.threads.peek(threadId('t1'))?.timers ?? {}).toSorted();
const lastInput = (run: RuntimeRun): string | undefined => run.inputs().at(-1)?.input.type;
const say = (run: RuntimeRun, text: string): void => {
  const session = run.provider.session(run.provider.connectionIds[0]!);
  session.turn?.words.push(text, 'wait');
  session.goOn();
  run.settle();
};

interface Deadline {
  readonly name: string;
  readonly faults?: Faults;
  readonly asks: readonly Record<string, unknown>[];
  readonly afterMs: number;
  readonly timer: string;
}

const submit = (text: string, mode = 'start') => ({ type: 'turn.submit', text, mode });
const DEADLINES: readonly Deadline[] = [
  {
    name: 'an opening',
    faults: { open: 'silent' },
    asks: [submit('hi')],
    afterMs: DEADLINES_MS.open,
    timer: 'connection.openTimedOut',
  },
  { name: 'a start', asks: [submit('unanswered')], afterMs: DEADLINES_MS.start, timer: 'turn.startTimedOut' },
  { name: 'a silent turn', asks: [submit('silent')], afterMs: DEADLINES_MS.stall, timer: 'turn.stalled' },
  {
    name: 'an interrupt',
    faults: { interrupt: 'silent' },
    asks: [submit('wait'), { type: 'turn.interrupt' }],
    afterMs: DEADLINES_MS.interrupt,
    timer: 'interrupt.timedOut',
  },
  {
    name: 'a steer',
    faults: { steer: 'silent' },
    asks: [submit('wait'), submit('more', 'steer')],
    afterMs: DEADLINES_MS.steer,
    timer: 'steer.timedOut',
  },
  {
    name: 'a settle',
    faults: { settle: 'silent' },
    asks: [submit('hi')],
    afterMs: DEADLINES_MS.settle,
    timer: 'settle.timedOut',
  },
  {
    name: 'a close',
    faults: { close: 'silent' },
    asks: [submit('hi'), { type: 'thread.stop' }],
    afterMs: DEADLINES_MS.close,
    timer: 'connection.closeTimedOut',
  },
];

async function arm({ faults, asks }: Deadline): Promise<{ server: ServerRuns; run: RuntimeRun }> {
  const started = await startThread();
  Object.assign(started.run.world.faults, faults);
  for (const command of asks) await started.run.do(command);
  return started;
}

describe('the deadline of', () => {
  test.each(DEADLINES)('$name fires when it is due, and not before', async (deadline) => {
    const { run } = await arm(deadline);
    expect(timersOf(run)).toContain(deadline.timer);
    const count = run.inputs().length;
    run.pass(deadline.afterMs - 100);
    expect(run.inputs()).toHaveLength(count);
    run.pass(200);
    expect(run.inputs()[count]).toMatchObject({ outcome: 'applied', input: { type: deadline.timer } });
    expect(timersOf(run)).not.toContain(deadline.timer);
  });

  test.each(DEADLINES)('$name fires after a failed commit has reloaded the thread', async (deadline) => {
    const { server, run } = await arm(deadline);
    await run.create({ threadId: 't2' });
    server.store.failNextCommit = 'before';
    await run.refusal({ type: 'thread.setTitle', title: 'x', threadId: 't2' });
    run.pass(250);
    const count = run.inputs().length;
    run.pass(deadline.afterMs);
    expect(run.inputs()[count]).toMatchObject({ outcome: 'applied', input: { type: deadline.timer } });
  });

  test.each(DEADLINES)('$name does not move with the wall clock', async (deadline) => {
    for (const jumpMs of [3_600_000, -3_600_000]) {
      const { run } = await arm(deadline);
      const due = run.clock.monotonic() + deadline.afterMs;
      run.pass(1_000);
      run.clock.jump(jumpMs);
      // whatever moves the thread before the jump is noticed
      await run.do({ type: 'thread.setTitle', title: 'x' });
      run.pass(due - run.clock.monotonic() - 100);
      const types = run.inputs().map((entry) => entry.input.type);
      expect(types).not.toContain(deadline.timer);
      run.pass(200);
      expect(run.inputs().map((entry) => entry.input.type)).toContain(deadline.timer);
    }
  });
});

test('a deadline that is armed again after the wall clock went back is not later than its length', async () => {
  const { server, run } = await startThread();
  await run.create({ threadId: 't2' });
  await run.submit('unanswered');
  run.clock.jump(-3_600_000);
  server.store.failNextCommit = 'before';
  await run.refusal({ type: 'thread.setTitle', title: 'x', threadId: 't2' });
  run.pass(250 + DEADLINES_MS.start);
  expect(run.snapshot().turn?.failure?.code).toBe('START_TIMED_OUT');
});

describe('a stall deadline', () => {
  test('is pushed by the items and deltas of its turn, and not journaled for it', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    const before = run.runtime.threads.peek(threadId('t1'))?.timers;
    run.pass(500_000);
    say(run, 'hi');
    expect(run.runtime.threads.peek(threadId('t1'))?.timers).toEqual(before);
    run.pass(500_000);
    expect(run.status).toBe('running');
    run.pass(101_000);
    expect(run.snapshot().turn).toMatchObject({ status: 'failed', failure: { code: 'STALLED' } });
  });

  test('is not pushed by commands, nor by turns beside it', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    run.pass(500_000);
    await run.do({ type: 'thread.setTitle', title: 'x' });
    run.provider.begin(run.provider.connectionIds[0]!, 'own');
    run.settle();
    run.pass(101_000);
    expect(
      run.snapshot().turn?.failure?.code ?? run.facts().find((fact) => fact.type === 'turn.interrupting'),
    ).toBeTruthy();
    expect(run.inputs().some((entry) => entry.input.type === 'turn.stalled')).toBe(true);
  });

  test('starts at full length when the thread is loaded again', async () => {
    const { server, run } = await startThread();
    await run.create({ threadId: 't2' });
    await run.submit('wait');
    for (let round = 0; round < 5; round += 1) {
      run.pass(400_000);
      say(run, 'hi');
    }
    server.store.failNextCommit = 'before';
    await run.refusal({ type: 'thread.setTitle', title: 'x', threadId: 't2' });
    run.pass(250);
    run.pass(599_000);
    expect(run.status).toBe('running');
    run.pass(2_000);
    expect(run.snapshot().turn?.failure?.code).toBe('STALLED');
  });

  test('that fires while progress waits in the queue is dropped, and fires again later', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    run.clock.advance(599_999);
    const session = run.provider.session(run.provider.connectionIds[0]!);
    session.turn?.words.push('hi', 'wait');
    session.goOn();
    while (run.world.deliver());
    run.clock.advance(1);
    run.settle();
    expect(run.runtime.counters.staleTimers).toBe(1);
    expect(run.status).toBe('running');
    run.pass(600_000);
    expect(run.snapshot().turn?.failure?.code).toBe('STALLED');
  });
});

describe('a firing', () => {
  test('that no longer matches is dropped and not journaled', async () => {
    const { run } = await startThread();
    await run.submit('unanswered');
    // the firing waits behind this
    run.provider.report('t1', {
      type: 'provider.turnRefused',
      connectionId: 't1#1',
      turnId: run.snapshot().turn?.turnId,
      attempt: 1,
      nativeTurnId: null,
      failure: { code: 'START_REFUSED', message: '', class: 'provider', retryable: true },
    } as never);
    while (run.world.deliver());
    run.clock.advance(30_000);
    const count = run.inputs().length;
    run.settle();
    expect(run.inputs()).toHaveLength(count + 1);
    expect(run.runtime.counters).toMatchObject({ staleTimers: 1, ignored: 0 });
  });

  test('is not repeated while it waits', async () => {
    const { run } = await startThread();
    await run.submit('unanswered');
    run.clock.advance(90_000);
    expect(run.runtime.figures['ingressLength']).toBe(1);
    run.settle();
    expect(lastInput(run)).toBe('connection.closed');
  });
});

describe('a jump of the wall clock', () => {
  test('is told to threads with deadlines, which move by as much', async () => {
    const { run } = await startThread();
    await run.create({ threadId: 't2' });
    await run.submit('wait');
    const [before] = Object.values(run.runtime.threads.peek(threadId('t1'))?.timers ?? {});
    run.clock.jump(7_200_000);
    run.pass(15_000);
    expect(run.facts().at(-1)).toEqual({ type: 'clock.jumped', byMs: 7_200_000 });
    expect(run.facts(threadId('t2'))).toHaveLength(1);
    const [after] = Object.values(run.runtime.threads.peek(threadId('t1'))?.timers ?? {});
    expect(after?.dueAt).toBe((before?.dueAt ?? 0) + 7_200_000);
    expect(run.status).toBe('running');
  });

  test('does not lengthen the back-off of an instance', async () => {
    const { run } = await startThread();
    run.world.faults.process = 'fail';
    await run.submit('hi');
    run.clock.jump(-3_600_000);
    delete run.world.faults.process;
    run.pass(1_000);
    await run.submit('again');
    expect(run.status).toBe('ready');
  });
});
