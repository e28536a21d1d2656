import { describe, expect, test } from 'vitest';
import { SCRIPTED_CAPABILITIES } from '../helpers/scripted-provider.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const texts = (run: RuntimeRun): string[] =>
  run.snapshot().items.map((item) => `${item.body.kind === 'user_message' ? '> ' : ''}${item.text}`);
const ends = (run: RuntimeRun): string[] =>
  run.facts().flatMap((fact) => (fact.type === 'turn.ended' ? [fact.outcome] : []));
const handed = (run: RuntimeRun): string[] =>
  run.world.performed.flatMap((effect) => (effect.type === 'turn.start' ? [effect.prompt.text] : []));
const creating = (more: object) => ({ type: 'thread.create', cwd: '/work', instanceId: 'scripted', ...more });
const submitting = (text: string, more = {}) => ({ type: 'turn.submit', text, ...more });

describe('a turn', () => {
  test('opens the connection, streams, completes and leaves the thread ready', async () => {
    const { run } = await startThread();
    expect(run.snapshot().machine).toMatchObject({ status: 'ready', children: {} });
    const { turnId } = await run.submit('hello');
    expect(texts(run)).toEqual(['> hello', 'hello']);
    expect(run.snapshot().turn).toMatchObject({ turnId, ordinal: 1, status: 'completed', origin: 'user' });
    expect(run.status).toBe('ready');
    expect(
      run
        .facts()
        .map((fact) => fact.type)
        .join(' '),
    ).toBe(
      'thread.created turn.began item.completed connection.opening thread.statusChanged ' +
        'connection.opened turn.accepted turn.started thread.statusChanged ' +
        'item.started item.delta item.delta item.completed turn.ended thread.statusChanged',
    );
  });

  test('goes on with the conversation of the turns before it', async () => {
    const { run } = await startThread();
    for (const text of ['one', 'two', 'three']) await run.submit(text);
    expect(texts(run)).toEqual(['> one', 'one', '> two', 'two', '> three', 'three']);
    expect(run.world.conversations.get('native1')?.map((message) => message.text)).toEqual([
      'one',
      'two',
      'three',
    ]);
    expect(run.snapshot().turn?.ordinal).toBe(3);
  });

  test('is found again with its context after a restart', async () => {
    const { server, run } = await startThread();
    await run.submit('one');
    const next = await server.crash();
    expect(next.status).toBe('stopped');
    await next.submit('two');
    expect(next.status).toBe('ready');
    expect(next.world.conversations.get('native1')?.map((message) => message.text)).toEqual(['one', 'two']);
  });

  test('runs with the settings that were set before it, and no later ones', async () => {
    const { run } = await startThread();
    await run.submit('one wait');
    await run.do({ type: 'thread.setModel', model: 'big', options: { effort: 'high' } });
    await run.do({ type: 'thread.setRuntimeMode', runtimeMode: 'full-access' });
    await run.do({ type: 'thread.setInteractionMode', interactionMode: 'plan' });
    await run.do({ type: 'thread.setDeliveryMode', deliveryMode: 'buffered' });
    await run.do({ type: 'thread.setTitle', title: 'a title' });
    expect(run.snapshot().turn?.settings).toMatchObject({ model: null, runtimeMode: 'approval-required' });
    await run.do({ type: 'turn.interrupt' });
    await run.submit('two', { model: 'small' });
    await run.submit('three');
    const started = run.world.performed.flatMap((effect) =>
      effect.type === 'turn.start' ? [effect.settings] : [],
    );
    expect(started.map(({ model, runtimeMode }) => `${model} ${runtimeMode}`)).toEqual([
      'null approval-required',
      'small full-access',
      'big full-access',
    ]);
    expect(run.snapshot().thread).toMatchObject({ title: 'a title', model: 'big', deliveryMode: 'buffered' });
  });

  test('attaches a late item to its own turn', async () => {
    const { run } = await startThread();
    const { turnId } = await run.submit('late');
    expect(run.snapshot().items.at(-1)).toMatchObject({ turnId, text: 'late', status: 'completed' });
    expect(ends(run)).toEqual(['completed']);
  });

  test('closes the items that the provider leaves open', async () => {
    const { run } = await startThread();
    await run.submit('open hi');
    expect(run.snapshot().items.map((item) => item.status)).toEqual(['completed', 'completed', 'completed']);
    await run.submit('open fail');
    expect(run.snapshot().items.at(-1)?.status).toBe('failed');
    await run.submit('open lose');
    expect(run.snapshot().items.at(-2)?.status).toBe('unknown');
  });
});

