/** The tools that agents are given: a whole server, a scripted agent, and calls as an agent makes them. */
import { describe, expect, it } from 'vitest';
import type { AgentTools } from '../../machines/domain/effect.ts';
import type { Client } from '../../server/client/client.ts';
import { call, refusal, request, toolsOf } from '../helpers/agent-calls.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { LiveThread } from '../helpers/live-thread.ts';

interface Stage {
  readonly server: TestServer;
  readonly client: Client;
  readonly thread: LiveThread;
  readonly tools: AgentTools;
}

/** A thread whose turn waits. */
async function startWorking(config: Record<string, unknown> = {}): Promise<Stage> {
  const server = await startServer(config);
  const client = await server.client();
  const thread = await workingThread(client);
  return { server, client, thread, tools: toolsOf(server.world, thread.threadId) };
}

async function workingThread(client: Client): Promise<LiveThread> {
  const thread = await LiveThread.create(client, { cwd: '/tmp', instanceId: 'scripted' });
  await thread.submit('wait');
  await thread.fact('turn.started');
  return thread;
}

const follow = ({ client }: Stage, threadId: string): LiveThread => new LiveThread(client, threadId);

const delegate = (stage: Stage, task: string, more: object = {}) =>
  call<{ taskId: string; threadId: string; duplicate: boolean }>(stage.tools, 'delegate', { task, ...more });

