import { expect, test } from 'vitest';
import { itemIdOf } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemBody } from '../../machines/domain/item.ts';
import { DEADLINES_MS } from '../../machines/domain/timer.ts';
import { startThread } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

/** The provider says something that belongs to no turn. */
function say(run: RuntimeRun, body: ItemBody): void {
  const [connectionId] = run.provider?.connectionIds ?? [];
  if (connectionId === undefined) throw new Error('no session is open');
  const item = { itemId: itemIdOf('none', body.kind), body, text: 'x', status: 'completed' } as const;
  run.provider
    ?.session(connectionId)
    .say({ type: 'provider.itemCompleted', connectionId, ...byNative(null), item });
  run.settle();
}

const RETRYING: ItemBody = { kind: 'notice', tone: 'error', topic: 'provider.retrying' };

test.each([
  ['an item puts off', { kind: 'reasoning' } as const, 'running'],
  ['a notice of a retry does not put off', RETRYING, 'error'],
])('%s the deadline of a silent turn', async (_, body, status) => {
  const { run } = await startThread();
  await run.submit('silent');
  run.pass(DEADLINES_MS.stall - 1000);
  say(run, body);
  run.pass(2000);
  run.pass(DEADLINES_MS.interrupt);
  expect(run.status).toBe(status);
});
