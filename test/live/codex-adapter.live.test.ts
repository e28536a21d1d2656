import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attachmentIdSchema } from '../../machines/domain/ids.ts';
import { requireAgent } from '../agents/agents.ts';
import { ContractStage } from '../contract/contract-stage.ts';
import { describeProviderContract } from '../contract/provider.contract.ts';
import { run, say, wait } from '../contract/provider-world.ts';
import { makeCodexWorld } from '../helpers/codex-world.ts';
import type { ModelledWorld } from '../helpers/scripted-model.ts';
import { until } from '../helpers/until.ts';

const binary = requireAgent('codex');
const WAIT = { timeoutMs: 60_000 };
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe.skipIf(binary === null)('the codex adapter', () => {
  describeProviderContract(() => makeCodexWorld(binary ?? ''));
});

describe.skipIf(binary === null)('what is special to codex', () => {
  const stage = new ContractStage();
  let world: ModelledWorld;

  beforeEach(async () => {
    world = await makeCodexWorld(binary ?? '');
    stage.set(world);
  });

  afterEach(async () => {
    await stage.clear();
    expect(stage.harness.defects).toEqual([]);
    expect(stage.harness.rows.size).toBe(0);
  });

  const modelOf = (prompt: string): unknown =>
    world.endpoint.requests.findLast(({ userText }) => userText.trim() === prompt)?.model;

  it('has models with their options, and commands', async () => {
    await stage.startProcess();
    const { report } = await stage.harness.awaitInstance('process.started');
    expect(report).toMatchObject({ version: '0.169.0', account: null, loginRequired: false });
    expect(report.models?.filter(({ isDefault }) => isDefault)).toHaveLength(1);
    expect(report.models?.[0]?.options['effort']).toContain('high');
    expect(report.commands?.length).toBeGreaterThan(0);
  });

  it('takes changed settings when a thread that is still loaded is resumed', async () => {
    world.script('strict', [[say('nothing done')]]);
    world.script('free', [[run('echo free > free.txt')], [say('done')]]);
    const thread = await stage.openThread({ runtimeMode: 'approval-required', model: 'gpt-5.4' });
    await thread.turn('strict');
    await thread.close();
    thread.settings = { ...thread.settings, runtimeMode: 'full-access', model: 'gpt-5.5' };
    expect(await thread.open()).toMatchObject({ model: 'gpt-5.5' });
    await thread.turn('free');
    expect(await readFile(stage.inWorkspace('free.txt'), 'utf8')).toBe('free\n');
    expect(stage.harness.all(thread.threadId, 'provider.requestOpened')).toEqual([]);
  });

  it('applies a mode that was changed between two turns', async () => {
    world.script('ask me', [[run('echo asked > asked.txt')], [say('asked')]]);
    world.script('just do it', [[run('echo done > done.txt')], [say('done')]]);
    const thread = await stage.openThread({ runtimeMode: 'approval-required' });
    const sent = await thread.start('ask me');
    thread.answer(await thread.request(), { decision: 'accept' });
    await thread.ended(sent);
    thread.settings = { ...thread.settings, runtimeMode: 'full-access' };
    await thread.turn('just do it');
    expect(stage.harness.all(thread.threadId, 'provider.requestOpened')).toHaveLength(1);
  });

  it('uses a model for one prompt, and the thread’s own for the next', async () => {
    for (const prompt of ['one', 'two', 'three']) world.script(prompt, [[say(prompt)]]);
    const thread = await stage.openThread();
    await thread.turn('one');
    await thread.turn('two', { model: 'gpt-5.4' });
    await thread.turn('three');
    expect(['one', 'two', 'three'].map(modelOf)).toEqual(['gpt-5.5', 'gpt-5.4', 'gpt-5.5']);
  });

  it('uses an effort for one prompt, and the model’s own for the next', async () => {
    for (const prompt of ['one', 'two', 'three']) world.script(prompt, [[say(prompt)]]);
    const thread = await stage.openThread();
    await thread.turn('one');
    await thread.turn('two', { options: { effort: 'high' } });
    await thread.turn('three');
    const efforts = world.endpoint.requests.map(({ raw }) => Reflect.get(Object(raw['reasoning']), 'effort'));
    expect(efforts).toEqual(['medium', 'high', 'medium']);
  });

  it('plans in plan mode, and leaves it', async () => {
    world.script('plan', [[say('So:\n<proposed_plan>\n1. one\n</proposed_plan>\n')]]);
    world.script('do', [[say('done')]]);
    const thread = await stage.openThread({ interactionMode: 'plan' });
    await thread.turn('plan');
    expect(thread.items('plan')).toMatchObject([{ text: '1. one\n', status: 'completed' }]);
    thread.settings = { ...thread.settings, interactionMode: 'default' };
    await thread.turn('do');
    expect(world.shown('do').lastIndexOf('Collaboration Mode: Default')).toBeGreaterThan(
      world.shown('do').lastIndexOf('Plan Mode (Conversational)'),
    );
  });

  it('shows an image to the model', async () => {
    world.script('look', [[say('a dot')]]);
    const thread = await stage.openThread();
    const path = stage.inWorkspace('dot.png');
    await writeFile(path, Buffer.from(PIXEL, 'base64'));
    const attachmentId = attachmentIdSchema.parse('image-1');
    stage.harness.attachments.set(attachmentId, path);
    await thread.turn('look', { attachments: [attachmentId] });
    expect(world.shown('look')).toContain('input_image');
    expect(thread.items('user_message')).toEqual([]);
  });

  it('reports the running turn for a prompt that codex folds into it', async () => {
    world.script('first', [[say('first '), wait('never')]]);
    world.script('second', [[say('both')]]);
    const thread = await stage.openThread();
    const first = await thread.start('first');
    await until(() => thread.streamed() !== '', WAIT);
    const second = thread.send('second');
    const accepted = await stage.harness.awaitReport(
      thread.threadId,
      'provider.turnAccepted',
      ({ turnId }) => turnId === second.key.turnId,
    );
    expect(accepted.nativeTurnId).toBe(first.key.nativeTurnId);
    expect(await thread.ended(first)).toMatchObject({ outcome: 'completed' });
  });
});
