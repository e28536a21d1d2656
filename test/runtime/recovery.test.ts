/** A crash in each state, and what the next run of the server makes of it. */
import { describe, expect, test } from 'vitest';
import { startThread, type ServerRuns } from '../helpers/server-runs.ts';
import type { Faults } from '../helpers/scripted-world.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const stateOf = (run: RuntimeRun): string => {
  const { thread, turn, queue } = run.snapshot();
  const reason = turn?.reason === null ? '' : ` ${turn?.reason}`;
  const held =
    queue.entries.length === 0
      ? 'empty'
      : `${queue.status} ${queue.reason} ${queue.entries.map((each) => each.text).join()}`;
  return `${thread.status} · ${turn?.status}${reason} · ${thread.lastError?.code ?? '-'} · ${held}`;
};

interface Case {
  readonly name: string;
  readonly faults?: Faults;
  readonly asks: readonly Record<string, unknown>[];
  /** Only so many deliveries of the provider are heard before the crash. */
  readonly deliveries?: number;
  readonly expected: string;
}
const submit = (text: string, mode = 'start') => ({ type: 'turn.submit', text, mode });
const INTERRUPTED = 'stopped · interrupted server-restarted · SERVER_RESTARTED · held restarted later';

const CASES: readonly Case[] = [
  {
    name: 'opening',
    faults: { open: 'silent' },
    asks: [submit('one')],
    expected: 'stopped · failed · NOT_DELIVERED · held failed one,later',
  },
  {
    name: 'handing over, not accepted',
    asks: [submit('unanswered')],
    expected: 'stopped · failed · NOT_DELIVERED · held failed unanswered,later',
  },
  { name: 'handing over, accepted', asks: [submit('accept-only')], expected: INTERRUPTED },
  { name: 'streaming', asks: [submit('long wait')], expected: INTERRUPTED },
  { name: 'awaiting a person', asks: [submit('ask')], expected: INTERRUPTED },
  {
    name: 'answering',
    faults: { answer: 'silent' },
    asks: [submit('ask'), { type: 'request.respond', decision: 'accept' }],
    expected: INTERRUPTED,
  },
  {
    name: 'steering',
    faults: { steer: 'silent' },
    asks: [submit('wait'), submit('more', 'steer')],
    expected: INTERRUPTED,
  },
  {
    name: 'interrupting',
    faults: { interrupt: 'silent' },
    asks: [submit('wait'), { type: 'turn.interrupt' }],
    expected: INTERRUPTED,
  },
  {
    name: 'stopping',
    faults: { close: 'silent', interrupt: 'silent' },
    asks: [submit('wait'), { type: 'thread.stop' }],
    expected: INTERRUPTED,
  },
];

async function playUntilCrash({ faults, asks }: Case): Promise<{ server: ServerRuns; run: RuntimeRun }> {
  const started = await startThread();
  const { run } = started;
  await run.submit('before');
  // the connection is opened by the prompt where the opening is what is looked at
  if (faults?.open !== undefined) await run.do({ type: 'thread.stop' });
  Object.assign(run.world.faults, faults);
  for (const command of asks) {
    const requestId = run.snapshot().requests[0]?.requestId;
    await run.do(command.type === 'request.respond' ? { ...command, requestId } : command);
  }
  await run.submit('later', { mode: 'queue' });
  return started;
}

