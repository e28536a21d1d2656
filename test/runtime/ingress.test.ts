import { describe, expect, test } from 'vitest';
import { INGRESS_LIMITS } from '../../server/runtime/ingress.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const title = (number: number) => ({ type: 'thread.setTitle', title: `title ${number}` });

/** The provider says so much more of an item that is open. */
async function startStreaming(run: RuntimeRun) {
  await run.submit('open wait');
  const { itemId } = run.snapshot().items[1]!;
  return (text: string): void =>
    run.provider.report('t1', { type: 'provider.itemDelta', connectionId: 't1#1' as never, itemId, text });
}

describe('above the limit of arrivals', () => {
  test('commands are refused and the provider is paused until half of it is worked off', async () => {
    const { run } = await startThread();
    const sent = Array.from({ length: INGRESS_LIMITS.arrivals }, (_, index) => run.send(title(index)));
    expect(run.provider.isPaused).toBe(true);
    const refused = await run.send(title(-1));
    expect(refused).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    while ((run.runtime.figures['ingressLength'] ?? 0) > INGRESS_LIMITS.arrivals / 2 + 64) run.tick();
    expect(run.provider.isPaused).toBe(true);
    run.tick();
    run.tick();
    expect(run.provider.isPaused).toBe(false);
    expect(run.runtime.figures['ingressLength']).toBeGreaterThan(1000);
    run.settle();
    const outcomes = await Promise.all(sent);
    expect(outcomes.filter((outcome) => 'error' in outcome)).toEqual([]);
    expect(run.snapshot().thread.title).toBe(`title ${INGRESS_LIMITS.arrivals - 1}`);
  });

  test('a tick takes 64 of them', async () => {
    const { run } = await startThread();
    const before = run.runtime.figures['commits'] ?? 0;
    for (let count = 0; count < 640; count += 1) void run.send(title(count));
    run.settle();
    expect(run.runtime.figures['commits']).toBe(before + 10);
  });
});

describe('above the limit of bytes', () => {
  test('the provider is paused, and nothing that it said is lost', async () => {
    const { server, run } = await startThread();
    const stream = await startStreaming(run);
    const piece = 'x'.repeat(4 * 1024 * 1024);
    for (let count = 0; count < 5; count += 1) stream(piece);
    while (run.world.deliver());
    expect(run.provider.isPaused).toBe(true);
    expect(await run.send(title(1))).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    run.settle();
    expect(run.provider.isPaused).toBe(false);
    expect(run.runtime.figures['ingressBytes']).toBe(0);
    const { itemId } = run.snapshot().items[1]!;
    expect(run.runtime.reads.item(threadId('t1'), itemId)?.text).toHaveLength(5 * piece.length);
    const next = await server.crash();
    expect(next.runtime.reads.item(threadId('t1'), itemId)?.text).toHaveLength(5 * piece.length);
  });
});

describe('two reasons for a pause', () => {
  test('do not switch each other off', async () => {
    const { server, run } = await startThread();
    for (let count = 0; count < INGRESS_LIMITS.arrivals; count += 1) void run.send(title(count));
    expect(run.provider.isPaused).toBe(true);
    server.store.failNextCommit = 'before';
    run.tick();
    expect(run.runtime.isReady()).toBe(false);
    run.clock.advance(250);
    // the store works again, the queue is still more than half full
    expect(run.runtime.isReady()).toBe(true);
    expect(run.provider.isPaused).toBe(true);
    run.settle();
    expect(run.provider.isPaused).toBe(false);
  });
});

describe('the order', () => {
  test('is that of arrival, whatever the kind', async () => {
    const { run } = await startThread();
    const stream = await startStreaming(run);
    stream('a');
    while (run.world.deliver());
    void run.send(title(1));
    stream('b');
    while (run.world.deliver());
    void run.send(title(2));
    run.settle();
    expect(
      run
        .entries()
        .slice(-4)
        .map((entry) => entry.input.type),
    ).toEqual(['provider.itemDelta', 'thread.setTitle', 'provider.itemDelta', 'thread.setTitle']);
    expect(run.ticks.at(-1)?.threads[0]?.entries).toHaveLength(4);
  });
});