describe('the queue', () => {
  test('runs prompts one after the other while turns complete', async () => {
    const { run } = await startThread();
    await run.submit('one wait');
    const queued = await run.submit('two', { mode: 'queue' });
    await run.submit('three', { mode: 'queue' });
    expect(queued.turnId).toBeUndefined();
    expect(run.snapshot().queue.entries.map((entry) => entry.turnId)).toContain(queued.queueEntryId);
    run.provider.session(run.provider.connectionIds[0]!).goOn();
    run.settle();
    expect(handed(run)).toEqual(['one wait', 'two', 'three']);
    expect(run.status).toBe('ready');
  });

  test('is held by an interrupt and survives a restart', async () => {
    const { server, run } = await startThread();
    await run.submit('one wait');
    await run.submit('two', { mode: 'queue' });
    await run.do({ type: 'turn.interrupt' });
    expect(run.snapshot().queue).toMatchObject({ status: 'held', reason: 'interrupted' });
    const next = await server.crash();
    expect(next.snapshot().queue.entries.map((entry) => entry.text)).toEqual(['two']);
    await next.do({ type: 'queue.resume' });
    expect(handed(next)).toEqual(['one wait', 'two']);
    expect(next.status).toBe('ready');
  });

  test('is edited, reordered and cancelled by the ids of its entries', async () => {
    const { run } = await startThread();
    await run.submit('one wait');
    const [a, b, c] = [
      await run.submit('a', { mode: 'queue' }),
      await run.submit('b', { mode: 'queue' }),
      await run.submit('c', { mode: 'queue' }),
    ].map((result) => result.queueEntryId);
    await run.do({ type: 'queue.edit', queueEntryId: b, text: 'B' });
    await run.do({ type: 'queue.reorder', queueEntryId: c, before: a });
    await run.do({ type: 'queue.cancel', queueEntryId: a });
    expect(run.snapshot().queue.entries.map((entry) => entry.text)).toEqual(['c', 'B']);
    expect(await run.refusal({ type: 'queue.cancel', queueEntryId: a })).toBe('QUEUE_ENTRY_NOT_FOUND');
  });

  test('takes a hundred prompts and no more', async () => {
    const { run } = await startThread();
    await run.submit('one wait');
    for (let count = 0; count < 100; count += 1) await run.submit(`p${count}`, { mode: 'queue' });
    expect(await run.refusal(submitting('too much', { mode: 'queue' }))).toBe('QUEUE_FULL');
  });
});

describe('a steer', () => {
  test('joins the running turn where the provider takes messages', async () => {
    const { run } = await startThread();
    const { turnId } = await run.submit('one wait');
    const steered = await run.submit('more', { mode: 'steer' });
    expect(steered.turnId).toBe(turnId);
    expect(texts(run)).toEqual(['> one wait', 'one', '> more', 'more']);
    expect(ends(run)).toEqual(['completed']);
    expect(run.snapshot().turn).toMatchObject({ turnId, attempt: 1 });
  });

  test('makes a new attempt of the same turn where it does not', async () => {
    const capabilities = { ...SCRIPTED_CAPABILITIES, nativeSteer: false };
    const { run } = await startThread({ capabilities });
    const { turnId } = await run.submit('one wait');
    await run.submit('more', { mode: 'steer' });
    expect(run.snapshot().turn).toMatchObject({ turnId, attempt: 2, status: 'completed' });
    expect(handed(run)).toEqual(['one wait', 'more']);
    expect(ends(run)).toEqual(['completed']);
  });

  test('that the provider refuses becomes the head of the queue, with its reason', async () => {
    const { run } = await startThread();
    await run.submit('one wait');
    run.world.faults.steer = 'refuse';
    await run.submit('more', { mode: 'steer' });
    expect(run.snapshot().queue.entries).toMatchObject([
      { text: 'more', failure: { code: 'STEER_REFUSED' } },
    ]);
    expect(run.status).toBe('running');
  });

  test('names the turn that it expects', async () => {
    const { run } = await startThread();
    expect(await run.refusal(submitting('more', { mode: 'steer' }))).toBe('TURN_NOT_ACTIVE');
    const { turnId } = await run.submit('one wait');
    expect(await run.refusal(submitting('more', { mode: 'steer', turnId: 'another' }))).toBe(
      'TURN_NOT_ACTIVE',
    );
    expect(await run.refusal(submitting('more', { mode: 'steer', turnId }))).toBeNull();
  });
});

