/** A thread whose agent has other threads do something. */
import { describe, expect, test } from 'vitest';
import type { TurnId } from '../../machines/domain/ids.ts';
import { startThread, threadId, type ServerOptions } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const INSTANCES = ['scripted', 'other'];

/** A thread whose turn waits. */
async function startWorking(options: ServerOptions = {}) {
  const { server, run } = await startThread({ instances: INSTANCES, ...options });
  await run.submit('wait');
  return { server, run };
}

const delegate = (run: RuntimeRun, text: string, more: Record<string, unknown> = {}) =>
  run.do({ type: 'task.delegate', newThreadId: 'child', text, ...more });

const told = (run: RuntimeRun, name = 't1'): string[] =>
  run.snapshot(threadId(name)).items.flatMap((item) => (item.body.kind === 'user_message' ? item.text : []));

const itemOf = (run: RuntimeRun, name = 't1') =>
  run.snapshot(threadId(name)).items.findLast(({ body }) => body.kind === 'delegation');

/** Lets the turn of the thread that asked complete. */
const goOn = (run: RuntimeRun, text = 'done') => run.submit(text, { mode: 'steer' });

describe('a task', () => {
  test('is a thread of its own with another provider, and answered once that has ended', async () => {
    const { run } = await startWorking();
    const result = await delegate(run, 'found it', { instanceId: 'other', title: 'look' });
    expect(result).toMatchObject({ threadId: 'child', duplicate: false });
    const { thread, lineage, items } = run.snapshot(threadId('child'));
    expect(thread).toMatchObject({
      title: 'look',
      parentId: 't1',
      instanceId: 'other',
      status: 'ready',
      cwd: '/work',
    });
    expect(lineage).toMatchObject({ kind: 'delegate', parentId: 't1', turnOrdinal: 0 });
    expect(items[0]?.body).toMatchObject({ kind: 'user_message', from: ['t1'] });
    expect(itemOf(run)).toMatchObject({
      status: 'completed',
      text: 'it',
      body: { taskId: result.turnId, threadId: 'child', outcome: 'completed', wake: 'settled' },
    });
    // it works itself: it will be told when it does not
    expect(told(run)).toEqual(['wait']);
  });

  test('wakes the thread that asked when that has settled, and says what came of it', async () => {
    const { server, run } = await startWorking();
    const { turnId } = await delegate(run, 'result', { instanceId: 'other' });
    await goOn(run);
    const [, , news = ''] = told(run);
    expect(news).toContain(`task ${turnId}, thread child of other: completed`);
    expect(news.endsWith('result')).toBe(true);
    const given = [...server.world.conversations.values()].flat().map(({ text }) => text);
    expect(given.filter((text) => text === news)).toHaveLength(1);
    expect(run.snapshot()).toMatchObject({ thread: { status: 'ready' }, queue: { entries: [] } });
    expect(run.snapshot().items.findLast(({ text }) => text === news)?.body).toMatchObject({
      from: ['child'],
    });
  });

  test('that ends after the thread that asked has settled wakes it at once', async () => {
    const { run } = await startWorking();
    await delegate(run, 'wait');
    await goOn(run);
    expect([run.status, told(run)]).toEqual(['ready', ['wait', 'done']]);
    await run.submit('late', { threadId: 'child', mode: 'steer' });
    expect(told(run)[2]).toMatch(/thread child of scripted: completed\n\nlate$/);
  });

  test('tells of several at once', async () => {
    const { run } = await startWorking();
    await delegate(run, 'one');
    await delegate(run, 'two', { newThreadId: 'second' });
    await goOn(run);
    const news = told(run).slice(2);
    expect(news).toHaveLength(1);
    expect(news[0]).toMatch(
      /^Tasks that you delegated have ended\.[^]*thread child [^]*one[^]*thread second [^]*two$/,
    );
  });

  test('is queued at once where the thread is always to be woken, and never where it is not', async () => {
    const { run } = await startWorking();
    await delegate(run, 'now', { wake: 'always' });
    await delegate(run, 'quiet', { newThreadId: 'silent', wake: 'never' });
    const { queue } = run.snapshot();
    expect(queue.entries.map(({ text, from }) => [text.includes('now'), from])).toEqual([[true, ['child']]]);
    await goOn(run);
    expect(told(run)).toHaveLength(3);
    expect(told(run).join()).not.toContain('silent');
    expect(itemOf(run)).toMatchObject({ text: 'quiet', status: 'completed' });
  });

  test('whose result is known wakes nobody', async () => {
    const { run } = await startWorking();
    const { turnId } = await delegate(run, 'read');
    await run.do({ type: 'task.acknowledge', taskIds: [turnId] });
    await goOn(run);
    expect(told(run)).toEqual(['wait', 'done']);
    await run.do({ type: 'task.acknowledge', taskIds: [turnId] });
    expect(run.facts().at(-1)).toEqual({ type: 'command.noEffect', command: 'task.acknowledge' });
  });

  test('does not wake a thread that a person has interrupted: what it is told waits for that person', async () => {
    const { run } = await startWorking();
    await delegate(run, 'done');
    await run.do({ type: 'turn.interrupt' });
    expect(run.snapshot()).toMatchObject({
      thread: { status: 'interrupted' },
      queue: { status: 'held', reason: 'interrupted' },
    });
    await run.do({ type: 'queue.resume' });
    expect(told(run)).toHaveLength(2);
  });

  test.each([
    ['failed', 'fail', null],
    ['interrupted', 'wait', { type: 'turn.interrupt', threadId: 'child' }],
    ['interrupted', 'wait', { type: 'thread.delete', threadId: 'child' }],
  ])('that is %s is told of as well (%s)', async (outcome, text, command) => {
    const { run } = await startWorking();
    await delegate(run, text);
    if (command !== null) await run.do(command);
    expect(itemOf(run)?.body).toMatchObject({ outcome });
    await goOn(run);
    expect(told(run)[2]).toContain(outcome);
  });

  test('that was taken out of the queue before it ran is cancelled', async () => {
    const { run } = await startWorking();
    await delegate(run, 'wait');
    const { turnId } = await run.do({ type: 'task.delegate', to: 'child', text: 'next' });
    await run.do({ type: 'queue.cancel', threadId: 'child', queueEntryId: turnId });
    expect(itemOf(run)?.body).toMatchObject({ taskId: turnId, outcome: 'cancelled' });
  });

  test("can be a further one of the same thread, and a word of a person there is nobody else's", async () => {
    const { run } = await startWorking();
    await delegate(run, 'first');
    await run.submit('aside', { threadId: 'child' });
    const { threadId: to } = await run.do({ type: 'task.delegate', to: 'child', text: 'second' });
    expect([to, told(run, 'child')]).toEqual(['child', ['first', 'aside', 'second']]);
    expect(
      run
        .snapshot()
        .items.filter(({ body }) => body.kind === 'delegation')
        .map(({ text }) => text),
    ).toEqual(['first', 'second']);
  });

  test('is made once for one command', async () => {
    const { run } = await startWorking();
    const ask = { type: 'task.delegate', text: 'once' };
    const first = await run.do(ask, 'c-1');
    await goOn(run);
    expect(await run.do(ask, 'c-1')).toEqual({ ...first, duplicate: true });
    expect(await run.refusal({ ...ask, text: 'other' }, 'c-1')).toBe('COMMAND_CONFLICT');
  });
});

