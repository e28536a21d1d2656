import { describe, expect, it } from 'vitest';
import type { Fact, FactType } from '../../../../machines/domain/fact.ts';
import { A, B, CREATED, began, endOf, item, R, OPENED, folded } from '../../../helpers/folded-facts.ts';
import { cause, link, THREAD } from '../../../helpers/inputs.ts';

const row = (...facts: Fact[]) => folded(CREATED, ...facts).state?.row;

describe('the row of a thread', () => {
  it('begins ready, without a turn', () => {
    expect(row()).toMatchObject({
      id: THREAD,
      status: 'ready',
      activeTurnId: null,
      lastError: null,
      createdAt: 1,
    });
  });

  it.each<[FactType, Fact, object]>([
    ['thread.titleSet', { type: 'thread.titleSet', title: 'x' }, { title: 'x' }],
    ['thread.modelSet', { type: 'thread.modelSet', model: 'm', options: {} }, { model: 'm' }],
    ['thread.archived', { type: 'thread.archived' }, { archived: true }],
    [
      'thread.statusChanged',
      { type: 'thread.statusChanged', status: 'error', activeTurnId: null, lastError: cause('STALLED') },
      { status: 'error', lastError: cause('STALLED') },
    ],
    ['request.opened', OPENED, { openRequestCount: 1 }],
    [
      'item.completed',
      {
        type: 'item.completed',
        item: item('i', 'assistant_message', { text: 'y'.repeat(300), status: 'completed' }),
      },
      { preview: 'y'.repeat(200) },
    ],
  ])('follows %s', (_, fact, expected) => {
    expect(row(fact)).toMatchObject({ ...expected, updatedAt: 2 });
  });

  it('counts a closed request down, never below zero', () => {
    const close: Fact = { type: 'request.closed', requestId: R, outcome: 'expired' };
    expect(row(OPENED, close, close)?.openRequestCount).toBe(0);
  });

  it('is not archived any more when it is unarchived', () => {
    expect(row({ type: 'thread.archived' }, { type: 'thread.unarchived' })?.archived).toBe(false);
  });

  it('shows no preview of a command', () => {
    const done = item('i', 'command', { text: 'output', status: 'completed' });
    expect(row({ type: 'item.completed', item: done })?.preview).toBe('');
  });
});

describe('the state of a thread', () => {
  const state = (...facts: Fact[]) => folded(CREATED, ...facts).state;

  it.each<[Fact, object]>([
    [
      { type: 'thread.runtimeModeSet', runtimeMode: 'auto', policy: { network: true } },
      { runtimeMode: 'auto', policy: { network: true } },
    ],
    [{ type: 'thread.interactionModeSet', interactionMode: 'plan' }, { interactionMode: 'plan' }],
    [{ type: 'thread.deliveryModeSet', deliveryMode: 'buffered' }, { deliveryMode: 'buffered' }],
  ])('keeps the settings of $0.type', (fact, expected) => {
    expect(state(fact)?.settings).toMatchObject(expected);
  });

  it('follows its removal', () => {
    expect(state({ type: 'thread.deleting' })?.removal).toBe('deleting');
    expect(state({ type: 'thread.deleting' }, { type: 'thread.deleted' })?.removal).toBe('deleted');
  });

  it('keeps the last usage and plan', () => {
    const usage = {
      inputTokens: 1,
      cachedInputTokens: 0,
      outputTokens: 0,
      reasoningTokens: 0,
      contextTokens: 0,
      contextWindow: null,
    };
    const plan = { turnId: A, explanation: null, steps: [{ text: 's', status: 'pending' as const }] };
    const after = state({ type: 'usage.updated', usage }, { type: 'plan.updated', ...plan });
    expect([after?.usage, after?.plan]).toEqual([usage, plan]);
  });

  it('keeps the queue by its facts', () => {
    const entry = (turnId: typeof A) => ({
      turnId,
      text: 'x',
      attachments: [],
      intent: 'next' as const,
      failure: null,
    });
    const two: Fact[] = [
      { type: 'queue.added', entry: entry(A), index: 0 },
      { type: 'queue.added', entry: entry(B), index: 0 },
    ];
    expect(state(...two)?.queue.entries.map(({ turnId }) => turnId)).toEqual([B, A]);
    expect(
      state(...two, { type: 'queue.reordered', order: [A, B] })?.queue.entries.map(({ turnId }) => turnId),
    ).toEqual([A, B]);
    expect(state(...two, { type: 'queue.edited', queueEntryId: A, text: 'y' })?.queue.entries[1]?.text).toBe(
      'y',
    );
    const held = state(...two, { type: 'queue.held', reason: 'failed' });
    expect(held?.queue).toMatchObject({
      status: 'held',
      reason: 'failed',
      entries: [{ intent: 'queued' }, { intent: 'queued' }],
    });
    expect(
      state(...two, { type: 'queue.held', reason: 'failed' }, { type: 'queue.released' })?.queue,
    ).toMatchObject({
      status: 'flowing',
      reason: null,
    });
    const emptied = (['cancelled', 'started'] as const).map((reason, index): Fact => ({
      type: 'queue.removed',
      queueEntryId: [A, B][index] ?? A,
      reason,
    }));
    expect(state(...two, { type: 'queue.held', reason: 'failed' }, ...emptied)?.queue).toEqual({
      status: 'flowing',
      reason: null,
      entries: [],
    });
  });

  it('is bound from the opening of a connection to its end, however it ends', () => {
    const opening: Fact = { type: 'connection.opening', connectionId: link(), resume: null };
    expect(state(opening)?.bound).toBe(true);
    expect(state(opening, { type: 'connection.closed', connectionId: link() })?.bound).toBe(false);
    expect(
      state(opening, { type: 'connection.lost', connectionId: link(), failure: cause('CONNECTION_LOST') })
        ?.bound,
    ).toBe(false);
  });

  it.each<Fact>([
    { type: 'connection.closed', connectionId: link() },
    { type: 'clock.jumped', byMs: 1 },
    { type: 'command.noEffect', command: 'turn.interrupt' },
    { type: 'request.refused', requestId: R },
  ])('is touched by $type in its time only', (fact) => {
    const before = state();
    expect(state(fact)).toEqual({ ...before, row: { ...before?.row, updatedAt: 2 } });
  });

  it('is not there before the thread is created', () => {
    expect(folded({ type: 'thread.archived' }).state).toBeNull();
  });
});