describe('a restart', () => {
  test('interrupts the turn and runs the text next as a new one, before what is queued', async () => {
    const { run } = await startThread();
    const first = await run.submit('one wait');
    await run.submit('queued', { mode: 'queue' });
    const restarted = await run.submit('two', { mode: 'restart' });
    expect(restarted.queueEntryId).not.toBe(first.turnId);
    expect(handed(run)).toEqual(['one wait', 'two', 'queued']);
    expect(ends(run)).toEqual(['interrupted', 'completed', 'completed']);
  });
});

describe('an interrupt', () => {
  test('without a turn is accepted and has no effect', async () => {
    const { run } = await startThread();
    await run.do({ type: 'turn.interrupt' });
    expect(run.facts().at(-1)).toEqual({ type: 'command.noEffect', command: 'turn.interrupt' });
    expect(run.status).toBe('ready');
  });

  test('of another turn is refused', async () => {
    const { run } = await startThread();
    await run.submit('one wait');
    expect(await run.refusal({ type: 'turn.interrupt', turnId: 'another' })).toBe('TURN_NOT_ACTIVE');
  });

  test('while the connection opens ends the turn without a hand-over', async () => {
    const { run } = await startThread();
    run.world.faults.open = 'silent';
    await run.submit('one');
    await run.do({ type: 'turn.interrupt' });
    expect(run.status).toBe('interrupted');
    expect(run.world.received).toEqual([]);
  });

  test('before the provider has begun is remembered', async () => {
    const { run } = await startThread();
    run.world.faults.start = 'silent';
    await run.submit('one');
    await run.do({ type: 'turn.interrupt' });
    expect(run.world.performed.some((effect) => effect.type === 'turn.interrupt')).toBe(false);
    run.pass(31_000);
    expect(['interrupted', 'error']).toContain(run.status);
    delete run.world.faults.start;
    await run.submit('two');
    expect(run.status).toBe('ready');
  });

  test('while a person is asked closes the request', async () => {
    const { run } = await startThread();
    await run.submit('ask');
    await run.do({ type: 'turn.interrupt' });
    expect(run.status).toBe('interrupted');
    expect(run.snapshot().requests).toEqual([]);
    expect(run.snapshot().thread.openRequestCount).toBe(0);
  });

  test('is followed by a retry of the same text as a new turn', async () => {
    const { run } = await startThread();
    const first = await run.submit('one wait');
    await run.do({ type: 'turn.interrupt' });
    const again = await run.do({ type: 'turn.retry' });
    expect(again.turnId).not.toBe(first.turnId);
    expect(handed(run)).toEqual(['one wait', 'one wait']);
    await run.do({ type: 'turn.interrupt' });
    await run.submit('two');
    expect(await run.refusal({ type: 'turn.retry' })).toBe('TURN_NOT_RETRYABLE');
  });
});

describe('a turn of the provider', () => {
  test('runs in an idle thread', async () => {
    const { run } = await startThread();
    await run.submit('one');
    run.provider.begin(run.provider.connectionIds[0]!, 'own');
    run.settle();
    expect(run.snapshot().turn).toMatchObject({ origin: 'provider', side: false, status: 'completed' });
    expect(run.status).toBe('ready');
  });

  test('beside the active one is a side turn, and absorbs a prompt', async () => {
    const { run } = await startThread();
    await run.submit('one');
    const { turnId } = await run.submit('absorb');
    expect(run.facts().filter((fact) => fact.type === 'turn.ended')).toMatchObject([
      { outcome: 'completed' },
      { turnId, outcome: 'absorbed' },
      { outcome: 'completed' },
    ]);
    expect(run.status).toBe('ready');
  });
});