describe('the tools', () => {
  it('are listed with what they take, and only those that look are marked so', async () => {
    const { tools } = await startWorking();
    const { tools: listed } = (await request(tools, 'tools/list')) as {
      tools: { name: string; inputSchema: { type: string }; annotations: { readOnlyHint: boolean } }[];
    };
    const readers = listed.filter(({ annotations }) => annotations.readOnlyHint).map(({ name }) => name);
    expect(readers).toEqual(['capabilities', 'status', 'wait', 'list', 'read']);
    expect(listed.map(({ name }) => name).filter((name) => !readers.includes(name))).toEqual([
      'delegate',
      'cancel',
      'send',
      'interrupt',
      'fork',
    ]);
    expect(listed.every(({ inputSchema }) => inputSchema.type === 'object')).toBe(true);
  });

  it('say which agents there are and what is left to do', async () => {
    const stage = await startWorking();
    const before = await call(stage.tools, 'capabilities');
    expect(before).toMatchObject({
      you: { threadId: stage.thread.threadId, instanceId: 'scripted', runtimeMode: 'approval-required' },
      instances: [{ instanceId: 'scripted', driver: 'scripted' }],
      tasksLeft: 16,
      depthLeft: 3,
    });
    await delegate(stage, 'wait');
    expect(await call(stage.tools, 'capabilities')).toMatchObject({ tasksLeft: 15 });
  });

  it('hand over a task, wait for it, and give its result, which nobody is woken for then', async () => {
    const stage = await startWorking();
    const { taskId, threadId } = await delegate(stage, 'wait');
    expect(await call(stage.tools, 'status', { taskId })).toMatchObject({ taskId, status: 'working' });
    const waited = call(stage.tools, 'wait', { taskIds: [taskId] });
    await follow(stage, threadId).submit('found', { mode: 'steer' });
    expect(await waited).toMatchObject({
      timedOut: false,
      tasks: [{ status: 'completed', result: 'found' }],
    });
    await stage.thread.submit('over', { mode: 'steer' });
    await stage.thread.reached('ready');
    expect(stage.thread.items('user_message').map(({ text }) => text)).toEqual(['wait', 'over']);
    expect(stage.thread.facts('task.told')).toMatchObject([{ taskIds: [taskId], queueEntryId: null }]);
  });

  it('wake the agent with what it has not read', async () => {
    const stage = await startWorking();
    await delegate(stage, 'unread');
    await stage.thread.fact('task.ended');
    await stage.thread.submit('over', { mode: 'steer' });
    await stage.thread.until(() => stage.thread.items('user_message').length === 3, 'the news');
    expect(stage.thread.items('user_message').at(-1)?.text).toContain('unread');
  });

  it('wait no longer than they are asked to, and for the first one where that is enough', async () => {
    const stage = await startWorking();
    const slow = await delegate(stage, 'wait');
    const late = await call(stage.tools, 'wait', { taskIds: [slow.taskId], timeoutSeconds: 0 });
    expect(late).toMatchObject({ timedOut: true, tasks: [{ status: 'working' }] });
    const quick = await delegate(stage, 'quick');
    const taskIds = [slow.taskId, quick.taskId];
    expect(await call(stage.tools, 'wait', { taskIds, until: 'first' })).toMatchObject({
      timedOut: false,
      tasks: [{ status: 'working' }, { status: 'completed' }],
    });
  });

  it('do nothing twice for one request of one thread', async () => {
    const stage = await startWorking();
    const first = await delegate(stage, 'once', { clientRequestId: 'r1' });
    expect(await delegate(stage, 'once', { clientRequestId: 'r1' })).toEqual({ ...first, duplicate: true });
    expect(await refusal(stage.tools, 'delegate', { task: 'other', clientRequestId: 'r1' })).toBe(
      'COMMAND_CONFLICT',
    );
    const other = await workingThread(stage.client);
    const tools = toolsOf(stage.server.world, other.threadId);
    expect(await call(tools, 'delegate', { task: 'once', clientRequestId: 'r1' })).toMatchObject({
      duplicate: false,
    });
  });

  it('cancel a task that runs, and one that waits', async () => {
    const stage = await startWorking();
    const running = await delegate(stage, 'wait');
    const { threadId } = running;
    const waiting = await delegate(stage, 'never', { threadId });
    expect(await call(stage.tools, 'cancel', { taskId: waiting.taskId })).toMatchObject({
      status: 'cancelled',
    });
    await call(stage.tools, 'cancel', { taskId: running.taskId });
    expect(await call(stage.tools, 'wait', { taskIds: [running.taskId] })).toMatchObject({
      tasks: [{ status: 'interrupted' }],
    });
    expect(await refusal(stage.tools, 'cancel', { taskId: 'unknown' })).toBe('TASK_NOT_FOUND');
  });

  it('say, steer and interrupt in threads of tasks', async () => {
    const stage = await startWorking();
    const { threadId } = await delegate(stage, 'wait');
    await call(stage.tools, 'send', { threadId, text: 'louder', mode: 'steer' });
    const child = follow(stage, threadId);
    await child.until(
      () => child.items('assistant_message').some(({ text }) => text === 'louder'),
      'a steer',
    );
    const { taskId } = await call<{ taskId: string }>(stage.tools, 'send', { threadId, text: 'wait' });
    await child.fact('turn.started', (fact) => fact.turnId === taskId);
    expect(child.items('user_message').at(-1)?.body).toMatchObject({ from: [stage.thread.threadId] });
    expect(await call(stage.tools, 'interrupt', { threadId })).toEqual({ threadId, interrupted: taskId });
    expect(await call(stage.tools, 'wait', { taskIds: [taskId] })).toMatchObject({
      tasks: [{ status: 'interrupted' }],
    });
    const own = stage.thread.threadId;
    expect(await refusal(stage.tools, 'send', { threadId: own, text: 'me' })).toBe('TASK_NOT_ALLOWED');
    expect(await refusal(stage.tools, 'interrupt', { threadId: own })).toBe('TASK_NOT_ALLOWED');
  });

  it('say nothing to a thread that a person has given more', async () => {
    const stage = await startWorking();
    const { threadId, taskId } = await delegate(stage, 'done');
    await call(stage.tools, 'wait', { taskIds: [taskId] });
    await follow(stage, threadId).do({ type: 'thread.setRuntimeMode', runtimeMode: 'full-access' });
    expect(await refusal(stage.tools, 'send', { threadId, text: 'x' })).toBe('TASK_NOT_ALLOWED');
    expect(await refusal(stage.tools, 'delegate', { threadId, task: 'x' })).toBe('TASK_NOT_ALLOWED');
  });

  it('list and read a family, and a long text piece by piece', async () => {
    const stage = await startWorking();
    const long = 'x'.repeat(9_000);
    const { threadId, taskId } = await delegate(stage, long);
    await call(stage.tools, 'wait', { taskIds: [taskId] });
    const { threads } = await call<{ threads: object[] }>(stage.tools, 'list');
    expect(threads).toMatchObject([
      { threadId: stage.thread.threadId, status: 'running' },
      { threadId, parentId: stage.thread.threadId, kind: 'delegate', status: 'ready' },
    ]);
    const page = await call<{ items: { itemId: string; text: string; total?: number }[] }>(
      stage.tools,
      'read',
      {
        threadId,
      },
    );
    expect(page).toMatchObject({
      items: [{ kind: 'user_message', total: 9_000 }, { kind: 'assistant_message' }],
      next: null,
    });
    expect(page.items[0]?.text).toHaveLength(4_000);
    const itemId = page.items[0]?.itemId;
    const piece = await call<{ text: string }>(stage.tools, 'read', { threadId, itemId, offset: 8_990 });
    expect(piece).toMatchObject({ text: 'x'.repeat(10), total: 9_000, next: null });
    const newest = await call(stage.tools, 'read', { threadId, limit: 1 });
    expect(newest).toMatchObject({ items: [{ kind: 'assistant_message' }], next: 2 });
  });

  it('fork a thread of the family', async () => {
    const stage = await startWorking();
    const { threadId, taskId } = await delegate(stage, 'base');
    await call(stage.tools, 'wait', { taskIds: [taskId] });
    const fork = await call<{ threadId: string }>(stage.tools, 'fork', { threadId, title: 'aside' });
    await call(stage.tools, 'send', { threadId: fork.threadId, text: 'more' });
    const aside = follow(stage, fork.threadId);
    await aside.until(() => aside.items('assistant_message').length === 2, 'an answer');
  });
});

describe('what an agent is not told of', () => {
  it('is any thread that has not come of its own: not others, not the one that asked', async () => {
    const stage = await startWorking();
    const foreign = await workingThread(stage.client);
    const { threadId, taskId } = await delegate(stage, 'wait');
    await follow(stage, threadId).fact('turn.started');
    const child = toolsOf(stage.server.world, threadId);
    for (const other of [foreign.threadId, stage.thread.threadId]) {
      for (const name of ['read', 'interrupt', 'fork'])
        expect(await refusal(child, name, { threadId: other })).toBe('THREAD_NOT_FOUND');
      expect(await refusal(child, 'send', { threadId: other, text: 'x' })).toBe('THREAD_NOT_FOUND');
    }
    expect(await refusal(child, 'delegate', { task: 'x', threadId: foreign.threadId })).toBe(
      'TASK_NOT_ALLOWED',
    );
    expect(await refusal(child, 'status', { taskId })).toBe('TASK_NOT_FOUND');
    expect(await call(child, 'list')).toMatchObject({ threads: [{ threadId }] });
  });
});
