/** A conversation that begins with the history of another. */
import { expect } from 'vitest';
import { ProviderThread } from '../helpers/provider-thread.ts';
import type { ContractStage } from './contract-stage.ts';
import { say } from './provider-world.ts';

export async function forks(stage: ContractStage): Promise<void> {
  const thread = await startOriginal(stage);
  const fork = forkOf(stage, thread, null);
  expect(await fork.open()).toMatchObject({ resumed: false });
  expect(fork.nativeThreadId).not.toBe(thread.nativeThreadId);
  expect(await fork.turn('aside')).toMatchObject({ outcome: 'completed' });
  expect(stage.world.shown('aside')).toMatch(/answer one.*answer two/);
  await thread.turn('three');
  expect(stage.world.shown('three')).toContain('answer two');
  expect(stage.world.shown('three')).not.toContain('answer aside');
  await stage.restart();
  const resumed = new ProviderThread(stage.adapter, stage.harness, fork.settings);
  resumed.nativeThreadId = fork.nativeThreadId;
  expect(await resumed.open()).toMatchObject({ resumed: true });
  await resumed.turn('again');
  expect(stage.world.shown('again')).toMatch(/answer two.*answer aside/);
  expect(stage.world.shown('again')).not.toContain('answer three');
  await failsToFork(stage, '0199a0a0-0000-7000-8000-000000000000', 'RESUME_FAILED');
}

export async function forksAtTurn(stage: ContractStage): Promise<void> {
  const thread = await startOriginal(stage);
  const [first] = stage.harness.all(thread.threadId, 'provider.turnEnded');
  await stage.restart();
  const fork = forkOf(stage, thread, first?.nativeTurnId ?? null);
  await fork.open();
  await fork.turn('aside');
  expect(stage.world.shown('aside')).toContain('answer one');
  expect(stage.world.shown('aside')).not.toContain('answer two');
}

/** It must not begin with nothing instead. */
export async function refusesToFork(stage: ContractStage): Promise<void> {
  const thread = await startOriginal(stage);
  await failsToFork(stage, thread.nativeThreadId ?? '', 'CAPABILITY_UNSUPPORTED');
}

/** It must not take more of the history than it was asked for. */
export async function refusesToForkAtTurn(stage: ContractStage): Promise<void> {
  const thread = await startOriginal(stage);
  const [first] = stage.harness.all(thread.threadId, 'provider.turnEnded');
  const fork = forkOf(stage, thread, first?.nativeTurnId ?? null);
  fork.askToOpen();
  const { failure } = await stage.harness.awaitReport(fork.threadId, 'connection.openFailed');
  expect(failure).toMatchObject({ code: 'CAPABILITY_UNSUPPORTED' });
}

async function failsToFork(stage: ContractStage, nativeThreadId: string, code: string): Promise<void> {
  const fork = stage.newThread();
  fork.fork = { nativeThreadId, nativeTurnId: null };
  fork.askToOpen();
  const { failure } = await stage.harness.awaitReport(fork.threadId, 'connection.openFailed');
  expect(failure).toMatchObject({ code, retryable: false });
}

/** With two turns. */
async function startOriginal(stage: ContractStage): Promise<ProviderThread> {
  for (const prompt of ['one', 'two', 'three', 'aside', 'again'])
    stage.world.script(prompt, [[say(`answer ${prompt}`)]]);
  const thread = await stage.openThread({ runtimeMode: 'auto-accept-edits' });
  await thread.turn('one');
  await thread.turn('two');
  return thread;
}

function forkOf(
  stage: ContractStage,
  { nativeThreadId, settings }: ProviderThread,
  nativeTurnId: string | null,
): ProviderThread {
  const fork = stage.newThread(settings);
  fork.fork = { nativeThreadId: nativeThreadId ?? '', nativeTurnId };
  return fork;
}
