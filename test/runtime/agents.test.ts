/** Sub-agents as threads of their own: how a provider tells of them, what a person does with them, and what a crash leaves. */
import { describe, expect, test } from 'vitest';
import { itemIdOf, type ThreadId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { askingAgents } from '../../server/cli/asking-agents.ts';
import { ScriptedAgent } from '../helpers/scripted-agent.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const T1 = threadId('t1');
const STALL_MS = 600_000;

/** A sub-agent of `parent`; what is said of it is taken in at once. */
class Agent extends ScriptedAgent {
  readonly #run: RuntimeRun;

  constructor(run: RuntimeRun, name: string, parent: Agent | null = null) {
    const root = { threadId: T1, connectionId: run.provider.connectionIds[0]! };
    super(run, name, { root, parent: parent ?? root });
    this.#run = run;
  }

  /** `isLate`: its end is not complete when this returns. */
  end(turn = `${this.name}-1`, isLate = false): this {
    this.finish(turn);
    if (isLate) return this;
    this.settle();
    this.#run.settle();
    return this;
  }

  get snapshot() {
    return this.#run.snapshot(this.threadId);
  }

  get row() {
    const { status, openRequestCount, parentId, lineageKind, title, model } = this.snapshot.thread;
    return { status, openRequestCount, parentId, lineageKind, title, model };
  }

  protected override tell(to: ThreadId, report: ProviderReport): void {
    super.tell(to, report);
    this.#run.settle();
  }
}

/** The item of an agent in its parent, still open. */
const itemOf = (run: RuntimeRun, { threadId: of }: Agent, parent: Agent | null = null) => ({
  connectionId: parent?.connectionId ?? run.provider.connectionIds[0]!,
  ...byNative(parent === null ? null : 'one-1'),
  item: {
    itemId: itemIdOf('item', of),
    body: { kind: 'subagent', title: '', threadId: of } as const,
    text: '',
    status: 'open' as const,
  },
});

/** A turn of `t1` is under way. */
async function startParent() {
  const { server, run } = await startThread();
  await run.submit('wait');
  return { server, run };
}

describe('a sub-agent', () => {
  test('is a thread of its own, and nothing of it is in its parent', async () => {
    const { run } = await startParent();
    const before = run.snapshot();
    const agent = new Agent(run, 'one').start().begin();
    expect(agent.row).toMatchObject({
      status: 'running',
      parentId: T1,
      lineageKind: 'subagent',
      title: 'one',
    });
    agent.item({ kind: 'user_message', intent: 'provider', attachments: [] }, 'do it');
    agent.item({ kind: 'assistant_message' }, 'done').end();
    expect(agent.row.status).toBe('ready');
    expect(agent.snapshot.items.map(({ text }) => text)).toEqual(['do it', 'done']);
    expect(run.snapshot().items).toEqual(before.items);
    expect(run.facts().filter(({ type }) => type === 'subagent.started')).toHaveLength(1);
  });

  test('begins sub-agents itself, at any depth and beside each other', async () => {
    const { run } = await startParent();
    const one = new Agent(run, 'one').start().begin();
    const two = new Agent(run, 'two', one).start().begin();
    const three = new Agent(run, 'three', two).start().begin();
    const beside = new Agent(run, 'beside', one).start().begin();
    expect([two, three, beside].map(({ row }) => row.parentId)).toEqual([
      one.threadId,
      two.threadId,
      one.threadId,
    ]);
    three.item({ kind: 'assistant_message' }, 'deep').end();
    expect([one, two, three, beside].map(({ row }) => row.status)).toEqual([
      'running',
      'running',
      'ready',
      'running',
    ]);
    expect(two.snapshot.items).toEqual([]);
  });

  test('asks on its own thread and is answered there, whatever its parent does', async () => {
    const { run } = await startParent();
    const agent = new Agent(run, 'one').start().begin().ask();
    expect([agent.row.openRequestCount, run.snapshot().thread.openRequestCount]).toEqual([1, 0]);
    const requestId = agent.snapshot.requests[0]!.requestId;
    const answer = { type: 'request.respond', requestId, decision: 'accept' };
    await run.do({ ...answer, threadId: agent.threadId });
    expect(run.world.performed.at(-1)).toMatchObject({
      type: 'request.answer',
      connectionId: agent.connectionId,
      requestId,
    });
  });

  test('goes on after the turn of its parent, and ends later', async () => {
    const { run } = await startParent();
    const agent = new Agent(run, 'one').start().begin();
    run.provider.session(run.provider.connectionIds[0]!).goOn();
    run.settle();
    expect([run.status, agent.row.status]).toEqual(['ready', 'running']);
    agent.end();
    expect(agent.row.status).toBe('ready');
  });

  test('is the same thread when its parent goes on with it', async () => {
    const { run } = await startParent();
    const agent = new Agent(run, 'one').start().begin().end();
    agent.start().begin('one-2').item({ kind: 'assistant_message' }, 'again', 'one-2').end('one-2');
    expect(agent.snapshot.items.map(({ text }) => text)).toEqual(['again']);
    const created = run.entries(agent.threadId).filter(({ input }) => input.type === 'thread.create');
    expect(created).toHaveLength(1);
    expect(agent.snapshot.turn?.ordinal).toBe(2);
  });

  test('keeps the watchdog of its parent from biting while it waits for a person', async () => {
    const { run } = await startParent();
    const agent = new Agent(run, 'one').start().begin().ask();
    run.pass(3 * STALL_MS);
    expect([run.status, agent.row.status]).toEqual(['running', 'running']);
    agent.say({ type: 'connection.closed', connectionId: agent.connectionId });
    run.pass(3 * STALL_MS);
    expect(run.status).toBe('error');
  });

  test('is lost with the process', async () => {
    const { run } = await startParent();
    const agent = new Agent(run, 'one').start().begin();
    run.provider.die();
    run.settle();
    expect([run.status, agent.row.status]).toEqual(['error', 'error']);
  });

  test('is stopped by a crash, and a prompt resumes its own conversation', async () => {
    const { server, run } = await startParent();
    const agent = new Agent(run, 'one').start().begin();
    const next = await server.crash();
    expect(next.snapshot(agent.threadId)).toMatchObject({
      thread: { status: 'stopped' },
      turn: { status: 'interrupted', reason: 'server-restarted' },
    });
    await next.submit('go on', { threadId: agent.threadId });
    const opened = next.world.performed.findLast(({ type }) => type === 'connection.open');
    expect(opened).toMatchObject({ threadId: agent.threadId, resume: 'conversation-one' });
  });

  test('without a conversation of its own begins one that is told what was said', async () => {
    const { run } = await startParent();
    const agent = new Agent(run, 'one').start(null).begin();
    agent.item({ kind: 'assistant_message' }, 'what I found').end('one-1', true);
    agent.say({ type: 'connection.closed', connectionId: agent.connectionId });
    expect(agent.row.status).toBe('ready');
    await run.submit('go on', { threadId: agent.threadId });
    run.settle();
    const began = run.world.performed.findLast(({ type }) => type === 'turn.start');
    expect(began).toMatchObject({ prompt: { text: expect.stringContaining('what I found') } });
    expect(agent.row.status).toBe('ready');
  });

  test('is interrupted alone', async () => {
    const { run } = await startParent();
    const agent = new Agent(run, 'one').start().begin();
    await run.do({ type: 'turn.interrupt', threadId: agent.threadId });
    expect(run.world.performed.at(-1)).toMatchObject({
      type: 'turn.interrupt',
      connectionId: agent.connectionId,
      nativeTurnId: 'one-1',
    });
    expect(run.status).toBe('running');
  });

  test('that asks is found from the thread that waits for it, at any depth', async () => {
    const { run } = await startParent();
    const one = new Agent(run, 'one').start().begin();
    const two = new Agent(run, 'two', one).start().begin();
    run.provider.report(T1, { type: 'provider.itemStarted', ...itemOf(run, one) });
    one.say({ type: 'provider.itemStarted', ...itemOf(run, two, one) });
    const call = (_: string, { threadId: of }: { threadId: ThreadId }) =>
      Promise.resolve({ snapshot: run.snapshot(of) });
    const client = { call } as never;
    expect(await askingAgents(client, run.snapshot())).toEqual([]);
    two.ask();
    const asking = await askingAgents(client, run.snapshot());
    expect(asking.map(({ thread }) => thread.id)).toEqual([two.threadId]);
  });

  test('stays readable when its parent is deleted', async () => {
    const { run } = await startParent();
    const agent = new Agent(run, 'one').start().begin();
    agent.item({ kind: 'assistant_message' }, 'done').end();
    await run.do({ type: 'thread.delete' });
    agent.say({ type: 'connection.closed', connectionId: agent.connectionId });
    expect(agent.snapshot.items.map(({ text }) => text)).toEqual(['done']);
    expect(agent.row.status).toBe('ready');
  });
});
