import { describe, expect, test } from 'vitest';
import { itemIdSchema } from '../../machines/domain/ids.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const T1 = threadId('t1');
const deltasOf = (run: RuntimeRun): string[] =>
  run.facts().flatMap((fact) => (fact.type === 'item.delta' ? [fact.text] : []));

async function startStreaming(deltaWindowMs: number) {
  const { server, run } = await startThread({ deltaWindowMs });
  await run.submit('open wait');
  run.pass(100);
  const { itemId } = run.snapshot().items[1]!;
  const say = (text: string, more: Record<string, unknown> = {}): void => {
    const delta = { type: 'provider.itemDelta', connectionId: 't1#1', itemId, text, ...more };
    run.provider.report('t1', delta as never);
    while (run.world.deliver());
  };
  const textOf = (id = itemId) => run.runtime.reads.item(T1, id)?.text;
  return { server, run, say, itemId, textOf };
}

describe('the delta window', () => {
  test('lets the first piece through at once and merges the others for 25 ms', async () => {
    const { run, say, textOf } = await startStreaming(25);
    for (const text of ['a', 'b', 'c']) say(text);
    run.settle();
    expect(deltasOf(run)).toEqual(['a']);
    run.pass(24);
    expect(deltasOf(run)).toEqual(['a']);
    run.pass(1);
    expect(deltasOf(run)).toEqual(['a', 'bc']);
    for (const text of ['d', 'e']) say(text);
    run.pass(25);
    expect(deltasOf(run)).toEqual(['a', 'bc', 'de']);
    run.pass(100);
    say('f');
    run.settle();
    expect(deltasOf(run)).toEqual(['a', 'bc', 'de', 'f']);
    expect(textOf()).toBe('abcdef');
  });

  test('is off with 0', async () => {
    const { run, say } = await startStreaming(0);
    for (const text of ['a', 'b', 'c']) say(text);
    run.settle();
    expect(deltasOf(run)).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['a command', (run: RuntimeRun) => void run.send({ type: 'thread.setTitle', title: 'x' })],
    ['the end of the turn', (run: RuntimeRun) => run.provider.session('t1#1' as never).goOn()],
    ['the death of the process', (run: RuntimeRun) => run.provider.die()],
    [
      'the loss of the session',
      (run: RuntimeRun) => {
        const session = run.provider.session('t1#1' as never);
        session.turn?.words.push('lose');
        session.goOn();
      },
    ],
  ])('is flushed before %s', async (_, happen) => {
    const { run, say, textOf } = await startStreaming(25);
    for (const text of ['a', 'b', 'c']) say(text);
    happen(run);
    run.settle();
    expect(deltasOf(run)).toEqual(['a', 'bc']);
    expect(textOf()).toBe('abc');
    expect(run.runtime.counters.lateDeltas).toBe(0);
    const types = run.entries().map((entry) => entry.input.type);
    expect(types.lastIndexOf('provider.itemDelta')).toBeLessThan(types.length - 1);
  });

  test('is flushed before a deadline', async () => {
    const { run, say } = await startStreaming(25);
    run.clock.advance(599_890);
    say('a');
    say('b');
    run.clock.advance(20);
    run.settle();
    expect(deltasOf(run)).toEqual(['a', 'b']);
    expect(run.status).toBe('running');
  });

  test('keeps the pieces of two items apart, and each in its order', async () => {
    const { run, say, textOf } = await startStreaming(25);
    const other = itemIdSchema.parse('other');
    for (const text of ['a', 'b']) {
      say(text);
      say(text.toUpperCase(), { itemId: other });
    }
    run.pass(30);
    expect(textOf()).toBe('ab');
    expect(textOf(other)).toBe('AB');
  });

  test('is written down by a graceful stop', async () => {
    const { run, say, textOf } = await startStreaming(25);
    for (const text of ['a', 'b', 'c']) say(text);
    const stop = run.runtime.stop(0);
    run.clock.advance(0);
    await stop;
    expect(textOf()).toBe('abc');
  });
});

describe('a delta', () => {
  test('of an item that nobody has started starts it', async () => {
    const { run, say, textOf } = await startStreaming(0);
    const other = itemIdSchema.parse('other');
    say('a', { itemId: other });
    say('b', { itemId: other });
    run.settle();
    expect(run.runtime.reads.item(T1, other)).toMatchObject({
      status: 'open',
      body: { kind: 'assistant_message' },
      turnId: run.snapshot().turn?.turnId,
    });
    expect(textOf(other)).toBe('ab');
    expect(run.facts().filter((fact) => fact.type === 'item.started')).toHaveLength(2);
  });

  test('of an item that is over, or of another connection, is counted and dropped', async () => {
    const { run, say, itemId } = await startStreaming(0);
    say('a', { connectionId: 't1#0' });
    run.settle();
    expect(run.runtime.counters.lateDeltas).toBe(1);
    await run.do({ type: 'turn.interrupt' });
    const count = run.entries().length;
    say('b');
    run.settle();
    await run.do({ type: 'thread.stop' });
    say('c');
    run.settle();
    expect(run.runtime.counters.lateDeltas).toBe(3);
    expect(run.entries()).toHaveLength(count + 2);
    expect(run.runtime.reads.item(T1, itemId)?.text).toBe('');
  });

  test('moves no chart and changes no row', async () => {
    const { run, say } = await startStreaming(0);
    const charts = JSON.stringify(run.runtime.threads.peek(T1)?.actor.store());
    const row = run.runtime.reads.row(T1);
    say('a');
    run.settle();
    expect(JSON.stringify(run.runtime.threads.peek(T1)?.actor.store())).toBe(charts);
    expect(run.runtime.reads.row(T1)).toEqual(row);
    expect(run.ticks.at(-1)?.threads).toMatchObject([
      { row: null, state: null, entries: [{ kind: 'delta' }] },
    ]);
  });

  test('that is streamed is read before it is complete, also after the thread was loaded again', async () => {
    const { server, run, say, itemId } = await startStreaming(0);
    say('abc');
    run.settle();
    expect(run.snapshot().items[1]?.text).toBe('abc');
    server.store.failNextCommit = 'before';
    await run.refusal({ type: 'thread.setTitle', title: 'x' });
    run.pass(250);
    say('def');
    run.settle();
    expect(run.runtime.reads.item(T1, itemId)?.text).toBe('abcdef');
    const next = await server.crash();
    expect(next.runtime.reads.item(T1, itemId)).toMatchObject({ text: 'abcdef', status: 'interrupted' });
  });

  test('of an item of no turn is not lost over the bases of turns that end meanwhile', async () => {
    const { server, run } = await startThread();
    await run.submit('one');
    const item = { itemId: 'bg', body: { kind: 'task', title: 'x' }, text: '', status: 'open' };
    const named = { connectionId: 't1#1', turnId: null, attempt: 0, nativeTurnId: null };
    run.provider.report('t1', { type: 'provider.itemStarted', ...named, item } as never);
    const say = (text: string): void => {
      run.provider.report('t1', {
        type: 'provider.itemDelta',
        connectionId: 't1#1',
        itemId: 'bg',
        text,
      } as never);
      run.settle();
    };
    say('a');
    await run.submit('two');
    say('b');
    await run.do({ type: 'thread.setTitle', title: 'x' });
    expect(run.runtime.reads.item(T1, 'bg' as never)?.text).toBe('ab');
    server.store.failNextCommit = 'before';
    await run.refusal({ type: 'thread.setTitle', title: 'y' });
    run.pass(250);
    say('c');
    expect(run.runtime.reads.item(T1, 'bg' as never)?.text).toBe('abc');
  });
});
