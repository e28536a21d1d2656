/** What a provider does wrong, what becomes of the turn, and that the next prompt works. */
import { describe, expect, test } from 'vitest';
import { startThread } from '../helpers/server-runs.ts';
import type { Faults } from '../helpers/scripted-world.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

type Step = Record<string, unknown> | number;

interface Case {
  readonly name: string;
  readonly faults?: Faults;
  readonly text?: string;
  /** Not connected, and the process not running, when the prompt comes. */
  readonly isCold?: boolean;
  readonly after?: readonly Step[];
  /** Status, outcome and code of the turn, `lastError`, queue. */
  readonly expected: string;
}

const STEER = { type: 'turn.submit', text: 'more', mode: 'steer' };
const INTERRUPT = { type: 'turn.interrupt' };
const STOP = { type: 'thread.stop' };

const CASES: readonly Case[] = [
  {
    name: 'refuses the prompt',
    text: 'refuse',
    expected: 'error · failed START_REFUSED · START_REFUSED · held failed',
  },
  {
    name: 'does not answer the prompt',
    text: 'unanswered',
    after: [31_000],
    expected: 'error · failed START_TIMED_OUT · START_TIMED_OUT · held failed',
  },
  {
    name: 'accepts the prompt and does not begin',
    text: 'accept-only',
    after: [31_000],
    expected: 'error · failed START_TIMED_OUT · START_TIMED_OUT · held failed',
  },
  {
    name: 'fails in the turn',
    text: 'hi fail',
    expected: 'error · failed PROVIDER_ERROR · PROVIDER_ERROR · held failed',
  },
  {
    name: 'loses the session',
    text: 'hi lose',
    expected: 'error · failed CONNECTION_LOST · CONNECTION_LOST · held failed',
  },
  {
    name: 'dies',
    text: 'hi die',
    expected: 'error · failed CONNECTION_LOST · CONNECTION_LOST · held failed',
  },
  {
    name: 'says nothing any more',
    text: 'hi silent',
    after: [700_000],
    expected: 'error · failed STALLED · STALLED · held failed',
  },
  { name: 'speaks after the end', text: 'late', expected: 'ready · completed · - · empty' },
  { name: 'leaves an item open', text: 'open', expected: 'ready · completed · - · empty' },
  {
    name: 'is not let go of by a settle',
    text: 'hi',
    faults: { settle: 'silent' },
    after: [21_000, 21_000],
    expected: 'ready · completed · - · empty',
  },
  {
    name: 'does not open',
    isCold: true,
    faults: { open: 'fail' },
    expected: 'error · failed OPEN_FAILED · OPEN_FAILED · held failed',
  },
  {
    name: 'does not answer the opening',
    isCold: true,
    faults: { open: 'silent' },
    after: [31_000],
    expected: 'error · failed OPEN_TIMED_OUT · OPEN_TIMED_OUT · held failed',
  },
  {
    name: 'has forgotten the conversation',
    isCold: true,
    faults: { open: 'forgotten' },
    expected: 'ready · completed · - · empty',
  },
  {
    name: 'does not start',
    isCold: true,
    faults: { process: 'fail' },
    expected: 'error · failed OPEN_FAILED · OPEN_FAILED · held failed',
  },
  {
    name: 'is not installed',
    isCold: true,
    faults: { process: 'missing' },
    expected: 'error · failed OPEN_FAILED · OPEN_FAILED · held failed',
  },
  {
    name: 'does not answer the handshake',
    isCold: true,
    faults: { process: 'silent' },
    after: [31_000],
    expected: 'error · failed OPEN_TIMED_OUT · OPEN_TIMED_OUT · held failed',
  },
  {
    name: 'does not answer an interrupt',
    text: 'wait',
    faults: { interrupt: 'silent' },
    after: [INTERRUPT, 16_000],
    expected: 'interrupted · interrupted INTERRUPT_TIMED_OUT · - · held interrupted',
  },
  {
    name: 'refuses an interrupt',
    text: 'wait',
    faults: { interrupt: 'refuse' },
    after: [INTERRUPT, 16_000],
    expected: 'interrupted · interrupted INTERRUPT_TIMED_OUT · - · held interrupted',
  },
  {
    name: 'does not answer a steer',
    text: 'wait',
    faults: { steer: 'silent' },
    after: [STEER, 16_000, INTERRUPT],
    expected: 'interrupted · interrupted · - · held interrupted',
  },
  {
    name: 'does not close',
    text: 'wait',
    faults: { close: 'silent' },
    after: [STOP, 11_000],
    expected: 'interrupted · interrupted · CLOSE_FAILED · held stopped',
  },
  {
    name: 'fails to close',
    text: 'wait',
    faults: { close: 'fail' },
    after: [STOP],
    expected: 'interrupted · interrupted · CLOSE_FAILED · held stopped',
  },
];

