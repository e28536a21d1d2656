/** Proposed plans: shown when they are complete, and marked once when a turn implements them, of whatever thread. */
import { describe, expect, test } from 'vitest';
import { itemIdOf, type ItemId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemDraft, ItemRow } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const T1 = threadId('t1');
const T2 = threadId('t2');
const NATIVE = itemIdOf('native', 'plan');

const session = (run: RuntimeRun) => run.provider.session(run.provider.connectionIds[0]!);
const goOn = (run: RuntimeRun, ...words: string[]): void => {
  session(run).turn?.words.push(...words);
  session(run).goOn();
  run.settle();
};
const plansIn = (run: RuntimeRun): ItemRow[] =>
  run.snapshot().items.filter(({ body }) => body.kind === 'plan');

interface Told extends Partial<ItemDraft> {
  readonly turn?: string | null;
}
function report(run: RuntimeRun, kind: 'Started' | 'Completed', { turn, ...more }: Told = {}): void {
  const native = turn === undefined ? (session(run).turn?.native ?? null) : turn;
  const item = { itemId: NATIVE, body: { kind: 'plan' }, text: '', status: 'open', ...more } as ItemDraft;
  const place = { connectionId: session(run).connectionId, ...byNative(native) };
  run.provider.report('t1', { type: `provider.item${kind}`, ...place, item });
  run.settle();
}
function write(run: RuntimeRun, text: string): void {
  const { connectionId } = session(run);
  const delta: ProviderReport = { type: 'provider.itemDelta', connectionId, itemId: NATIVE, text };
  run.provider.report('t1', delta);
  run.settle();
}
const complete = (run: RuntimeRun, text: string, more: Told = {}): void =>
  report(run, 'Completed', { text, status: 'completed', ...more });

async function startTurn() {
  const { server, run } = await startThread();
  await run.submit('wait');
  return { server, run };
}

describe('a proposed plan', () => {
  test('is held until it is complete, and trimmed', async () => {
    const { run } = await startTurn();
    report(run, 'Started');
    for (const text of ['# Plan\n', '1. one\n\n']) write(run, text);
    run.pass(10_000);
    expect(plansIn(run)).toEqual([]);
    complete(run, '\n# Plan\n1. one\n\n');
    expect(plansIn(run)).toMatchObject([{ text: '# Plan\n1. one', status: 'completed' }]);
    expect(run.facts().filter(({ type }) => type === 'item.delta')).toEqual([]);
  });

  test('has the text that was written where its completion has none', async () => {
    const { run } = await startTurn();
    report(run, 'Started');
    write(run, ' written ');
    complete(run, '');
    expect(plansIn(run)).toMatchObject([{ text: 'written', status: 'completed' }]);
  });

  test('is never shown empty', async () => {
    const { run } = await startTurn();
    report(run, 'Started');
    write(run, ' \n');
    complete(run, '');
    goOn(run);
    expect(run.status).toBe('ready');
    expect(plansIn(run)).toEqual([]);
  });

  test.each([
    ['completes', [], 'completed'],
    ['fails', ['fail'], 'interrupted'],
    ['loses its session', ['lose'], 'interrupted'],
    ['loses its process', ['die'], 'interrupted'],
  ] as const)('is shown as it stands when its turn %s', async (_, words, status) => {
    const { run } = await startTurn();
    report(run, 'Started');
    write(run, '# Half\n');
    goOn(run, ...words);
    expect(plansIn(run)).toMatchObject([{ text: '# Half', status }]);
  });

  test('is shown as it stands when an interrupt is not answered, and when the server stops', async () => {
    const { run } = await startTurn();
    run.world.faults.interrupt = 'silent';
    report(run, 'Started');
    write(run, '# Half\n');
    await run.do({ type: 'turn.interrupt' });
    run.pass(16_000);
    expect(plansIn(run)).toMatchObject([{ text: '# Half', status: 'interrupted' }]);
  });

  test.each<[string, (run: RuntimeRun) => void | Promise<void>]>([
    ['a person is asked', (run) => goOn(run, 'ask')],
    ['another turn ends', endSideTurn],
    ['an account is reported', (run) => run.provider.reportInstance(REPORTED)],
    ['an answer is not delivered in time', answerInVain],
  ])('goes on being held when %s', async (_, happen) => {
    const { run } = await startTurn();
    report(run, 'Started');
    write(run, 'one ');
    await happen(run);
    run.settle();
    write(run, 'two');
    expect(plansIn(run)).toEqual([]);
    complete(run, '');
    expect(plansIn(run)).toMatchObject([{ text: 'one two', status: 'completed' }]);
  });

  test('keeps its turn from looking silent while it is held', async () => {
    const { run } = await startTurn();
    report(run, 'Started');
    for (let count = 0; count < 4; count += 1) {
      write(run, 'more ');
      run.pass(500_000);
    }
    expect(run.status).toBe('running');
  });

  test('is one for each turn; a later one of the same turn replaces it', async () => {
    const { run } = await startTurn();
    complete(run, 'first');
    complete(run, 'second', { itemId: itemIdOf('native', 'other') });
    const { turnId } = run.snapshot().turn!;
    expect(plansIn(run)).toMatchObject([{ itemId: itemIdOf(turnId, 'plan'), text: 'second' }]);
    goOn(run);
    await run.submit('wait');
    complete(run, 'third');
    expect(plansIn(run).map(({ text }) => text)).toEqual(['second', 'third']);
  });

  test('is known by its item where it has no turn, or is of a sub-agent', async () => {
    const { run } = await startTurn();
    complete(run, 'own');
    complete(run, 'without', { turn: null });
    const agent = itemIdOf('native', 'agent');
    complete(run, 'of an agent', { itemId: itemIdOf('agent', 'plan'), parentItemId: agent });
    expect(plansIn(run).map(({ text, itemId }) => [text, itemId])).toEqual([
      ['own', itemIdOf(run.snapshot().turn!.turnId, 'plan')],
      ['without', NATIVE],
      ['of an agent', itemIdOf('agent', 'plan')],
    ]);
  });
});

