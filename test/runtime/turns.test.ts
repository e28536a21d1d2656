import { expect, test } from 'vitest';
import { startThread } from '../helpers/server-runs.ts';

test('a prompt streams, completes and is found again after a restart', async () => {
  const { server, run } = await startThread();
  await run.submit('hello');
  expect(run.status).toBe('ready');
  await run.submit('ask done');
  expect(run.status).toBe('running');
  const [request] = run.snapshot().requests;
  await run.do({ type: 'request.respond', requestId: request!.requestId, decision: 'accept' });
  expect(run.status).toBe('ready');
  await run.submit('open long wait');
  server.check();
  const next = await server.crash();
  expect(next.status).toBe('stopped');
  expect(next.snapshot().turn).toMatchObject({ status: 'interrupted', reason: 'server-restarted' });
  await next.submit('more');
  expect(next.status).toBe('ready');
});
