/** The ways in which agents differ, played by a fake: each cell of their table that an adapter can see. */
import { afterEach, describe, expect, it } from 'vitest';
import { FakeAcp, type FakeScript } from '../../../helpers/fake-acp.ts';
import type { ProviderThread, SentTurn } from '../../../helpers/provider-thread.ts';
import { until } from '../../../helpers/until.ts';
import { ROWS, type Row } from './conformance-rows.ts';

let fake: FakeAcp | null = null;

async function make(script: FakeScript): Promise<FakeAcp> {
  fake = await FakeAcp.make(script);
  return fake;
}

afterEach(async () => {
  await fake?.dispose();
  expect(fake?.harness.defects).toEqual([]);
  expect(fake?.harness.rows.size).toBe(0);
  fake = null;
});

async function act(thread: ProviderThread, sent: SentTurn, user: NonNullable<Row['user']>): Promise<void> {
  if (user === 'interrupt') {
    await until(() => thread.streamed().includes('so far'));
    return thread.interrupt(sent);
  }
  const request = await thread.request();
  if (user === 'interrupt-ask') thread.interrupt(sent);
  else thread.answer(request, { decision: user });
  await thread.resolved(request.requestId);
}

function itemsOf({ harness, threadId }: ProviderThread): string[] {
  const latest = new Map<string, string>();
  for (const { input } of harness.reports.filter((each) => each.threadId === threadId)) {
    if (!('item' in input) || input.item.body.kind === 'error') continue;
    const { itemId, body, status, text } = input.item;
    latest.set(itemId, `${body.kind} ${status} ${text}`);
  }
  return [...latest.values()];
}

describe('agents that speak ACP', () => {
  it.each(ROWS)('$agent: $does', async ({ steps, user, outcome, code, items, answers }) => {
    const agent = await make({ 'session/prompt': [steps, [{ result: { stopReason: 'end_turn' } }]] });
    const thread = await agent.open();
    const sent = await thread.start('go');
    if (user !== undefined) await act(thread, sent, user);
    const ended = await thread.ended(sent);
    expect([ended.outcome, ended.failure?.code]).toEqual([outcome, code]);
    if (items !== undefined) expect(itemsOf(thread)).toEqual(items);
    expect(agent.answers).toEqual(answers ?? []);
    // whatever it was, the next prompt is answered
    expect(await thread.turn('next')).toMatchObject({ outcome: 'completed' });
  });
});
