/** A thread that branches off from another one after a completed turn. */
import { describe, expect, test } from 'vitest';
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { OpenConnection } from '../../machines/domain/effect.ts';
import { SCRIPTED_CAPABILITIES } from '../helpers/scripted-provider.ts';
import { startThread, threadId, type ServerRuns } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const FORKS: Capabilities = { ...SCRIPTED_CAPABILITIES, fork: 'turn' };
const INSTANCES = ['scripted', 'other'];

/** A thread with two completed turns. */
async function startForked(options: Parameters<typeof startThread>[0] = {}) {
  const { server, run } = await startThread({ capabilities: FORKS, instances: INSTANCES, ...options });
  const one = await run.submit('one');
  const two = await run.submit('two');
  return { server, run, one: one.turnId!, two: two.turnId! };
}

const fork = (run: RuntimeRun, name: string, more: Record<string, unknown> = {}) =>
  run.do({ type: 'thread.fork', newThreadId: name, ...more });

const said = (run: RuntimeRun, name = 't1'): string[] =>
  run.snapshot(threadId(name)).items.flatMap((item) => (item.body.kind === 'user_message' ? item.text : []));

const opened = ({ world }: ServerRuns, name: string): OpenConnection | undefined =>
  world.performed.findLast(
    (effect): effect is OpenConnection => effect.type === 'connection.open' && effect.threadId === name,
  );

