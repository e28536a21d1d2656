/** What was said before goes with the next prompt, where the provider does not know it; the transcript stays as written. */
import { describe, expect, test } from 'vitest';
import type { ItemRow } from '../../machines/domain/item.ts';
import { ServerRuns, startThread } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

/** The prompts as the providers got them. */
const prompts = (run: RuntimeRun): string[] =>
  run.world.performed.flatMap((effect) => (effect.type === 'turn.start' ? [effect.prompt.text] : []));
const transfersIn = (run: RuntimeRun): ItemRow[] =>
  run.snapshot().items.filter(({ body }) => body.kind === 'transfer');
const messagesIn = (run: RuntimeRun): string[] =>
  run
    .snapshot()
    .items.filter(({ body }) => body.kind === 'user_message')
    .map(({ text }) => text);

async function startTwo() {
  const server = new ServerRuns({ instances: ['one', 'two'] });
  const run = await server.start();
  await run.create();
  return { server, run };
}
const switchTo = (run: RuntimeRun, instanceId: string, more: object = {}) =>
  run.do({ type: 'thread.switchProvider', instanceId, ...more });

describe('a conversation that the provider has forgotten', () => {
  test('goes on in a new one with the same prompt, which is told what was said before', async () => {
    const { server, run: first } = await startThread();
    await first.submit('hello');
    server.kill();
    const run = await server.start();
    run.world.faults.open = 'forgotten';
    const { turnId } = await run.submit('again');
    expect(run.snapshot()).toMatchObject({
      thread: { status: 'ready', lastError: null },
      turn: { turnId, status: 'completed' },
    });
    expect(prompts(run).at(-1)).toMatch(
      /^<carried_context>\n.*\n\nUser: hello\n\nAssistant: hello.*\n<\/carried_context>\n\nagain$/s,
    );
    expect(messagesIn(run)).toEqual(['hello', 'again']);
    expect(transfersIn(run)).toMatchObject([
      {
        status: 'completed',
        body: { transfer: 'resume', after: 0, until: 1, consumedBy: turnId, report: { entryCount: 2 } },
      },
    ]);
    expect(run.facts().filter(({ type }) => type === 'connection.sessionForgotten').length).toBe(1);
    await run.submit('more');
    expect(prompts(run).at(-1)).toBe('more');
  });

  test('is told all of it after the server was killed while that was put together', async () => {
    const { server, run: first } = await startThread();
    await first.submit('hello');
    server.kill();
    const broken = await server.start();
    broken.world.faults.open = 'forgotten';
    const sent = broken.send({ type: 'turn.submit', text: 'again' });
    while (!broken.facts().some(({ type }) => type === 'transfer.planned')) {
      if (!broken.tick() && !broken.world.deliver()) throw new Error('nothing was planned');
    }
    await sent;
    server.kill();
    const run = await server.start();
    expect(transfersIn(run)).toMatchObject([{ status: 'completed', body: { until: 1 } }]);
    await run.do({ type: 'queue.resume' });
    run.settle();
    expect(prompts(run).at(-1)).toMatch(/User: hello.*again$/s);
    expect(transfersIn(run).length).toBe(1);
  });
});

describe('a switch to another provider', () => {
  test('tells the new one all, and the old one on return only what it has not seen', async () => {
    const { run } = await startTwo();
    await run.submit('first');
    await switchTo(run, 'two', { model: 'm2' });
    expect(run.snapshot().thread).toMatchObject({ instanceId: 'two', model: 'm2', status: 'ready' });
    await run.submit('second');
    expect(prompts(run).at(-1)).toMatch(/User: first.*\n\nsecond$/s);
    const there = run.world.performed.findLast((effect) => effect.type === 'connection.open');
    expect(there).toMatchObject({ resume: null, settings: { instanceId: 'two' } });
    await switchTo(run, 'one');
    await run.submit('third');
    expect(prompts(run).at(-1)).toMatch(/User: second.*\n\nthird$/s);
    expect(prompts(run).at(-1)).not.toContain('User: first');
    const back = run.world.performed.findLast((effect) => effect.type === 'connection.open');
    expect(back).toMatchObject({ resume: 'native1', settings: { instanceId: 'one', model: null } });
  });

  test('says which instance it does not know, and waits for no turn', async () => {
    const { run } = await startTwo();
    expect(await run.refusal({ type: 'thread.switchProvider', instanceId: 'nobody' })).toBe(
      'INSTANCE_NOT_FOUND',
    );
    await run.submit('wait');
    expect(await run.refusal({ type: 'thread.switchProvider', instanceId: 'two' })).toBe('THREAD_BUSY');
  });

  test('takes a prompt while the old connection is closed', async () => {
    const { run } = await startTwo();
    await run.submit('first');
    const switching = run.send({ type: 'thread.switchProvider', instanceId: 'two' });
    const submitted = run.send({ type: 'turn.submit', text: 'second' });
    run.settle();
    await Promise.all([switching, submitted]);
    expect(prompts(run).at(-1)).toMatch(/User: first.*\n\nsecond$/s);
    expect(run.snapshot().thread).toMatchObject({ instanceId: 'two', status: 'ready' });
  });
});