describe('a crash while', () => {
  test.each(CASES)('$name', async (given) => {
    const { server, run } = await playUntilCrash(given);
    for (const name of Object.keys(run.world.faults)) Reflect.deleteProperty(run.world.faults, name);
    const next = await server.crash();
    expect(stateOf(next)).toBe(given.expected);
    expect(next.snapshot().requests).toEqual([]);
    expect(next.snapshot().machine.children).toEqual({});
    for (const { turnId } of next.snapshot().queue.entries) {
      await next.do({ type: 'queue.cancel', queueEntryId: turnId });
    }
    await next.submit('again');
    expect(next.snapshot().turn).toMatchObject({ status: 'completed' });
    expect(next.status).toBe('ready');
    const received = next.world.received;
    expect(new Set(received).size).toBe(received.length);
  });

  test('idle and bound: the thread is stopped and goes on with its conversation', async () => {
    const { server, run } = await startThread();
    await run.submit('one');
    const next = await server.crash();
    expect(stateOf(next)).toBe('stopped · completed · - · empty');
    await next.submit('two');
    expect(next.world.conversations.get('native1')).toHaveLength(2);
  });

  test('settling: the turn ends as the provider said', async () => {
    const { server, run } = await startThread();
    run.world.faults.settle = 'silent';
    await run.submit('one');
    const next = await server.crash();
    expect(stateOf(next)).toBe('stopped · completed · - · empty');
  });

  test.each(['one wait', 'one'])('deleting (%s): the delete is through', async (text) => {
    const { server, run } = await startThread();
    await run.submit(text);
    run.world.faults.close = 'silent';
    run.world.faults.interrupt = 'silent';
    await run.do({ type: 'thread.delete' });
    expect(run.journal.threadState('t1' as never)?.removal).toBe('deleting');
    const next = await server.crash();
    expect(next.journal.threadState('t1' as never)?.removal).toBe('deleted');
    expect(await next.refusal(submit('more'))).toBe('THREAD_DELETED');
    const last = await server.crash();
    expect(await last.refusal(submit('more'))).toBe('THREAD_DELETED');
  });

  test('a new thread waits for its first prompt: nothing changes', async () => {
    const { server, run } = await startThread();
    const before = run.snapshot();
    const next = await server.crash();
    expect(next.snapshot()).toEqual(before);
    expect(next.runtime.threads.size).toBe(1);
  });
});