describe('a fork', () => {
  test('is a new thread at the newest completed turn, and nothing is asked of the provider', async () => {
    const { server, run, two } = await startForked();
    const performedCount = server.world.performed.length;
    const result = await fork(run, 'f1', { title: 'aside' });
    expect(result).toMatchObject({ threadId: 'f1', duplicate: false });
    const { thread, lineage, machine, turn } = run.snapshot(threadId('f1'));
    expect(thread).toMatchObject({ title: 'aside', parentId: 't1', status: 'ready', cwd: '/work' });
    expect(lineage).toMatchObject({ kind: 'fork', parentId: 't1', turnId: two, turnOrdinal: 2 });
    expect([turn, machine.children]).toEqual([null, {}]);
    expect(server.world.performed.length).toBe(performedCount);
    expect(run.facts().at(-1)).toEqual({ type: 'thread.forked', childId: 'f1', turnId: two });
  });

  test('goes on in the transcript of its source, page by page', async () => {
    const { run } = await startForked();
    await fork(run, 'f1');
    const whole = run.snapshot();
    const { items } = run.snapshot(threadId('f1'));
    const inherited = { threadId: 't1' };
    expect(items).toEqual(whole.items.map((item) => ({ ...item, inherited })));
    await run.submit('mine', { threadId: 'f1' });
    expect(said(run, 'f1')).toEqual(['one', 'two', 'mine']);
    const { reads } = run.runtime;
    const paged: number[] = [];
    for (;;) {
      const before = paged[0] ?? null;
      const page = reads.snapshot(threadId('f1'), { before, limit: 2 }).snapshot.items;
      if (page.length === 0) break;
      paged.unshift(...page.map(({ ordinal }) => ordinal));
    }
    expect(paged).toEqual(run.snapshot(threadId('f1')).items.map((each) => each.ordinal));
    expect(paged).toHaveLength(6);
    expect(run.snapshot(threadId('f1')).turn?.ordinal).toBe(3);
    expect(reads.item(threadId('f1'), items[0]!.itemId)).toEqual(items[0]);
  });

  test('does not see what its source does later, nor the source what it does', async () => {
    const { run } = await startForked();
    await fork(run, 'f1');
    const later = await run.submit('three');
    await run.submit('mine', { threadId: 'f1' });
    expect(said(run, 'f1')).toEqual(['one', 'two', 'mine']);
    expect(said(run)).toEqual(['one', 'two', 'three']);
    const last = run.snapshot().items.at(-1)!;
    expect(last.turnId).toBe(later.turnId);
    expect(run.runtime.reads.item(threadId('f1'), last.itemId)).toBeNull();
  });

  test('of an earlier turn leaves the later ones out', async () => {
    const { run, one } = await startForked();
    await fork(run, 'f1', { turnId: one });
    expect(said(run, 'f1')).toEqual(['one']);
    await run.submit('mine', { threadId: 'f1' });
    expect(said(run, 'f1')).toEqual(['one', 'mine']);
    expect(run.snapshot(threadId('f1')).turn?.ordinal).toBe(2);
  });

  test('of a fork goes on through it, to any depth, also from a turn that it has inherited', async () => {
    const { server, run, one } = await startForked();
    await fork(run, 'f1');
    await run.submit('mine', { threadId: 'f1' });
    await run.do({ type: 'thread.fork', threadId: 'f1', newThreadId: 'f2' });
    await run.submit('deep', { threadId: 'f2' });
    await run.do({ type: 'thread.fork', threadId: 'f2', newThreadId: 'f3', turnId: one });
    expect(said(run, 'f2')).toEqual(['one', 'two', 'mine', 'deep']);
    expect(run.snapshot(threadId('f3')).thread.parentId).toBe('f2');
    expect(said(run, 'f3')).toEqual(['one']);
    const next = await server.crash();
    expect(said(next, 'f2')).toEqual(['one', 'two', 'mine', 'deep']);
    await next.submit('last', { threadId: 'f3' });
    expect(said(next, 'f3')).toEqual(['one', 'last']);
    expect(opened(server, 'f3')?.fork?.nativeTurnId).toBe(nativeOf(next, one));
  });

  test('before its first prompt is forked from the thread that it comes from', async () => {
    const { server, run } = await startForked();
    await fork(run, 'f1');
    await run.do({ type: 'thread.fork', threadId: 'f1', newThreadId: 'f2' });
    await run.submit('deep', { threadId: 'f2' });
    expect(said(run, 'f2')).toEqual(['one', 'two', 'deep']);
    expect(opened(server, 'f2')?.fork).toEqual({
      nativeThreadId: run.runtime.threads.get(threadId('t1'))!.context.session!.nativeThreadId,
      nativeTurnId: run.snapshot().turn!.nativeTurnId,
    });
  });

  test('has the settings of its source but for those that are named, and none of its state', async () => {
    const { run } = await startForked();
    await run.do({ type: 'thread.setModel', model: 'm1', options: { effort: 'high' } });
    await run.do({ type: 'thread.setDeliveryMode', deliveryMode: 'buffered' });
    await run.do({ type: 'turn.submit', text: 'silent' });
    await run.do({ type: 'turn.submit', text: 'queued', mode: 'queue' });
    await fork(run, 'f1');
    await fork(run, 'f2', { model: 'm2', runtimeMode: 'full-access' });
    await fork(run, 'f3', { instanceId: 'other' });
    const settingsOf = (name: string) => run.snapshot(threadId(name)).thread;
    expect(settingsOf('f1')).toMatchObject({
      model: 'm1',
      options: { effort: 'high' },
      deliveryMode: 'buffered',
    });
    expect(settingsOf('f2')).toMatchObject({ model: 'm2', options: {}, runtimeMode: 'full-access' });
    expect(settingsOf('f3')).toMatchObject({ instanceId: 'other', model: null, options: {} });
    const { queue, thread, machine } = run.snapshot(threadId('f1'));
    expect([queue.entries, thread.status, machine.status]).toEqual([[], 'ready', 'ready']);
    expect(said(run, 'f1')).toEqual(['one', 'two']);
  });

  test('of an archived thread is not archived', async () => {
    const { run } = await startForked();
    await run.do({ type: 'thread.archive' });
    await fork(run, 'f1');
    expect(run.snapshot(threadId('f1')).thread.archived).toBe(false);
  });

  test('is made once, however often it is asked for', async () => {
    const { server, run } = await startForked();
    const first = await run.do({ type: 'thread.fork' }, 'fork-1');
    expect(await run.do({ type: 'thread.fork' }, 'fork-1')).toEqual({ ...first, duplicate: true });
    const next = await server.crash();
    expect(await next.do({ type: 'thread.fork' }, 'fork-1')).toEqual({ ...first, duplicate: true });
    expect(next.runtime.reads.listThreads({ limit: 10 }).rows).toHaveLength(2);
    expect(await next.refusal({ type: 'thread.fork', title: 'x' }, 'fork-1')).toBe('COMMAND_CONFLICT');
  });
});

