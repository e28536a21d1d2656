/** What the crash suite is to see of threads that branch: each fault that is seeded here makes it fail. */
import { expect, test } from 'vitest';
import type {
  BuildTransfer,
  CheckpointEffect,
  OpenConnection,
  ProviderEffect,
} from '../../machines/domain/effect.ts';
import { Checkpoints } from '../../server/runtime/checkpoints.ts';
import { ThreadWorktrees } from '../../server/runtime/thread-worktrees.ts';
import { Transfers } from '../../server/runtime/transfers.ts';
import { WorktreeSetup } from '../../server/runtime/worktree-setup.ts';
import { sabotage } from '../helpers/sabotage.ts';
import { World } from '../helpers/scripted-world.ts';
import { BRANCHING, IN_REPOSITORY } from './branching-scenarios.ts';
import { MemoryCrashStore } from './memory-crash-store.ts';
import { playPoints } from './play-points.ts';

/** What has been asked for in the run that is played. */
const asked = new Set<string>();
/** Asked for once more, as after a crash. */
const isAgain = (what: string): boolean => asked.has(what) || !asked.add(what);

function makeStore(): MemoryCrashStore {
  asked.clear();
  return new MemoryCrashStore();
}

async function play(name: string): Promise<void> {
  const scenario = [...BRANCHING, ...IN_REPOSITORY].find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  await playPoints(makeStore, scenario, { played: { pointCount: 0 } });
}

test('sees a rollback that does not go on after a restart', async () => {
  sabotage(Checkpoints, 'perform', (_, given, perform) => {
    const effect = given[1] as CheckpointEffect;
    if (effect.type !== 'checkpoint.restore' || !isAgain(effect.rollbackId)) perform(...given);
  });
  await expect(play('a rollback by the provider')).rejects.toThrow(/a rollback|the next prompt of t1/);
});

test('sees a rollback of files only', async () => {
  sabotage(World, 'conversationOf', (_, [effect], open) =>
    open({ ...(effect as OpenConnection), rollback: undefined }),
  );
  await expect(play('a rollback by the provider')).rejects.toThrow(
    'knows of second wait, which was taken back',
  );
});

test('sees a fork that begins anew when it is opened once more', async () => {
  sabotage(World, 'conversationOf', (_, [given], open) => {
    const effect = given as OpenConnection;
    const isForked = effect.fork !== undefined && isAgain(effect.threadId);
    return open(isForked ? { ...effect, fork: undefined } : effect);
  });
  const name = 'a fork by the provider, at an earlier turn, and what it brings back';
  await expect(play(name)).rejects.toThrow('the agent of f1 does not know of first');
});

const FORKS_AND_SWITCHES = 'two forks by transfer that bring back what they have, together with a switch';

test('sees a transfer that is not built by the next run', async () => {
  sabotage(Transfers, 'build', (_, given, build) => {
    const { transfer } = given[0] as BuildTransfer;
    if (!isAgain(transfer.transferId)) build(...given);
  });
  await expect(play(FORKS_AND_SWITCHES)).rejects.toThrow(/does not know of|leaves it starting/);
});

/** With every prompt goes what went with an earlier one. */
function carryAgain(kind: string): void {
  const carried = new Map<string, ProviderEffect & { readonly type: 'turn.start' }>();
  sabotage(Transfers, 'carry', (_, given, carry) => {
    const [threadId, effect] = given as [string, ProviderEffect];
    const whole = carry(...given) as ProviderEffect;
    if (whole.type !== 'turn.start' || effect.type !== 'turn.start') return whole;
    const before = carried.get(threadId)?.prompt.text.match(new RegExp(kind, 's'))?.[0] ?? '';
    if (whole.prompt.text !== effect.prompt.text) carried.set(threadId, whole);
    return { ...whole, prompt: { ...whole.prompt, text: `${before}\n\n${whole.prompt.text}` } };
  });
}

test('sees what was brought back, or carried in a switch, and is told twice', async () => {
  carryAgain('<carried_context>.*?</carried_context>');
  await expect(play(FORKS_AND_SWITCHES)).rejects.toThrow('a conversation was told twice');
});

test('sees what was brought back and is not told', async () => {
  sabotage(Transfers, 'carry', (_, [, effect]) => effect);
  const name = 'a fork by the provider, at an earlier turn, and what it brings back';
  await expect(play(name)).rejects.toThrow('the agent of t1 does not know of aside');
});

test('sees a working tree that is not set up once more', async () => {
  sabotage(WorktreeSetup, 'run', (_, given, run) => (isAgain('setup') ? Promise.resolve() : run(...given)));
  await expect(play('a working tree that is made and set up')).rejects.toThrow(/is not set up/);
});

test('sees the working tree of a deleted thread that nobody removes after a restart', async () => {
  sabotage(ThreadWorktrees, 'removeLeft', () => Promise.resolve());
  const name = 'a working tree that goes with its thread';
  await expect(play(name)).rejects.toThrow('deleted threads have left a working tree: t1');
});