describe('a prompt whose fate the crash hides', () => {
  const crashInHanding = async (text: string) => {
    const { server, run } = await startThread();
    await run.submit('before');
    const sent = run.send(submit(text));
    run.tick();
    // the provider has it, but nothing that it said is heard
    expect(await sent).toHaveProperty('result');
    await run.submit('later', { mode: 'queue' }).catch(() => {});
    return { server, run };
  };

  test.each([
    ['completed', 'stopped · completed · - · held restarted later'],
    ['failed', 'stopped · failed · PROVIDER_ERROR · held failed later'],
    ['interrupted', 'stopped · interrupted server-restarted · - · held restarted later'],
  ] as const)('is found as %s', async (outcome, expected) => {
    const { server, run } = await startThread();
    await run.submit('before');
    run.world.faults.start = 'silent';
    await run.submit('one');
    await run.submit('later', { mode: 'queue' });
    const turnId = run.snapshot().turn?.turnId;
    delete run.world.faults.start;
    run.world.conversations.get('native1')?.push({ clientMessageId: `${turnId}.1`, text: 'one', outcome });
    const next = await server.crash();
    expect(stateOf(next).replace('SERVER_RESTARTED', '-')).toBe(expected);
    await next.submit('again');
    expect(next.status).toBe('ready');
  });

  test.each([
    ['unknown', 0],
    ['silent', 61_000],
  ] as const)('is unknown where the look-up is %s', async (fault, passMs) => {
    const { server, run } = await startThread();
    await run.submit('before');
    run.world.faults.start = 'silent';
    await run.submit('one');
    delete run.world.faults.start;
    run.world.faults.lookUp = fault;
    const next = await server.crash();
    if (passMs > 0) {
      expect(next.snapshot().machine).toMatchObject({ status: 'starting' });
      expect(next.snapshot().machine.tags).toContain('reconciling');
    }
    next.pass(passMs);
    expect(next.snapshot().turn?.status).toBe('unknown');
    expect(
      next.world.performed.filter((effect) => effect.type === 'turn.start' && effect.prompt.text === 'one'),
    ).toHaveLength(1);
    await next.submit('again');
    expect(next.status).toBe('ready');
  });

  test('is absent and comes back as the head of the queue, once', async () => {
    const { server, run } = await startThread();
    await run.submit('before');
    await run.submit('unanswered');
    const first = run.snapshot().turn?.turnId;
    const next = await server.crash();
    const [entry] = next.snapshot().queue.entries;
    expect(entry).toMatchObject({ text: 'unanswered', failure: { code: 'NOT_DELIVERED' } });
    expect(entry?.turnId).not.toBe(first);
    await next.do({ type: 'queue.edit', queueEntryId: entry?.turnId, text: 'now' });
    await next.do({ type: 'queue.resume' });
    expect(next.status).toBe('ready');
    expect(next.snapshot().queue.entries).toEqual([]);
  });

  test('is looked up again after a crash in the look-up', async () => {
    const { server, run } = await startThread();
    await run.submit('before');
    await run.submit('unanswered');
    run.world.faults.lookUp = 'silent';
    let next = await server.crash();
    for (let count = 0; count < 3; count += 1) {
      expect(next.snapshot().machine.tags).toContain('reconciling');
      next = await server.crash();
    }
    delete run.world.faults.lookUp;
    next = await server.crash();
    expect(next.snapshot().turn).toMatchObject({ status: 'failed', failure: { code: 'NOT_DELIVERED' } });
    expect(next.facts().filter((fact) => fact.type === 'turn.ended')).toHaveLength(2);
  });

  test('is given up by an interrupt or a stop during the look-up', async () => {
    const { server, run } = await startThread();
    await run.submit('before');
    await run.submit('unanswered');
    run.world.faults.lookUp = 'silent';
    const next = await server.crash();
    await next.do({ type: 'turn.interrupt' });
    expect(next.snapshot().turn?.status).toBe('unknown');
    delete run.world.faults.lookUp;
    await next.submit('again');
    expect(next.status).toBe('ready');
  });

  test('was never heard of, and is handed over once', async () => {
    const { server } = await crashInHanding('one');
    const next = await server.crash();
    next.pass(61_000);
    expect(next.world.received.filter((id) => id.endsWith('.1'))).toEqual([...new Set(next.world.received)]);
    await next.submit('again');
    expect(next.status).toBe('ready');
  });
});

describe('the next run', () => {
  test('ends the processes that the last one left, and keeps the rows of those it cannot end', async () => {
    const { server, run } = await startThread();
    const row = { instanceId: 'scripted', pid: 1, startTime: 's', startedAt: 1 } as const;
    run.journal.putProcess({ ...row, marker: 'gone' } as never);
    run.journal.putProcess({ ...row, marker: 'stays' } as never);
    const ended: string[] = [];
    server.kill();
    const next = server.open({
      endSurvivor: ({ marker }) => {
        ended.push(marker);
        return marker === 'gone' ? Promise.resolve() : Promise.reject(new Error('it stays'));
      },
    });
    await next.start();
    expect(ended.toSorted()).toEqual(['gone', 'stays']);
    expect(next.journal.processes().map((each) => each.marker)).toEqual(['stays']);
    expect(next.runtime.isReady()).toBe(true);
  });

  test('starts each instance anew', async () => {
    const { server, run } = await startThread();
    await run.submit('one');
    expect(run.runtime.reads.instances()).toMatchObject([{ state: 'ready' }]);
    const next = await server.crash();
    expect(next.runtime.reads.instances()).toMatchObject([{ state: 'unchecked' }]);
    await next.submit('two');
    expect(next.runtime.reads.instances()).toMatchObject([{ state: 'ready' }]);
  });

  test('refuses commands before recovery has finished', async () => {
    const { server } = await startThread();
    server.kill();
    const next = server.open();
    expect(next.runtime.isReady()).toBe(false);
    expect(await next.refusal(submit('early'))).toBe('SHUTTING_DOWN');
    await next.start();
  });
});