describe('a fork is refused', () => {
  test('where no turn has completed, and one of a turn that has not', async () => {
    const { run } = await startThread({ capabilities: FORKS });
    expect(await run.refusal({ type: 'thread.fork' })).toBe('NO_COMPLETED_TURN');
    const failed = await run.submit('fail');
    expect(await run.refusal({ type: 'thread.fork' })).toBe('NO_COMPLETED_TURN');
    expect(await run.refusal({ type: 'thread.fork', turnId: failed.turnId })).toBe('TURN_NOT_COMPLETED');
    const running = await run.submit('silent');
    expect(await run.refusal({ type: 'thread.fork', turnId: running.turnId })).toBe('TURN_NOT_COMPLETED');
    expect(await run.refusal({ type: 'thread.fork', turnId: 'none' })).toBe('TURN_NOT_FOUND');
  });

  test('with an id that is in use, an instance that is not there, and of a thread that is deleted', async () => {
    const { run } = await startForked();
    const refusal = (more: Record<string, unknown>) => run.refusal({ type: 'thread.fork', ...more });
    expect(await refusal({ newThreadId: 't1' })).toBe('THREAD_EXISTS');
    expect(await refusal({ instanceId: 'none' })).toBe('INSTANCE_NOT_FOUND');
    expect(await refusal({ threadId: 'none' })).toBe('THREAD_NOT_FOUND');
    await run.do({ type: 'thread.delete' });
    expect(await refusal({})).toBe('THREAD_DELETED');
    expect(run.runtime.reads.listThreads({ limit: 10 }).rows).toEqual([]);
  });

  test('at a turn of its source that came after it had branched off', async () => {
    const { run } = await startForked();
    await fork(run, 'f1');
    const { turnId } = await run.submit('three');
    const late = { type: 'thread.fork', threadId: 'f1', turnId };
    expect(await run.refusal(late)).toBe('TURN_NOT_FOUND');
  });
});

describe('its conversation', () => {
  test('begins with the first prompt, as a fork of that of its source at the turn', async () => {
    const { server, run, one } = await startForked();
    await fork(run, 'f1', { turnId: one });
    await run.submit('three');
    await run.submit('mine', { threadId: 'f1' });
    const source = opened(server, 't1')!;
    expect(opened(server, 'f1')).toMatchObject({
      resume: null,
      fork: { nativeThreadId: expect.any(String), nativeTurnId: nativeOf(run, one) },
    });
    expect(source.fork).toBeUndefined();
    await run.submit('again', { threadId: 'f1' });
    await run.do({ type: 'thread.stop', threadId: 'f1' });
    await run.submit('more', { threadId: 'f1' });
    expect(opened(server, 'f1')).not.toHaveProperty('fork');
    expect(opened(server, 'f1')?.resume).not.toBeNull();
  });

  test('is a fork of the one that a thread has now, where the provider can do no more', async () => {
    const now: Capabilities = { ...SCRIPTED_CAPABILITIES, fork: 'now' };
    const { server, run, one } = await startForked({ capabilities: now });
    await fork(run, 'f1');
    await run.submit('mine', { threadId: 'f1' });
    expect(opened(server, 'f1')?.fork).toMatchObject({ nativeTurnId: null });
    await fork(run, 'f2', { turnId: one });
    await run.submit('mine', { threadId: 'f2' });
    expect(opened(server, 'f2')?.fork).toBeUndefined();
  });

  test('is none of another instance, nor where the provider cannot', async () => {
    const { server, run } = await startForked();
    await fork(run, 'f1', { instanceId: 'other' });
    await run.submit('mine', { threadId: 'f1' });
    expect(opened(server, 'f1')?.fork).toBeUndefined();
    const plain = await startForked({ capabilities: SCRIPTED_CAPABILITIES });
    await fork(plain.run, 'f1');
    await plain.run.submit('mine', { threadId: 'f1' });
    expect(opened(plain.server, 'f1')?.fork).toBeUndefined();
    for (const each of [run, plain.run]) expect(prompts(each)).toMatch(CARRIED);
  });

  test('is told what was said where its source has gone on, and only the whole can be forked', async () => {
    const now: Capabilities = { ...SCRIPTED_CAPABILITIES, fork: 'now' };
    const { server, run } = await startForked({ capabilities: now });
    await fork(run, 'f1');
    await run.submit('three');
    const openCount = server.world.performed.filter(({ type }) => type === 'connection.open').length;
    await run.submit('mine', { threadId: 'f1' });
    expect(opened(server, 'f1')?.fork).toBeUndefined();
    expect(prompts(run)).toMatch(CARRIED);
    expect(prompts(run)).not.toContain('three');
    expect(server.world.performed.filter(({ type }) => type === 'connection.open').length).toBe(
      openCount + 1,
    );
  });

  test('is forked again where the first prompt was not taken', async () => {
    const { server, run } = await startForked();
    await fork(run, 'f1');
    await run.submit('refuse', { threadId: 'f1' });
    const next = await server.crash();
    await next.submit('mine', { threadId: 'f1' });
    expect(opened(server, 'f1')).toMatchObject({ resume: null, fork: { nativeTurnId: expect.any(String) } });
    await next.do({ type: 'thread.stop', threadId: 'f1' });
    await next.submit('more', { threadId: 'f1' });
    expect(opened(server, 'f1')?.fork).toBeUndefined();
  });

  test('goes on in a new one with all that was said, what it inherited too, when it is forgotten', async () => {
    const { server, run } = await startForked();
    await fork(run, 'f1');
    await run.submit('mine', { threadId: 'f1' });
    await run.do({ type: 'thread.stop', threadId: 'f1' });
    server.world.faults.open = 'forgotten';
    await run.submit('again', { threadId: 'f1' });
    expect(prompts(run)).toMatch(/User: one.*User: two.*User: mine.*again$/s);
  });
});

