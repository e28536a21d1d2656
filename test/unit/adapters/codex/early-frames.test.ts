import { expect, test } from 'vitest';
import { fakeCodex, line, type FakeScript } from '../../../helpers/fake-codex.ts';
import type { ProviderThread } from '../../../helpers/provider-thread.ts';

const onTurn = (method: string, turnId: string, more: object = {}): string =>
  line({ method, params: { threadId: 'n', turn: { id: turnId, status: 'inProgress', ...more } } });
const started = (turnId: string): string => onTurn('turn/started', turnId);
const completed = (turnId: string): string => onTurn('turn/completed', turnId, { status: 'completed' });
const ANSWER = '{"id":$ID,"result":{"turn":{"id":"T"}}}\n';
const REFUSAL = '{"id":$ID,"error":{"code":-32600,"message":"not now"}}\n';

async function open(script: FakeScript): Promise<ProviderThread> {
  const codex = fakeCodex(script);
  return codex.open();
}

/** What is told of turns, in order: the type and the turn of codex. */
const told = ({ harness, threadId }: ProviderThread): unknown[] =>
  harness.reports
    .filter((each) => each.threadId === threadId)
    .flatMap(({ input }) => ('nativeTurnId' in input ? [[input.type, input.nativeTurnId]] : []));

test('a turn that begins before its prompt is answered is told of after the answer', async () => {
  const thread = await open({ 'turn/start': [{ raw: [started('T'), completed('T'), ANSWER] }] });
  thread.send('hello');
  await thread.harness.awaitReport(thread.threadId, 'provider.turnEnded');
  expect(told(thread)).toEqual([
    ['provider.turnAccepted', 'T'],
    ['provider.turnStarted', 'T'],
    ['provider.turnEnded', 'T'],
  ]);
});

test('what was held back is told of when the prompt is refused', async () => {
  const thread = await open({ 'turn/start': [{ raw: [started('G'), REFUSAL, completed('G')] }] });
  thread.send('hello');
  await thread.harness.awaitReport(thread.threadId, 'provider.turnEnded');
  expect(told(thread)).toEqual([
    ['provider.turnRefused', null],
    ['provider.turnStarted', 'G'],
    ['provider.turnEnded', 'G'],
  ]);
});

test('a turn of its own that runs already is not held back by a prompt', async () => {
  const thread = await open({ 'turn/start': [{ raw: [completed('G'), started('T'), ANSWER] }] });
  thread.send('hello');
  await thread.harness.awaitReport(thread.threadId, 'provider.turnStarted');
  expect(told(thread)).toEqual([
    ['provider.turnEnded', 'G'],
    ['provider.turnAccepted', 'T'],
    ['provider.turnStarted', 'T'],
  ]);
});

test('what is held back is bounded: an answer that does not come is not waited for with ever more', async () => {
  const flood = Array.from({ length: 1_000 }, () => completed('other')).join('');
  const thread = await open({ 'turn/start': [{ raw: [started('T') + flood] }] });
  thread.send('hello');
  await thread.harness.awaitReport(thread.threadId, 'provider.turnStarted');
  expect(told(thread)[0]).toEqual(['provider.turnStarted', 'T']);
});