describe('a thread that delegates', () => {
  test('can do it only while its turn runs', async () => {
    const { run } = await startThread();
    expect(await run.refusal({ type: 'task.delegate', text: 'x' })).toBe('TURN_NOT_ACTIVE');
    expect(run.snapshot().machine.can).not.toContain('task.delegate');
    await run.submit('wait');
    expect(run.snapshot().machine.can).toContain('task.delegate');
  });

  test('gives no more than it has', async () => {
    const { run } = await startThread({ instances: INSTANCES });
    const policy = { approval: 'on-request', network: false };
    await run.do({ type: 'thread.setRuntimeMode', runtimeMode: 'auto-accept-edits', policy });
    await run.do({ type: 'thread.setInteractionMode', interactionMode: 'plan' });
    await run.submit('wait');
    await delegate(run, 'x', { runtimeMode: 'full-access', interactionMode: 'default' });
    expect(run.snapshot(threadId('child')).thread).toMatchObject({
      runtimeMode: 'auto-accept-edits',
      interactionMode: 'plan',
      policy,
    });
    await delegate(run, 'x', { newThreadId: 'less', runtimeMode: 'approval-required' });
    expect(run.snapshot(threadId('less')).thread.runtimeMode).toBe('approval-required');
  });

  test('asks no thread that a person has given more, and none that it has not made', async () => {
    const { run } = await startWorking();
    await delegate(run, 'x');
    const again = { type: 'task.delegate', to: 'child', text: 'more' };
    await run.do({ type: 'thread.setRuntimeMode', threadId: 'child', runtimeMode: 'full-access' });
    expect(await run.refusal(again)).toBe('TASK_NOT_ALLOWED');
    await run.create({ threadId: 'foreign' });
    expect(await run.refusal({ ...again, to: 'foreign' })).toBe('TASK_NOT_ALLOWED');
    expect(await run.refusal({ ...again, to: 't1' })).toBe('TASK_NOT_ALLOWED');
  });

  test('is bounded in depth, and in how many of its family work', async () => {
    const { run } = await startWorking({ taskBounds: { depth: 2, aliveCount: 3 } });
    await delegate(run, 'wait', { newThreadId: 'a' });
    await delegate(run, 'wait', { threadId: 'a', newThreadId: 'aa' });
    const deeper = { type: 'task.delegate', threadId: 'aa', text: 'x' };
    expect(await run.refusal(deeper)).toBe('TASK_TOO_DEEP');
    await delegate(run, 'wait', { newThreadId: 'b' });
    const another = { type: 'task.delegate', newThreadId: 'c', text: 'x' };
    expect(await run.refusal(another)).toBe('TASK_LIMIT');
    await run.submit('over', { threadId: 'aa', mode: 'steer' });
    expect(await run.refusal(another)).toBeNull();
  });
});

describe('after a crash', () => {
  test('a task that was under way is interrupted, and its thread is told once', async () => {
    const { server, run } = await startWorking();
    await delegate(run, 'wait');
    await goOn(run);
    const next = await server.crash();
    const { queue } = next.snapshot();
    expect(queue.entries.map(({ text }) => text.includes('interrupted'))).toEqual([true]);
    const again = await server.crash();
    expect(again.snapshot().queue).toEqual(queue);
    await again.do({ type: 'queue.resume' });
    const last = await server.crash();
    expect([told(last).length, last.snapshot().queue.entries]).toEqual([3, []]);
  });

  test('a result that waited to be told is told once its thread goes on', async () => {
    const { server, run } = await startWorking();
    const { turnId } = await delegate(run, 'kept');
    const next = await server.crash();
    expect(next.status).toBe('stopped');
    const { queue } = next.snapshot();
    expect(queue).toMatchObject({ status: 'held' });
    expect(queue.entries.map(({ text }) => text.includes(turnId as TurnId))).toEqual([true]);
    const again = await server.crash();
    expect(again.snapshot().queue).toEqual(queue);
    await again.do({ type: 'queue.resume' });
    expect(told(again).filter((text) => text.includes('kept'))).toHaveLength(1);
  });
});