describe('what a fork brings back', () => {
  test('goes along with the next prompt of its parent, once', async () => {
    const { run } = await startForked();
    await fork(run, 'f1');
    await run.submit('mine', { threadId: 'f1' });
    expect(run.snapshot(threadId('f1')).machine.can).toContain('thread.mergeBack');
    await run.do({ type: 'thread.mergeBack', threadId: 'f1' });
    expect(run.snapshot().items.at(-1)?.body).toMatchObject({ kind: 'transfer', transfer: 'merge-back' });
    await run.submit('three');
    expect(prompts(run)).toMatch(/^<carried_context>.*User: mine.*three$/s);
    expect(prompts(run)).not.toContain('User: one');
    await run.submit('four');
    expect(prompts(run)).toBe('four');
  });

  test('is what is new since the last time, and more takes the place of what still waits', async () => {
    const { run } = await startForked();
    await fork(run, 'f1');
    const merge = { type: 'thread.mergeBack', threadId: 'f1' };
    expect(await run.refusal(merge)).toBe('NOTHING_TO_MERGE');
    await run.submit('mine', { threadId: 'f1' });
    await run.do(merge);
    expect(await run.refusal(merge)).toBe('NOTHING_TO_MERGE');
    expect(run.snapshot(threadId('f1')).machine.can).not.toContain('thread.mergeBack');
    await run.submit('more', { threadId: 'f1' });
    await run.do(merge);
    expect(run.facts().map(({ type }) => type)).toContain('transfer.superseded');
    await run.submit('three');
    expect(prompts(run)).toMatch(/^<carried_context>.*User: mine.*User: more.*three$/s);
    await run.submit('last', { threadId: 'f1' });
    await run.do(merge);
    await run.submit('four');
    expect(prompts(run)).toMatch(/^<carried_context>.*User: last.*four$/s);
    expect(prompts(run)).not.toContain('User: more');
  });

  test('comes from several forks in turn, or at once', async () => {
    const { run } = await startForked();
    for (const name of ['f1', 'f2']) {
      await fork(run, name);
      await run.submit(`of-${name}`, { threadId: name });
    }
    await run.do({ type: 'thread.mergeBack', threadId: 'f1' });
    await run.do({ type: 'thread.mergeBack', threadId: 'f2' });
    await run.submit('three');
    expect(prompts(run)).toMatch(/User: of-f1.*User: of-f2.*three$/s);
  });

  test('waits while its parent works, and survives the server', async () => {
    const { server, run } = await startForked();
    await fork(run, 'f1');
    await run.submit('mine', { threadId: 'f1' });
    await run.submit('silent');
    await run.do({ type: 'thread.mergeBack', threadId: 'f1' });
    const next = await server.crash();
    await next.submit('three');
    expect(prompts(next)).toMatch(/User: mine.*three$/s);
  });

  test('comes with all of the parent’s own where that is switched, whichever is first', async () => {
    for (const isMergeFirst of [true, false]) {
      const { run } = await startForked();
      await run.do({ type: 'thread.switchProvider', instanceId: 'other' });
      await run.submit('three');
      await run.do({ type: 'thread.fork', newThreadId: 'f1' });
      await run.submit('mine', { threadId: 'f1' });
      const commands = [
        { type: 'thread.mergeBack', threadId: 'f1' },
        { type: 'thread.switchProvider', instanceId: 'scripted' },
      ];
      for (const each of isMergeFirst ? commands : commands.toReversed()) await run.do(each);
      await run.submit('four');
      expect(prompts(run)).toContain('User: mine');
      expect(prompts(run)).toMatch(/User: one.*User: two.*User: three/s);
    }
  });

  test('is refused for what is no fork of that thread, or where that is deleted', async () => {
    const { run } = await startForked();
    await run.create({ threadId: 't2' });
    await fork(run, 'f1');
    await run.submit('mine', { threadId: 'f1' });
    expect(await run.refusal({ type: 'thread.mergeBack' })).toBe('THREAD_NOT_FORKED');
    const into = (name: string) => run.refusal({ type: 'thread.mergeBack', threadId: 'f1', into: name });
    expect(await into('t2')).toBe('THREAD_NOT_FORKED');
    expect(await into('none')).toBe('THREAD_NOT_FOUND');
    await run.do({ type: 'thread.delete' });
    expect(await into('t1')).toBe('THREAD_DELETED');
    expect(said(run, 'f1')).toEqual(['one', 'two', 'mine']);
  });
});

