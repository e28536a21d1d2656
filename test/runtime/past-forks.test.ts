/** What a fork has inherited, at earlier moments. */
import { expect, onTestFinished, test } from 'vitest';
import { RuntimeError } from '../../machines/domain/error.ts';
import { itemIdOf } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemDraft } from '../../machines/domain/item.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';
import { THREAD, type RuntimeRun } from '../helpers/start-runtime.ts';

const PAGE = { before: null, limit: 200, contexts: false };
const F1 = threadId('f1');
const F2 = threadId('f2');

function tell(
  run: RuntimeRun,
  type: 'provider.itemStarted' | 'provider.itemCompleted',
  more: Partial<ItemDraft>,
) {
  const { connectionId } = run.provider.session(run.provider.connectionIds[0]!);
  const item: ItemDraft = {
    itemId: itemIdOf('native', 'server'),
    body: { kind: 'command', command: 'serve' },
    text: '',
    status: 'open',
    ...more,
  };
  run.provider.report('t1', { type, connectionId, ...byNative('turn2'), item });
  run.settle();
}

/** A fork of a fork, of a thread whose command runs on. */
async function startForks(): Promise<RuntimeRun> {
  const { run } = await startThread();
  await run.submit('wait');
  tell(run, 'provider.itemStarted', {});
  run.provider.session(run.provider.connectionIds[0]!).goOn();
  run.settle();
  await run.do({ type: 'thread.fork', newThreadId: F1 });
  await run.submit('mine', { threadId: F1 });
  await run.do({ type: 'thread.fork', threadId: F1, newThreadId: F2 });
  return run;
}

const rename = (run: RuntimeRun, title: string) => run.do({ type: 'thread.setTitle', threadId: F2, title });

test('what a fork has inherited is shown as it was, and not what became of it', async () => {
  const run = await startForks();
  const { sequence } = await rename(run, 'then');
  const { items } = run.snapshot(F2);
  tell(run, 'provider.itemCompleted', { text: 'it served', status: 'completed' });
  await rename(run, 'later');
  expect(run.snapshot(F2).items).not.toEqual(items);
  const past = await run.runtime.past.stateAt(F2, sequence, PAGE);
  expect(past.snapshot.items).toEqual(items);
  const before = items.at(-1)?.ordinal ?? 0;
  const page = await run.runtime.past.stateAt(F2, sequence, { ...PAGE, before, limit: 2 });
  expect(page.snapshot.items).toEqual(items.slice(-3, -1));
});

test('nothing is looked at that a page does not show', async () => {
  const run = await startForks();
  const { sequence } = await run.submit('last', { threadId: F2 });
  await rename(run, 'later');
  await run.runtime.past.stateAt(F2, sequence, { ...PAGE, limit: 1 });
  expect(run.runtime.past.size).toBe(1);
});

test('where the journal that it has inherited from is damaged, that is shown as it is', async () => {
  const run = await startForks();
  const { sequence } = await rename(run, 'then');
  const { items } = run.snapshot(F2);
  await rename(run, 'later');
  const readThread = run.journal.readThread.bind(run.journal);
  run.journal.readThread = (id, ...more) => {
    if (id === THREAD) throw new RuntimeError('STORE_CORRUPT', 'an entry is damaged');
    return readThread(id, ...more);
  };
  onTestFinished(() => void (run.journal.readThread = readThread));
  const past = await run.runtime.past.stateAt(F2, sequence, PAGE);
  expect(past.snapshot.items).toEqual(items);
});
