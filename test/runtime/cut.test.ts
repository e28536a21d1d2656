/** Text that a provider throws away: the open messages of its turn are interrupted where they stand. */
import { expect, test } from 'vitest';
import { itemIdOf } from '../../machines/domain/ids.ts';
import type { ItemBody } from '../../machines/domain/item.ts';
import { makeServer } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const connectionId = 't1#1' as never;
const agentId = itemIdOf('t', 'agent');

async function startTurn(deliveryMode: 'streaming' | 'buffered' = 'streaming') {
  const run = await makeServer({ deltaWindowMs: 25 }).start();
  await run.create({ deliveryMode });
  await run.submit('wait');
  return run;
}

const nativeTurnIdOf = (run: RuntimeRun): string => run.snapshot().turn?.nativeTurnId ?? '';
const placeIn = (run: RuntimeRun) => ({
  connectionId,
  turnId: null,
  attempt: 0,
  nativeTurnId: nativeTurnIdOf(run),
});

/** `child` is what a sub-agent says. */
function begin(run: RuntimeRun, name: string, body: ItemBody) {
  const itemId = itemIdOf('t', name);
  const parent = name === 'child' ? { parentItemId: agentId } : {};
  const item = { itemId, body, text: '', status: 'open', ...parent } as const;
  run.provider.report('t1', { type: 'provider.itemStarted', ...placeIn(run), item });
  run.provider.report('t1', { type: 'provider.itemDelta', connectionId, itemId, text: `${name} so far` });
}

function cut(run: RuntimeRun, more: object = {}): void {
  const place = { ...placeIn(run), parentItemId: null, ...more };
  run.provider.report('t1', { type: 'provider.textCut', ...place });
  run.settle();
}

const itemsOf = (run: RuntimeRun) =>
  Object.fromEntries(
    run
      .snapshot()
      .items.filter(({ text }) => text.endsWith('so far'))
      .map(({ text, status }) => [text.split(' ')[0], status]),
  );

test('what was being said is interrupted with its text, and what is being done goes on', async () => {
  const run = await startTurn();
  begin(run, 'message', { kind: 'assistant_message' });
  begin(run, 'thought', { kind: 'reasoning' });
  begin(run, 'plan', { kind: 'plan' });
  begin(run, 'command', { kind: 'command', command: 'ls' });
  begin(run, 'child', { kind: 'assistant_message' });
  cut(run);
  expect(itemsOf(run)).toEqual({
    message: 'interrupted',
    thought: 'interrupted',
    plan: 'interrupted',
    command: 'open',
    child: 'open',
  });
});

test("a sub-agent's text is cut for itself", async () => {
  const run = await startTurn();
  begin(run, 'message', { kind: 'assistant_message' });
  begin(run, 'child', { kind: 'assistant_message' });
  cut(run, { parentItemId: agentId });
  expect(itemsOf(run)).toEqual({ message: 'open', child: 'interrupted' });
});

test('a buffered thread shows what was held of it', async () => {
  const run = await startTurn('buffered');
  begin(run, 'message', { kind: 'assistant_message' });
  cut(run);
  expect(itemsOf(run)).toEqual({ message: 'interrupted' });
});

test('of a turn that nobody knows it changes nothing', async () => {
  const run = await startTurn();
  begin(run, 'message', { kind: 'assistant_message' });
  cut(run, { nativeTurnId: 'nobody' });
  cut(run, { nativeTurnId: null });
  expect(itemsOf(run)).toEqual({ message: 'open' });
});