describe('a turn', () => {
  const turn = (...facts: Fact[]) => folded(CREATED, ...facts).turns.get(A);

  it('starts by its facts', () => {
    expect(turn(began())).toMatchObject({ status: 'starting', begunAt: 2, startedAt: null, endedAt: null });
    const accepted: Fact = { type: 'turn.accepted', turnId: A, attempt: 1, nativeTurnId: 'n' };
    expect(turn(began(), accepted)).toMatchObject({ status: 'starting', nativeTurnId: 'n' });
    const started: Fact = { type: 'turn.started', turnId: A, attempt: 1, nativeTurnId: null };
    expect(turn(began(), accepted, started)).toMatchObject({
      status: 'running',
      nativeTurnId: 'n',
      startedAt: 4,
    });
  });

  it('runs from the first where the provider began it', () => {
    expect(turn(began(A, { origin: 'provider', side: true }))).toMatchObject({
      status: 'running',
      startedAt: 2,
      side: true,
    });
  });

  it('keeps the time of its first start in later attempts', () => {
    const started = (attempt: number): Fact => ({
      type: 'turn.started',
      turnId: A,
      attempt,
      nativeTurnId: null,
    });
    const after = turn(began(), started(1), { type: 'turn.attempted', turnId: A, attempt: 2 }, started(2));
    expect(after).toMatchObject({ attempt: 2, startedAt: 3 });
  });

  it('is no side turn any more when it is promoted', () => {
    expect(turn(began(A, { side: true }), { type: 'turn.promoted', turnId: A })?.side).toBe(false);
  });

  it('says who wants its end', () => {
    expect(turn(began(), { type: 'turn.interrupting', turnId: A, reason: 'user' })?.reason).toBe('user');
  });

  it.each(['completed', 'failed', 'interrupted', 'absorbed', 'unknown'] as const)('ends as %s', (outcome) => {
    const end = endOf({
      outcome,
      into: outcome === 'absorbed' ? B : null,
      failure: outcome === 'failed' ? cause('STALLED') : null,
    });
    expect(turn(began(), end)).toMatchObject({
      status: outcome,
      endedAt: 3,
      into: outcome === 'absorbed' ? B : null,
    });
  });

  it('that is not known changes nothing', () => {
    expect(folded(CREATED, endOf()).turns.size).toBe(0);
  });
});
