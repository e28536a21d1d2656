import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import { startThread, type ServerRuns } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const CANARY = 'Canary-4711';
const KEPT = { answers: { user: ['ann'], password: ['[secret]'] } };

async function asked(): Promise<{ server: ServerRuns; run: RuntimeRun; command: Record<string, unknown> }> {
  const { server, run } = await startThread();
  await run.submit('secret after');
  const requestId = run.snapshot().requests[0]?.requestId;
  const answers = { user: ['ann'], password: [CANARY] };
  return { server, run, command: { type: 'request.respond', requestId, answers } };
}

const answersIn = (performed: readonly ProviderEffect[]) =>
  performed.filter((effect) => effect.type === 'request.answer');

/** Everything that a store has and that clients were told. */
const traces = (server: ServerRuns, run: RuntimeRun): string =>
  inspect([server.store, run.ticks, run.snapshot(), run.warnings], {
    depth: Infinity,
    maxArrayLength: null,
    maxStringLength: null,
  });

describe('the answer to a secret question', () => {
  test('reaches the provider once, and stands nowhere else', async () => {
    const { server, run, command } = await asked();
    await run.do(command);
    expect(run.status).toBe('ready');
    expect(answersIn(run.world.performed)).toEqual([
      expect.objectContaining({ answer: { answers: command['answers'] }, kept: KEPT }),
    ]);
    expect(traces(server, run)).toContain('[secret]');
    expect(traces(server, run)).not.toContain(CANARY);
    expect(run.facts()).toContainEqual(expect.objectContaining({ type: 'request.answering', answer: KEPT }));
    expect(run.facts()).toContainEqual(
      expect.objectContaining({ type: 'request.closed', outcome: 'answered' }),
    );
  });

  test('has to fit the question as it was given', async () => {
    const { run, command } = await asked();
    const short = { user: ['ann'], password: ['abc'] };
    expect(await run.refusal({ ...command, answers: short })).toBe('ANSWER_INVALID');
    expect(answersIn(run.world.performed)).toEqual([]);
  });

  test('is the same command again, whatever the secret, since nothing tells', async () => {
    const { server, run, command } = await asked();
    const first = await run.do(command, 'c1');
    expect(await run.do(command, 'c1')).toEqual({ ...first, duplicate: true });
    const next = await server.crash();
    expect(await next.do(command, 'c1')).toEqual({ ...first, duplicate: true });
    const other = { ...command, answers: { user: ['ann'], password: ['another'] } };
    expect(await next.do(other, 'c1')).toEqual({ ...first, duplicate: true });
    expect(await next.refusal({ ...command, answers: { user: ['ann'] } }, 'c1')).toBe('COMMAND_CONFLICT');
    expect(answersIn(next.world.performed)).toHaveLength(1);
  });

  test('can be given again where it did not arrive', async () => {
    const { server, run, command } = await asked();
    run.world.faults.answer = 'fail';
    await run.do(command);
    expect(run.snapshot().requests[0]).toMatchObject({ status: 'undeliverable', answer: KEPT });
    delete run.world.faults.answer;
    await run.do({ ...command, answers: { user: ['ann'], password: [`${CANARY}-2`] } });
    expect(run.status).toBe('ready');
    expect(answersIn(run.world.performed).at(-1)).toMatchObject({
      answer: { answers: { password: [`${CANARY}-2`] } },
    });
    expect(traces(server, run)).not.toContain(CANARY);
  });

  test('is forgotten by a crash between commit and delivery, and can be asked for again', async () => {
    const { server, run, command } = await asked();
    run.world.onPerform = (effect) => {
      if (effect.type !== 'request.answer') return;
      server.kill();
      throw new Error('the server is killed here');
    };
    void run.send(command);
    run.settle();
    run.world.onPerform = null;
    const next = await server.start();
    expect(next.status).toBe('stopped');
    expect(answersIn(next.world.performed)).toEqual([]);
    expect(next.facts()).toContainEqual(
      expect.objectContaining({ type: 'request.closed', outcome: 'expired' }),
    );
    expect(traces(server, next)).not.toContain(CANARY);
    await next.do({ type: 'request.askAgain', requestId: command['requestId'] });
    await next.do({ type: 'queue.resume' });
    const started = next.world.performed.findLast((effect) => effect.type === 'turn.start');
    expect(started?.prompt.text).toContain('You asked, but could not be answered in time');
  });

  test.each(['before', 'after'] as const)(
    'is refused or delivered where the commit fails (%s)',
    async (how) => {
      const { server, run, command } = await asked();
      server.store.failNextCommit = how;
      const code = await run.refusal(command, 'c1');
      expect(code).toBe(how === 'before' ? 'STORE_UNAVAILABLE' : null);
      run.pass(250);
      if (how === 'before') await run.do(command, 'c1');
      expect(answersIn(run.world.performed)).toEqual([
        expect.objectContaining({ answer: { answers: command['answers'] } }),
      ]);
      expect(traces(server, run)).not.toContain(CANARY);
    },
  );
});