function stateOf(run: RuntimeRun): string {
  const { thread, turn, queue } = run.snapshot();
  const failed = turn?.failure === null || turn === null ? '' : ` ${turn.failure.code}`;
  const held = queue.entries.length === 0 ? 'empty' : `${queue.status} ${queue.reason}`;
  return `${thread.status} · ${turn?.status}${failed} · ${thread.lastError?.code ?? '-'} · ${held}`;
}

async function goOn(run: RuntimeRun, after: readonly Step[] = []): Promise<void> {
  for (const step of after) {
    if (typeof step === 'number') run.pass(step);
    else await run.do(step);
  }
}

describe('a provider that', () => {
  test.each(CASES)('$name', async ({ faults = {}, text = 'hi', isCold, after, expected }) => {
    const { run } = await startThread();
    await run.submit('before');
    if (isCold) {
      await run.do(STOP);
      run.pass(400_000);
    }
    Object.assign(run.world.faults, faults);
    const turn = run.send({ type: 'turn.submit', text });
    // queued while the turn still has a chance
    const queued = run.send({ type: 'turn.submit', text: 'later', mode: 'queue' });
    run.settle();
    expect(await turn).toHaveProperty('result');
    expect(await queued).toHaveProperty('result');
    await goOn(run, after);
    expect(stateOf(run)).toBe(expected);
    for (const name of Object.keys(run.world.faults)) Reflect.deleteProperty(run.world.faults, name);
    // a process that did not start is tried again after a while
    run.pass(1_000);
    await run.submit('next');
    run.pass(1_000);
    expect(run.status).toBe('ready');
    expect(run.snapshot().thread.lastError).toBeNull();
    expect(run.snapshot().turn).toMatchObject({ status: 'completed', failure: null });
  });

  test('completes in spite of an interrupt has completed', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    run.world.faults.interrupt = 'complete';
    await run.do(INTERRUPT);
    expect(stateOf(run)).toBe('ready · completed · - · empty');
  });

  test('has forgotten the conversation begins a new one with the next prompt, and says so', async () => {
    const { run } = await startThread();
    await run.submit('before');
    await run.do(STOP);
    run.world.faults.open = 'forgotten';
    await run.submit('hi');
    await run.submit('again');
    expect(run.facts()).toContainEqual(expect.objectContaining({ type: 'connection.sessionForgotten' }));
    expect(run.status).toBe('ready');
    expect(run.world.conversations.get('native1')).toHaveLength(1);
  });

  test('opens too late is not used', async () => {
    const { run } = await startThread();
    run.world.faults.open = 'silent';
    await run.submit('hi');
    run.pass(31_000);
    delete run.world.faults.open;
    const connectionId = 't1#1';
    const opened = {
      nativeThreadId: 'late',
      resumed: false,
      capabilities: run.provider.capabilities,
      model: null,
    };
    run.provider.report('t1', { type: 'connection.opened', connectionId, ...opened } as never);
    run.settle();
    expect(run.entries().at(-1)).toMatchObject({ outcome: 'ignored', input: { type: 'connection.opened' } });
    await run.submit('next');
    expect(run.status).toBe('ready');
    expect(run.world.performed.some((effect) => effect.type === 'connection.kill')).toBe(true);
  });

  test('may still be at work is never asked on the same connection again', async () => {
    const { run } = await startThread();
    run.world.faults.interrupt = 'silent';
    await run.submit('wait');
    await run.do(INTERRUPT);
    run.pass(16_000);
    await run.submit('next');
    const started = run.world.performed.flatMap((effect) =>
      effect.type === 'turn.start' ? [effect.connectionId] : [],
    );
    expect(started).toEqual(['t1#1', 't1#2']);
  });

  test('says what is not of the promised shape is not believed', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    const report = { type: 'provider.turnEnded', connectionId: 't1#1', turnId: 'no such id!', attempt: 0 };
    run.provider.report('t1', report as never);
    run.settle();
    expect(run.runtime.counters.malformed).toBe(1);
    expect(run.status).toBe('running');
    expect(run.snapshot().items.at(-1)).toMatchObject({
      body: { kind: 'notice', tone: 'info', topic: 'provider.malformed' },
      text: 'provider.turnEnded of the provider could not be read and was dropped',
    });
  });
});
