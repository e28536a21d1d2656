/** What a provider lacks is refused by its name, and what its handshake refines counts. */
import { expect, test } from 'vitest';
import { SCRIPTED_CAPABILITIES } from '../helpers/scripted-provider.ts';
import { makeServer, startThread } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const lacking = (run: RuntimeRun, command: Record<string, unknown>, capability: string): Promise<void> =>
  expect(run.do(command)).rejects.toMatchObject({ code: 'CAPABILITY_UNSUPPORTED', details: { capability } });

test('another model is taken before the conversation has begun, and refused afterwards where it cannot be', async () => {
  const { run } = await startThread({ capabilities: { ...SCRIPTED_CAPABILITIES, modelSwitch: false } });
  await run.do({ type: 'thread.setModel', model: 'first' });
  await run.submit('one');
  await lacking(run, { type: 'thread.setModel', model: 'second' }, 'modelSwitch');
  await lacking(run, { type: 'thread.setModel', model: null }, 'modelSwitch');
  await lacking(run, { type: 'turn.submit', text: 'two', model: 'second' }, 'modelSwitch');
  await run.do({ type: 'thread.setModel', model: 'first', options: { effort: 'high' } });
  await run.submit('two', { model: 'first' });
  expect(run.status).toBe('ready');
});

test('another model counts from the next turn where it can be', async () => {
  const { run } = await startThread();
  await run.submit('one');
  await run.do({ type: 'thread.setModel', model: 'second' });
  await run.submit('two');
  const starts = run.world.performed.flatMap((effect) =>
    effect.type === 'turn.start' ? [effect.settings.model] : [],
  );
  expect(starts).toEqual([null, 'second']);
});

test('plan mode is refused where there is none, at the beginning and later', async () => {
  const run = await makeServer({ capabilities: { ...SCRIPTED_CAPABILITIES, planMode: false } }).start();
  const create = { type: 'thread.create', cwd: '/work', instanceId: 'scripted' };
  await lacking(run, { ...create, interactionMode: 'plan' }, 'planMode');
  await run.create();
  await lacking(run, { type: 'thread.setInteractionMode', interactionMode: 'plan' }, 'planMode');
  await run.do({ type: 'thread.setInteractionMode', interactionMode: 'default' });
});

test('what the handshake says of an instance is listed, and counts for its new threads', async () => {
  const { run } = await startThread();
  await run.submit('one');
  const models = [{ id: 'big', name: 'Big', isDefault: true, options: { effort: ['low', 'high'] } }];
  const capabilities = { ...SCRIPTED_CAPABILITIES, planMode: false };
  run.provider.reportInstance({ type: 'instance.reported', report: { models, capabilities } });
  run.settle();
  expect(run.runtime.reads.instances()).toMatchObject([{ models, capabilities }]);
  const create = { type: 'thread.create', cwd: '/work', instanceId: 'scripted', threadId: 't2' };
  await lacking(run, { ...create, interactionMode: 'plan' }, 'planMode');
});
