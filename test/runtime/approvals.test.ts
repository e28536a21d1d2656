import { describe, expect, test } from 'vitest';
import { startThread } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const answerTo = (run: RuntimeRun, index = 0, more: Record<string, unknown> = { decision: 'accept' }) => ({
  type: 'request.respond',
  requestId: run.snapshot().requests[index]?.requestId,
  ...more,
});
const outcomes = (run: RuntimeRun): string[] =>
  run.facts().flatMap((fact) => (fact.type === 'request.closed' ? [fact.outcome] : []));
const answersSent = (run: RuntimeRun) =>
  run.world.performed.flatMap((effect) => (effect.type === 'request.answer' ? [effect.answer] : []));

describe('an approval', () => {
  test.each([
    ['accept', 'accepted'],
    ['acceptForSession', 'accepted'],
    ['decline', 'declined'],
    ['cancel', 'cancelled'],
  ])('is answered by %s and ends as %s', async (decision, outcome) => {
    const { run } = await startThread();
    await run.submit('ask done');
    expect(run.snapshot()).toMatchObject({ thread: { status: 'running', openRequestCount: 1 } });
    expect(run.snapshot().machine.can).toContain('request.respond');
    const result = await run.do(answerTo(run, 0, { decision }));
    expect(result.requestId).toBeDefined();
    expect(outcomes(run)).toEqual([outcome]);
    expect(answersSent(run)).toEqual([{ decision }]);
    expect(run.snapshot()).toMatchObject({ thread: { status: 'ready', openRequestCount: 0 }, requests: [] });
  });

  test('is one of two that are open at once', async () => {
    const { run } = await startThread();
    await run.submit('ask2 done');
    expect(run.snapshot().thread.openRequestCount).toBe(2);
    await run.do(answerTo(run, 1));
    expect(run.status).toBe('running');
    await run.do(answerTo(run, 0, { decision: 'decline' }));
    expect(outcomes(run)).toEqual(['accepted', 'declined']);
    expect(run.status).toBe('ready');
  });

  test('is answered once: the second answer and the next one are refused', async () => {
    const { run } = await startThread();
    await run.submit('ask wait');
    const command = answerTo(run);
    const [first, second] = [run.send(command), run.send(command)];
    run.settle();
    expect(await first).toHaveProperty('result');
    expect(await second).toMatchObject({ error: { code: 'REQUEST_BEING_ANSWERED' } });
    expect(await run.refusal(command)).toBe('REQUEST_CLOSED');
    expect(answersSent(run)).toHaveLength(1);
  });

  test('takes only what it offers', async () => {
    const { run } = await startThread();
    await run.submit('question end');
    expect(await run.refusal(answerTo(run))).toBe('DECISION_NOT_OFFERED');
    expect(await run.refusal(answerTo(run, 0, { answers: { other: ['x'] } }))).toBe('DECISION_NOT_OFFERED');
    expect(await run.refusal({ ...answerTo(run), requestId: 'nobody' })).toBe('REQUEST_NOT_FOUND');
    await run.do(answerTo(run, 0, { answers: { q1: ['red'] } }));
    expect(outcomes(run)).toEqual(['answered']);
    expect(run.status).toBe('ready');
  });
});

describe('an answer that does not arrive', () => {
  test.each(['fail', 'silent'] as const)('(%s) is shown and sent again', async (fault) => {
    const { run } = await startThread();
    await run.submit('ask done');
    run.world.faults.answer = fault;
    await run.do(answerTo(run));
    run.pass(11_000);
    expect(run.snapshot().requests).toMatchObject([
      { status: 'undeliverable', failure: { code: 'ANSWER_UNDELIVERED' }, answer: { decision: 'accept' } },
    ]);
    expect(run.status).toBe('running');
    delete run.world.faults.answer;
    await run.do(answerTo(run, 0, { decision: 'decline' }));
    expect(outcomes(run)).toEqual(['declined']);
    expect(run.status).toBe('ready');
  });
});

describe('a request that expired', () => {
  test('is put to the agent again as a prompt', async () => {
    const { server, run } = await startThread();
    await run.submit('ask done');
    const { requestId } = run.snapshot().requests[0]!;
    expect(await run.refusal({ type: 'request.askAgain', requestId })).toBe('REQUEST_NOT_EXPIRED');
    const next = await server.crash();
    expect(next.snapshot().requests).toEqual([]);
    expect(await next.refusal({ type: 'request.respond', requestId, decision: 'accept' })).toBe(
      'REQUEST_CLOSED',
    );
    await next.do({ type: 'request.askAgain', requestId });
    expect(next.world.conversations.get('native1')?.at(-1)?.text).toContain('rm -rf build');
    // it does ask again
    expect(next.snapshot().requests).toMatchObject([{ status: 'open' }]);
  });

  test.each([
    ['interrupted', { type: 'turn.interrupt' }],
    ['stopped', { type: 'thread.stop' }],
  ])('does so when its turn is %s', async (_, command) => {
    const { run } = await startThread();
    await run.submit('ask done');
    await run.do(command);
    expect(outcomes(run)).toEqual(['expired']);
    expect(run.snapshot().thread.openRequestCount).toBe(0);
  });
});

describe('a request of a side turn or the session', () => {
  test('belongs to the connection and is answered beside the active turn', async () => {
    const { run } = await startThread();
    await run.submit('one');
    run.world.faults.start = 'silent';
    await run.submit('two');
    run.provider.begin(run.provider.connectionIds[0]!, 'ask');
    run.settle();
    expect(run.snapshot().requests).toMatchObject([{ owner: 'connection', status: 'open' }]);
    await run.do(answerTo(run));
    expect(outcomes(run)).toEqual(['accepted']);
  });
});

describe('a request that nobody takes', () => {
  test('is refused, so that the provider does not wait for ever', async () => {
    const { run } = await startThread();
    await run.submit('one wait');
    const session = run.provider.session(run.provider.connectionIds[0]!);
    await run.do({ type: 'thread.stop' });
    const request = {
      requestId: 'r1',
      nativeRequestId: 'n1',
      body: { kind: 'tool', tool: 'x' },
      decisions: ['accept'],
    };
    const named = { connectionId: session.connectionId, turnId: null, attempt: 0, nativeTurnId: null };
    session.say({ type: 'provider.requestOpened', ...named, owner: 'turn', request } as never);
    run.settle();
    expect(run.entries().at(-1)).toMatchObject({
      outcome: 'ignored',
      input: { type: 'provider.requestOpened' },
    });
    expect(run.world.performed.at(-1)).toMatchObject({ type: 'request.refuse', nativeRequestId: 'n1' });
  });

  test('of a thread that is not there is refused too', async () => {
    const { run } = await startThread();
    await run.submit('one');
    const session = run.provider.session(run.provider.connectionIds[0]!);
    const request = {
      requestId: 'r1',
      nativeRequestId: 'n1',
      body: { kind: 'tool', tool: 'x' },
      decisions: [],
    };
    const named = { connectionId: session.connectionId, turnId: null, attempt: 0, nativeTurnId: null };
    run.provider.report('nobody', {
      type: 'provider.requestOpened',
      ...named,
      owner: 'turn',
      request,
    } as never);
    run.settle();
    expect(run.world.performed.at(-1)).toMatchObject({ type: 'request.refuse', nativeRequestId: 'n1' });
  });
});
