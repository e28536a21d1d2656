/** A conversation whose newest turns are taken out. */
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { ProviderThread } from '../helpers/provider-thread.ts';
import type { ContractStage } from './contract-stage.ts';
import { say } from './provider-world.ts';

export const rollsBack = (stage: ContractStage): Promise<void> =>
  takesOut(stage, stage.adapter.capabilities.rollback === 'files');

/** Also where the adapter could put the files back. */
export const rollsBackTurnsOnly = (stage: ContractStage): Promise<void> => takesOut(stage, false);

async function takesOut(stage: ContractStage, files: boolean): Promise<void> {
  const path = stage.inWorkspace('two.txt');
  const thread = await startOriginal(stage, path);
  expect(existsSync(path)).toBe(true);
  const [first] = stage.harness.all(thread.threadId, 'provider.turnEnded');
  const back = await again(stage, thread);
  back.rollback = { nativeTurnId: first?.nativeTurnId ?? '', files };
  expect(await back.open()).toMatchObject({ resumed: true });
  expect(existsSync(path)).toBe(!files);
  await back.turn('three');
  expect(stage.world.shown('three')).toContain('answer one');
  expect(stage.world.shown('three')).not.toContain('answer two');
  const later = await again(stage, back);
  expect(await later.open()).toMatchObject({ resumed: true });
  await later.turn('again');
  expect(stage.world.shown('again')).toMatch(/answer one.*answer three/);
  expect(stage.world.shown('again')).not.toContain('answer two');
  await failsToRollBack(stage, thread, 'RESUME_FAILED');
}

/** It must not go on with all of it instead. */
export async function refusesToRollBack(stage: ContractStage): Promise<void> {
  const thread = await startOriginal(stage, stage.inWorkspace('two.txt'));
  await failsToRollBack(stage, thread, 'CAPABILITY_UNSUPPORTED');
}

async function failsToRollBack(stage: ContractStage, thread: ProviderThread, code: string): Promise<void> {
  const back = await again(stage, thread);
  back.rollback = { nativeTurnId: '0199a0a0-0000-7000-8000-000000000000', files: false };
  back.askToOpen();
  const { failure } = await stage.harness.awaitReport(back.threadId, 'connection.openFailed');
  expect(failure).toMatchObject({ code, retryable: false });
}

/** With two turns; the second makes a file. */
async function startOriginal(stage: ContractStage, path: string): Promise<ProviderThread> {
  for (const prompt of ['one', 'three', 'again']) stage.world.script(prompt, [[say(`answer ${prompt}`)]]);
  stage.world.script('two', [[{ do: 'write', path, content: 'two\n' }], [say('answer two')]]);
  const thread = await stage.openThread({ runtimeMode: 'auto-accept-edits' });
  await thread.turn('one');
  await thread.turn('two');
  return thread;
}

async function again(stage: ContractStage, { settings, nativeThreadId }: ProviderThread) {
  await stage.restart();
  const thread = new ProviderThread(stage.adapter, stage.harness, settings);
  thread.nativeThreadId = nativeThreadId;
  return thread;
}
