/** The adapter of Cursor's SDK on the tiny agent behind the SDK's surface, whole and spoilt. */
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cursorSdkDriver } from '../../adapters/cursor-sdk/index.ts';
import { until } from '../helpers/until.ts';
import { makeTinyWorld, spoiledBy } from '../helpers/tiny-world.ts';
import { ContractStage } from './contract-stage.ts';
import { describeProviderFaults } from './provider-faults.contract.ts';
import { describeProviderContract } from './provider.contract.ts';
import { fail, runAsking, say } from './provider-world.ts';

const AGENT = { driver: cursorSdkDriver, protocol: 'cursor-sdk', processPer: 'connection' } as const;
const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'tiny-agent');

/** The command of an instance is the folder of its SDK, which keeps agents in the home folder. */
async function makeWorld() {
  const world = await makeTinyWorld(AGENT);
  const { instance, workspace } = world;
  const env = { ...instance.env, HOME: join(dirname(workspace), 'user') };
  const command = join(FIXTURES, 'cursor-sdk');
  return { ...world, instance: { ...instance, command, env }, lacks: ['person'] } as const;
}

describeProviderContract(makeWorld);
describeProviderFaults(async () => spoiledBy(await makeWorld(), { method: 'future/news', params: {} }));

describe('what the SDK has no word for', () => {
  const stage = new ContractStage();
  beforeEach(async () => stage.set(await makeWorld()));
  afterEach(() => stage.clear());

  it('is our id of a prompt: handed over again, it is not run again, and its end is told', async () => {
    stage.world.script('once', [[say('once')], [say('twice')]]);
    stage.world.script('broken', [[fail('no-quota')], [say('mended')]]);
    const thread = await stage.openThread();
    for (const text of ['once', 'broken']) {
      const sent = await thread.start(text);
      const first = await thread.ended(sent);
      const { model, options, runtimeMode, interactionMode, policy, cwd } = thread.settings;
      stage.adapter.perform({
        type: 'turn.start',
        ...sent.key,
        nativeTurnId: null,
        prompt: { turnId: sent.key.turnId, text, attachments: [] },
        settings: { model, options, runtimeMode, interactionMode, policy, cwd },
        clientMessageId: sent.clientMessageId,
      });
      const { nativeTurnId, outcome } = first;
      const ends = () =>
        stage.harness
          .all(thread.threadId, 'provider.turnEnded')
          .filter((each) => each.nativeTurnId === nativeTurnId);
      await until(() => ends().length === 2);
      expect(ends()[1]).toMatchObject({ outcome });
    }
    expect(thread.items('assistant_message').map(({ text }) => text)).toEqual(['once']);
  });

  it('is another mode for a prompt: the agent is opened anew with its history', async () => {
    stage.world.script('one', [[say('answer one')]]);
    stage.world.script('two', [[runAsking('touch made.txt')], [say('done')]]);
    const thread = await stage.openThread();
    await thread.turn('one');
    thread.settings = { ...thread.settings, runtimeMode: 'full-access' };
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(await stage.exists(stage.inWorkspace('made.txt'))).toBe(true);
    expect(stage.world.shown('two')).toContain('answer one');
    expect(stage.harness.all(thread.threadId, 'connection.opened')).toHaveLength(1);
  });
});