/** A plan in `t1`, whose turn is over, and the empty thread `t2`. */
async function startPlanned() {
  const { server, run } = await startTurn();
  complete(run, '# Plan');
  goOn(run);
  await run.create({ threadId: 't2' });
  const { itemId } = plansIn(run)[0]!;
  return { server, run, itemId };
}
const implement = (itemId: ItemId, threadIdName = 't2', text = 'hi') =>
  ({ type: 'turn.submit', text, threadId: threadIdName, sourcePlan: { threadId: 't1', itemId } }) as const;
const marks = (run: RuntimeRun) => run.facts().filter(({ type }) => type === 'plan.implemented');
const markOf = (run: RuntimeRun): unknown => {
  const body = plansIn(run)[0]?.body;
  return body?.kind === 'plan' ? body.implementedBy : 'no plan';
};

describe('a turn of another thread that implements a plan', () => {
  test('marks it when its start is accepted, as the next entry of the same transaction', async () => {
    const { run, itemId } = await startPlanned();
    const { turnId } = await run.do(implement(itemId));
    expect(markOf(run)).toEqual({ threadId: 't2', turnId });
    const accepted = run.entries(T2).find(({ facts }) => facts.some(({ type }) => type === 'turn.accepted'));
    const marked = run.entries(T1).find(({ facts }) => facts.some(({ type }) => type === 'plan.implemented'));
    expect(marked?.sequence).toBe((accepted?.sequence ?? 0) + 1);
    expect(run.ticks.find(({ sequence }) => sequence >= marked!.sequence)?.threads).toHaveLength(2);
  });

  test('does not mark it where its start is refused, or nobody answers', async () => {
    const { run, itemId } = await startPlanned();
    await run.do(implement(itemId, 't2', 'refuse'));
    expect(run.snapshot(T2).thread.status).toBe('error');
    await run.do(implement(itemId, 't2', 'unanswered'));
    run.pass(31_000);
    expect(markOf(run)).toBeUndefined();
    const { turnId } = await run.do(implement(itemId));
    expect(markOf(run)).toEqual({ threadId: 't2', turnId });
  });

  test('is the only one that marks it', async () => {
    const { run, itemId } = await startPlanned();
    await run.create({ threadId: 't3' });
    const first = run.send(implement(itemId));
    const second = run.send(implement(itemId, 't3'));
    run.settle();
    expect([await first, await second]).toMatchObject([{ result: {} }, { result: {} }]);
    expect(marks(run)).toMatchObject([{ threadId: 't2' }]);
    expect(await run.refusal(implement(itemId, 't3'))).toBe('PLAN_IMPLEMENTED');
  });

  test('finds its thread where that is not in memory', async () => {
    const { run, itemId } = await startPlanned();
    await run.do({ type: 'thread.stop' });
    run.pass(120_000);
    expect(run.runtime.threads.peek(T1)).toBeNull();
    const { turnId } = await run.do(implement(itemId));
    expect(markOf(run)).toEqual({ threadId: 't2', turnId });
  });

  test('may wait in a queue, over a restart', async () => {
    const { server, run, itemId } = await startPlanned();
    await run.submit('wait', { threadId: 't2' });
    await run.do({ ...implement(itemId), mode: 'queue' });
    const next = await server.crash();
    expect(markOf(next)).toBeUndefined();
    await next.do({ type: 'queue.resume', threadId: 't2' });
    expect(markOf(next)).toMatchObject({ threadId: 't2' });
  });

  test('does no harm where the plan was deleted meanwhile', async () => {
    const { run, itemId } = await startPlanned();
    await run.submit('wait', { threadId: 't2' });
    await run.do({ ...implement(itemId), mode: 'queue' });
    await run.do({ type: 'thread.delete' });
    const other = run.provider.connectionIds[0]!;
    run.provider.session(other).goOn();
    run.settle();
    expect(run.snapshot(T2)).toMatchObject({ thread: { status: 'ready' }, queue: { entries: [] } });
    expect(marks(run)).toEqual([]);
    expect(await run.refusal(implement(itemId))).toBe('PLAN_NOT_FOUND');
  });

  test('is refused where there is no such plan', async () => {
    const { run, itemId } = await startPlanned();
    const named = (source: object) => ({ ...implement(itemId), sourcePlan: source });
    expect(await run.refusal(named({ threadId: 't1', itemId: 'none' }))).toBe('PLAN_NOT_FOUND');
    expect(await run.refusal(named({ threadId: 'none', itemId }))).toBe('PLAN_NOT_FOUND');
    const [message] = run.snapshot().items;
    expect(await run.refusal(named({ threadId: 't1', itemId: message!.itemId }))).toBe('PLAN_NOT_FOUND');
    expect(run.snapshot(T2).turn).toBeNull();
  });

  test('may be of the thread that has the plan', async () => {
    const { run, itemId } = await startPlanned();
    const { turnId } = await run.do(implement(itemId, 't1'));
    expect(markOf(run)).toEqual({ threadId: 't1', turnId });
    expect(run.snapshot().turn).toMatchObject({ turnId, sourcePlan: { threadId: 't1', itemId } });
  });
});

const REPORTED = { type: 'instance.reported', report: { account: 'someone' } } as never;

function endSideTurn(run: RuntimeRun): void {
  const place = { connectionId: session(run).connectionId, ...byNative('side') };
  run.provider.report('t1', { type: 'provider.turnStarted', ...place, isNew: false });
  run.provider.report('t1', { type: 'provider.turnEnded', ...place, outcome: 'completed', failure: null });
}

async function answerInVain(run: RuntimeRun): Promise<void> {
  goOn(run, 'ask');
  run.world.faults.answer = 'silent';
  const { requestId } = run.snapshot().requests[0]!;
  await run.do({ type: 'request.respond', requestId, decision: 'accept' });
  run.pass(11_000);
  expect(run.snapshot().requests).toMatchObject([{ status: 'undeliverable' }]);
}