describe('what a fork has inherited', () => {
  test('is seen when its source is deleted, and is gone when that is purged', async () => {
    const { server, run } = await startForked();
    await fork(run, 'f1');
    await run.submit('mine', { threadId: 'f1' });
    await run.do({ type: 'thread.fork', threadId: 'f1', newThreadId: 'f2' });
    await run.do({ type: 'thread.delete' });
    expect(said(run, 'f2')).toEqual(['one', 'two', 'mine']);
    server.purged.push(threadId('t1'));
    run.journal.beginPurge(threadId('t1'));
    while (!run.journal.purge(threadId('t1'), 1000).isDone);
    run.journal.endPurges([threadId('t1')]);
    const [gone, ...rest] = run.snapshot(threadId('f2')).items;
    expect(gone).toMatchObject({ body: { topic: 'history.purged' }, inherited: { threadId: 't1' } });
    expect(rest.map(({ inherited }) => inherited?.threadId)).toEqual(['f1', 'f1']);
    expect(run.runtime.reads.item(threadId('f2'), gone!.itemId)).toEqual(gone);
  });

  test('keeps its source from being purged by itself', async () => {
    const { run } = await startForked();
    await fork(run, 'f1');
    await run.do({ type: 'thread.fork', threadId: 'f1', newThreadId: 'f2' });
    await run.do({ type: 'thread.delete' });
    await run.do({ type: 'thread.delete', threadId: 'f1' });
    const due = (): string[] => run.journal.deletedThreads(Infinity, 10);
    expect(due()).toEqual([]);
    await run.do({ type: 'thread.delete', threadId: 'f2' });
    expect(due().toSorted()).toEqual(['f1', 'f2', 't1']);
  });
});

/** The last prompt that an agent was given. */
const prompts = (run: RuntimeRun): string =>
  run.world.performed.flatMap((effect) => (effect.type === 'turn.start' ? effect.prompt.text : [])).at(-1) ??
  '';
const CARRIED = /^<carried_context>.*User: one.*User: two.*mine$/s;

const nativeOf = (run: RuntimeRun, turnId: string): string | null =>
  run.journal.turn(threadId('t1'), turnId as never)?.nativeTurnId ?? null;
