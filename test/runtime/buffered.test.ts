/** Delivery mode `buffered`: less is sent, nothing is lost. */
import { describe, expect, test } from 'vitest';
import { itemIdOf, type ItemId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
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

/** The message is complete; what is shown of it then. */
function complete(run: RuntimeRun, itemId: ItemId, { text, ...how }: { text: string; isFallback?: boolean }) {
  const item = { itemId, body: { kind: 'assistant_message' }, text, status: 'completed' } as const;
  const place = { connectionId: session(run).connectionId, ...byNative(session(run).turn?.native ?? null) };
  run.provider.report('t1', { type: 'provider.itemCompleted', ...place, item, ...how });
  run.settle();
  return run.runtime.reads.item(T1, itemId);
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

  test('keeps the mode that its turn began with, also before the first message', async () => {
    const server = makeServer({ deltaWindowMs: 25 });
    const run = await server.start();
    await run.create();
    await run.submit('wait');
    await run.do({ type: 'thread.setDeliveryMode', deliveryMode: 'buffered' });
    goOn(run, 'long');
    expect(deltasOf(run).length).toBeGreaterThan(1);
    const count = deltasOf(run).length;
    await run.submit('long');
    expect(deltasOf(run)).toHaveLength(count + 1);
  });

  test('holds it though something of the account is reported', async () => {
    const { run, say } = await startMessage();
    say('a');
    run.provider.reportInstance({ type: 'instance.reported', report: { account: 'someone' } } as never);
    run.settle();
    expect(deltasOf(run)).toEqual([]);
  });

  test.each([
    ['an empty text', { text: '' }, 'abc'],
    ['a short form of it', { text: 'a…', isFallback: true }, 'abc'],
    ['another text', { text: 'abcd' }, 'abcd'],
  ])('shows what was held where the message is completed with %s', async (_, { text, ...how }, shown) => {
    const { run, say, itemId } = await startMessage();
    say('abc');
    expect(complete(run, itemId, { text, ...how })).toMatchObject({ text: shown, status: 'completed' });
    const last = run.facts().findLast((fact) => fact.type === 'item.completed');
    expect(last).toMatchObject({ item: { itemId, text: shown } });
  });

  test('shows the short form where nothing was written', async () => {
    const { run, itemId } = await startMessage();
    expect(complete(run, itemId, { text: 'a…', isFallback: true })?.text).toBe('a…');
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
