/** Background work that outlives its turn, as clients and the store see it. */
import { describe, expect, test } from 'vitest';
import { itemIdOf, type ItemId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemBody, ItemDraft } from '../../machines/domain/item.ts';
import { makeServer, startThread, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const T1 = threadId('t1');
const HOUR_MS = 3_600_000;
const COMMAND: ItemBody = { kind: 'command', command: 'sleep 60' };
const AGENT: ItemBody = { kind: 'subagent', title: 'helper' };
const idOf = (name: string): ItemId => itemIdOf('native', name);

const session = (run: RuntimeRun) => run.provider.session(run.provider.connectionIds[0]!);

/** The provider tells of an item of the turn that it knows by this id. */
function tell(
  run: RuntimeRun,
  kind: 'Started' | 'Completed',
  { name, ...more }: Partial<ItemDraft> & { readonly name: string },
): void {
  const item: ItemDraft = {
    itemId: idOf(name),
    body: COMMAND,
    text: '',
    status: kind === 'Started' ? 'open' : 'completed',
    ...more,
  };
  const place = { connectionId: session(run).connectionId, ...byNative(NATIVE_TURN) };
  run.provider.report('t1', { type: `provider.item${kind}`, ...place, item });
  run.settle();
}
function say(run: RuntimeRun, name: string, text: string): void {
  const { connectionId } = session(run);
  run.provider.report('t1', { type: 'provider.itemDelta', connectionId, itemId: idOf(name), text });
  run.settle();
}
const NATIVE_TURN = 'turn2';

/** A turn has completed and left two commands behind. */
async function startRoster(names = ['one', 'two']) {
  const { server, run } = await startThread();
  await run.submit('wait');
  expect(session(run).turn?.native).toBe(NATIVE_TURN);
  for (const name of names) tell(run, 'Started', { name });
  session(run).goOn();
  run.settle();
  expect(run.status).toBe('ready');
  return { server, run };
}
const rosterOf = (run: RuntimeRun) => run.snapshot().roster.map(({ itemId, text }) => [itemId, text]);

describe('a roster', () => {
  test('is shown with a thread that is ready', async () => {
    const { run } = await startRoster();
    expect(run.snapshot()).toMatchObject({
      thread: { status: 'ready', activeTurnId: null, backgroundCount: 2 },
      roster: [{ itemId: idOf('one'), status: 'open', background: true }, { itemId: idOf('two') }],
    });
    const row = run.runtime.reads.listThreads({ limit: 1 }).rows[0];
    expect(row).toMatchObject({ backgroundCount: 2 });
  });

  test('is shown however far back in the transcript its items are', async () => {
    const { run } = await startRoster(['one']);
    say(run, 'one', 'out');
    // each end of a turn states the text that stands in deltas only
    for (let count = 0; count < 3; count += 1) await run.submit('hi');
    const page = run.runtime.reads.snapshot(T1, { before: null, limit: 2 }).snapshot;
    expect(page.items.some(({ itemId }) => itemId === idOf('one'))).toBe(false);
    expect(page.roster).toMatchObject([{ itemId: idOf('one'), text: 'out', background: true }]);
  });

  test('gets text and ends late, also beside the next turn', async () => {
    const { run } = await startRoster();
    say(run, 'one', 'out');
    await run.submit('wait');
    say(run, 'one', 'put');
    expect(rosterOf(run)).toEqual([
      [idOf('one'), 'output'],
      [idOf('two'), ''],
    ]);
    tell(run, 'Completed', { name: 'one', text: 'output!' });
    expect(run.snapshot()).toMatchObject({
      thread: { status: 'running', backgroundCount: 1 },
      roster: [{ itemId: idOf('two') }],
    });
    expect(run.runtime.reads.item(T1, idOf('one'))).toMatchObject({ text: 'output!', status: 'completed' });
    expect(run.runtime.counters.lateDeltas).toBe(0);
  });

  test('ends as unknown with the connection: stopped, lost, or gone with the server', async () => {
    for (const end of ['stop', 'die', 'crash'] as const) {
      const { server, run } = await startRoster();
      say(run, 'one', 'out');
      if (end === 'stop') await run.do({ type: 'thread.stop' });
      if (end === 'die') run.provider.die();
      run.settle();
      const after = end === 'crash' ? await server.crash() : run;
      expect(after.snapshot()).toMatchObject({ thread: { backgroundCount: 0 }, roster: [] });
      expect(after.runtime.reads.item(T1, idOf('one'))).toMatchObject({ text: 'out', status: 'unknown' });
    }
  });

  test('does not keep the server from stopping', async () => {
    const { run } = await startRoster();
    const stopped = run.runtime.stop(60_000);
    for (let hop = 0; hop < 20; hop += 1) await Promise.resolve();
    await stopped;
    expect(run.snapshot()).toMatchObject({ thread: { status: 'stopped', backgroundCount: 0 }, roster: [] });
  });

  test('is there again where a thread comes back from the journal', async () => {
    const { run } = await startRoster();
    say(run, 'one', 'out');
    run.runtime.threads.drop(T1);
    expect(run.snapshot().thread.backgroundCount).toBe(2);
    expect(rosterOf(run)[0]).toEqual([idOf('one'), 'out']);
    say(run, 'one', 'put');
    expect(rosterOf(run)[0]).toEqual([idOf('one'), 'output']);
  });
});

describe('background work', () => {
  test('keeps its connection for four hours, and no longer', async () => {
    const { run } = await startRoster();
    run.pass(3.9 * HOUR_MS);
    expect(run.provider.connectionIds).toHaveLength(1);
    run.pass(0.2 * HOUR_MS);
    expect(run.provider.connectionIds).toEqual([]);
    expect(run.snapshot()).toMatchObject({ thread: { status: 'ready', backgroundCount: 0 }, roster: [] });
  });

  test('does not keep it longer by saying something', async () => {
    const { run } = await startRoster();
    for (let count = 0; count < 41; count += 1) {
      if (run.provider.connectionIds.length > 0) say(run, 'one', '.');
      run.pass(HOUR_MS / 10);
    }
    expect(run.provider.connectionIds).toEqual([]);
  });

  test('keeps it no longer than it lasts', async () => {
    const { run } = await startRoster(['one']);
    run.pass(HOUR_MS);
    expect(run.provider.connectionIds).toHaveLength(1);
    tell(run, 'Completed', { name: 'one' });
    run.pass(60_000);
    expect(run.provider.connectionIds).toEqual([]);
  });

  test('that ended does not pin the connection that replaced its own', async () => {
    const { run } = await startRoster();
    await run.do({ type: 'thread.stop' });
    await run.submit('hi');
    run.pass(0.6 * HOUR_MS);
    expect(run.provider.connectionIds).toEqual([]);
  });
});

describe('a sub-agent', () => {
  const request = {
    requestId: 'r1',
    nativeRequestId: 'n1',
    body: { kind: 'command', command: 'rm -rf build' },
    decisions: ['accept', 'decline'],
    taskId: idOf('agent'),
  };
  const ask = (run: RuntimeRun): void => {
    const place = { connectionId: session(run).connectionId, ...byNative(NATIVE_TURN), owner: 'turn' };
    run.provider.report('t1', { type: 'provider.requestOpened', ...place, request } as never);
    run.settle();
  };
  const answer = { type: 'request.respond', requestId: 'r1', decision: 'accept' } as const;

  async function startAgent() {
    const server = makeServer();
    const run = await server.start();
    await run.create();
    await run.submit('wait');
    tell(run, 'Started', { name: 'agent', body: AGENT });
    return { server, run };
  }
  const completeTurn = (run: RuntimeRun): void => {
    session(run).goOn();
    run.settle();
  };

  test('that asks in its turn can be answered after it', async () => {
    const { run } = await startAgent();
    ask(run);
    expect(run.snapshot().requests).toMatchObject([{ owner: 'turn' }]);
    completeTurn(run);
    expect(run.snapshot()).toMatchObject({
      thread: { status: 'ready', openRequestCount: 1, backgroundCount: 1 },
      machine: { can: expect.arrayContaining(['request.respond']) },
      requests: [{ owner: 'task', status: 'open' }],
    });
    await run.do(answer);
    expect(run.facts().at(-1)).toMatchObject({ type: 'request.closed', outcome: 'accepted' });
  });

  test('that asks after its turn owns the request, which ends with it', async () => {
    const { run } = await startAgent();
    completeTurn(run);
    ask(run);
    expect(run.snapshot().requests).toMatchObject([{ owner: 'task' }]);
    tell(run, 'Completed', { name: 'agent', body: AGENT });
    expect(run.snapshot()).toMatchObject({ thread: { openRequestCount: 0 }, requests: [] });
    expect(await run.refusal(answer)).toBe('REQUEST_CLOSED');
  });

  test('keeps its request over a reload, and loses it with the server', async () => {
    const { server, run } = await startAgent();
    ask(run);
    completeTurn(run);
    run.runtime.threads.drop(T1);
    expect(run.snapshot().requests).toMatchObject([{ owner: 'task', status: 'open' }]);
    const next = await server.crash();
    expect(next.snapshot().requests).toEqual([]);
    expect(await next.refusal(answer)).toBe('REQUEST_CLOSED');
  });
});