test('a late item is attached to a turn that began and ended in the same tick', async () => {
  const { run } = await startThread();
  await run.submit('one wait');
  const nativeTurnId = run.provider.begin(run.provider.connectionIds[0]!, 'own');
  const item = { itemId: 'late', body: { kind: 'reasoning' }, text: 'late', status: 'completed' };
  const named = { connectionId: 't1#1', turnId: null, attempt: 0, nativeTurnId };
  run.provider.report('t1', { type: 'provider.itemCompleted', ...named, item } as never);
  run.provider.report('t1', { type: 'provider.turnStarted', ...named, isNew: false } as never);
  while (run.world.deliver());
  run.settle();
  const own = run.facts().find((fact) => fact.type === 'turn.began' && fact.side);
  expect(own).toMatchObject({ nativeTurnId });
  expect(run.snapshot().items.find((each) => each.itemId === 'late')).toMatchObject({
    turnId: own?.type === 'turn.began' ? own.turnId : null,
  });
  expect(run.facts().filter((fact) => fact.type === 'turn.began')).toHaveLength(2);
});

describe('stop, archive and delete', () => {
  test('a stop ends the turn, closes the connection and holds the queue', async () => {
    const { run } = await startThread();
    await run.submit('one wait');
    await run.submit('two', { mode: 'queue' });
    await run.do({ type: 'thread.stop' });
    expect(run.snapshot()).toMatchObject({
      thread: { status: 'stopped', activeTurnId: null },
      queue: { status: 'held', reason: 'stopped' },
      machine: { children: {} },
    });
    expect(run.provider.connectionIds).toEqual([]);
    await run.submit('three');
    expect(run.status).toBe('ready');
  });

  test('an archived thread takes no prompt until it is unarchived', async () => {
    const { run } = await startThread();
    await run.submit('one wait');
    expect(await run.refusal({ type: 'thread.archive' })).toBe('THREAD_BUSY');
    await run.do({ type: 'turn.interrupt' });
    await run.do({ type: 'thread.archive' });
    expect(await run.refusal(submitting('two'))).toBe('THREAD_ARCHIVED');
    expect(run.runtime.reads.listThreads({ limit: 50, archived: true }).rows).toHaveLength(1);
    await run.do({ type: 'thread.unarchive' });
    await run.submit('two');
    expect(run.status).toBe('ready');
  });

  test.each(['one wait', 'ask', 'unanswered', 'one'])(
    'a delete during "%s" leaves a tombstone',
    async (text) => {
      const { server, run } = await startThread();
      await run.submit(text);
      await run.do({ type: 'thread.delete' });
      run.pass(60_000);
      const after = async (current: RuntimeRun): Promise<void> => {
        for (const command of [
          'turn.interrupt',
          'thread.stop',
          'thread.delete',
          'thread.unarchive',
          'queue.resume',
        ]) {
          expect(await current.refusal({ type: command })).toBe('THREAD_DELETED');
        }
        expect(await current.refusal(submitting('again'))).toBe('THREAD_DELETED');
        expect(await current.refusal(creating({ threadId: 't1' }))).toBe('THREAD_EXISTS');
        expect(() => current.snapshot()).toThrow('deleted');
        expect(current.runtime.reads.row(threadId('t1'))).toBeNull();
        expect(current.runtime.reads.listThreads({ limit: 50 }).rows).toEqual([]);
      };
      await after(run);
      expect(run.provider.connectionIds).toEqual([]);
      expect(run.journal.threadState(threadId('t1'))?.removal).toBe('deleted');
      await after(await server.crash());
    },
  );

  test('a server-made id is made for each thread, and an unknown thread is refused', async () => {
    const { run } = await startThread();
    const made = await run.do({
      type: 'thread.create',
      threadId: undefined,
      cwd: '/work',
      instanceId: 'scripted',
    });
    expect(made.threadId).not.toBe('t1');
    expect(await run.refusal(submitting('x', { threadId: 'nobody' }))).toBe('THREAD_NOT_FOUND');
    expect(await run.refusal(creating({ threadId: 't9', instanceId: 'nobody' }))).toBe('INSTANCE_NOT_FOUND');
    expect(await run.refusal(creating({ threadId: 't9', cwd: '/missing' }))).toBe('WORKSPACE_NOT_FOUND');
  });
});
