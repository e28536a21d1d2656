/** Delivery mode `buffered`: less is sent, nothing is lost. */
import { describe, expect, test } from 'vitest';
import { itemIdOf } from '../../machines/domain/ids.ts';
import { HELD_TEXT_LIMIT } from '../../server/runtime/held-text.ts';
import { makeServer, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const T1 = threadId('t1');
const deltasOf = (run: RuntimeRun): string[] =>
  run.facts().flatMap((fact) => (fact.type === 'item.delta' ? [fact.text] : []));
const session = (run: RuntimeRun) => run.provider.session(run.provider.connectionIds[0]!);
const goOn = (run: RuntimeRun, ...words: string[]): void => {
  session(run).turn?.words.push(...words);
  session(run).goOn();
  run.settle();
};

async function startBuffered(text: string) {
  const server = makeServer({ deltaWindowMs: 25 });
  const run = await server.start();
  await run.create({ deliveryMode: 'buffered' });
  await run.submit(text);
  return { server, run };
}

/** A message that the provider leaves open, and text for it. */
async function startMessage() {
  const { server, run } = await startBuffered('open wait');
  const { itemId } = run.snapshot().items[1]!;
  const say = (text: string): void => {
    run.provider.report('t1', { type: 'provider.itemDelta', connectionId: 't1#1' as never, itemId, text });
    run.pass(100);
  };
  return { server, run, say, itemId };
}

describe('a buffered thread', () => {
  test('holds the text of a message until that is complete', async () => {
    const { run } = await startBuffered('long wait');
    expect(deltasOf(run)).toEqual(['abcdefghijklmnopqrst']);
    expect(run.snapshot().items[1]).toMatchObject({ text: 'abcdefghijklmnopqrst', status: 'completed' });
  });

  test('shows nothing of it before', async () => {
    const { run, say } = await startMessage();
    for (const text of ['a', 'b', 'c']) say(text);
    run.pass(5_000);
    await run.do({ type: 'thread.setTitle', title: 'x' });
    expect(deltasOf(run)).toEqual([]);
    expect(run.snapshot().items[1]?.text).toBe('');
  });

  test.each([
    ['the turn ends', (run: RuntimeRun) => goOn(run)],
    ['the turn fails', (run: RuntimeRun) => goOn(run, 'fail')],
    ['a person is asked', (run: RuntimeRun) => goOn(run, 'ask')],
    ['the session is lost', (run: RuntimeRun) => goOn(run, 'lose')],
    ['the process dies', (run: RuntimeRun) => run.provider.die()],
    ['a person interrupts', (run: RuntimeRun) => void run.send({ type: 'turn.interrupt' })],
    ['a person stops the thread', (run: RuntimeRun) => void run.send({ type: 'thread.stop' })],
    ['the provider falls silent', (run: RuntimeRun) => run.pass(700_000)],
    ['the server stops', (run: RuntimeRun) => void run.runtime.stop(0)],
  ])('lets it out when %s', async (_, happen) => {
    const { run, say, itemId } = await startMessage();
    for (const text of ['a', 'b', 'c']) say(text);
    happen(run);
    run.pass(1);
    for (let hop = 0; hop < 20; hop += 1) await Promise.resolve();
    expect(deltasOf(run)).toEqual(['abc']);
    expect(run.runtime.reads.item(T1, itemId)?.text).toBe('abc');
    expect(run.runtime.counters.lateDeltas).toBe(0);
  });

  test('does so when an interrupt or a stop is not answered', async () => {
    const { run, say, itemId } = await startMessage();
    run.world.faults.interrupt = 'silent';
    say('abc');
    await run.do({ type: 'turn.interrupt' });
    run.pass(16_000);
    expect(run.status).toBe('interrupted');
    expect(run.runtime.reads.item(T1, itemId)?.text).toBe('abc');
  });

  test('sends all of it above 24,000 characters, and goes on buffering', async () => {
    const { run, say, itemId } = await startMessage();
    say('x'.repeat(HELD_TEXT_LIMIT));
    expect(deltasOf(run)).toEqual([]);
    say('y');
    expect(deltasOf(run).map((text) => text.length)).toEqual([HELD_TEXT_LIMIT + 1]);
    say('z');
    expect(deltasOf(run)).toHaveLength(1);
    goOn(run);
    expect(run.runtime.reads.item(T1, itemId)?.text).toBe(`${'x'.repeat(HELD_TEXT_LIMIT)}yz`);
  });

  test('is not taken for silent while its text is held', async () => {
    const { run, say } = await startMessage();
    for (let count = 0; count < 5; count += 1) {
      say('a');
      run.pass(500_000);
    }
    expect(run.status).toBe('running');
    expect(deltasOf(run)).toEqual([]);
  });

  test('keeps its mode until the turn is over', async () => {
    const { run, say } = await startMessage();
    say('a');
    await run.do({ type: 'thread.setDeliveryMode', deliveryMode: 'streaming' });
    goOn(run, 'long', 'wait');
    expect(deltasOf(run)).toEqual(['abcdefghijklmnopqrst']);
    await run.do({ type: 'turn.interrupt' });
    expect(deltasOf(run)).toEqual(['abcdefghijklmnopqrst', 'a']);
    await run.submit('long');
    expect(deltasOf(run)).toHaveLength(4);
  });

  test('streams what is no message', async () => {
    const { run } = await startBuffered('wait');
    const item = {
      itemId: itemIdOf('x', 'y'),
      body: { kind: 'command', command: 'ls' },
      text: '',
      status: 'open',
    };
    const named = { connectionId: 't1#1', turnId: null, attempt: 0, nativeTurnId: null };
    run.provider.report('t1', { type: 'provider.itemStarted', ...named, item } as never);
    const delta = { type: 'provider.itemDelta', connectionId: 't1#1', itemId: item.itemId, text: 'out' };
    run.provider.report('t1', delta as never);
    run.settle();
    expect(deltasOf(run)).toEqual(['out']);
  });
});
