/** How a conversation is opened, let go and found again. */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { TurnKey } from '../../machines/domain/effect.ts';
import { turnIdSchema, type TurnId } from '../../machines/domain/ids.ts';
import { ProviderThread, type SentTurn } from '../helpers/provider-thread.ts';
import { until } from '../helpers/until.ts';
import type { ContractStage } from './contract-stage.ts';
import { fail, run, say, wait } from './provider-world.ts';

const WAIT = { timeoutMs: 60_000 };

export function describeConnections(stage: ContractStage): void {
  describe('connections', () => {
    it('closes and opens again on the same process', async ({ skip }) => {
      stage.needs('memory', skip);
      stage.world.script('one', [[say('answer one')]]);
      stage.world.script('two', [[say('answer two')]]);
      const thread = await stage.openThread();
      await thread.turn('one');
      await thread.close();
      expect(await thread.open()).toMatchObject({ resumed: true, nativeThreadId: thread.nativeThreadId });
      await thread.turn('two');
      expect(stage.world.shown('two')).toContain('answer one');
    });

    it('resumes in a new process with the conversation and the settings', async ({ skip }) => {
      stage.needs('memory', skip);
      stage.world.script('one', [[say('answer one')]]);
      stage.world.script('two', [[run('echo inside > kept.txt')], [say('answer two')]]);
      const thread = await stage.openThread();
      await thread.turn('one');
      await stage.restart();
      const resumed = new ProviderThread(stage.adapter, stage.harness, thread.settings);
      resumed.nativeThreadId = thread.nativeThreadId;
      await resumed.open();
      expect(await resumed.turn('two')).toMatchObject({ outcome: 'completed' });
      expect(stage.world.shown('two')).toContain('answer one');
      expect(await readFile(stage.inWorkspace('kept.txt'), 'utf8')).toBe('inside\n');
    });

    it('says that it cannot resume what is not known', async () => {
      await stage.startProcess();
      const thread = stage.newThread();
      thread.nativeThreadId = '0199a0a0-0000-7000-8000-000000000000';
      thread.askToOpen();
      const { failure } = await stage.harness.awaitReport(thread.threadId, 'connection.openFailed');
      expect(failure).toMatchObject({ code: 'RESUME_FAILED', retryable: false });
    });

    it('keeps to a policy in a session as it does in a new one, or says that it cannot', async () => {
      stage.world.script('one', [[say('answer one')]]);
      const thread = await stage.openThread();
      const policy = { network: false };
      const strict = stage.newThread({ policy });
      strict.askToOpen();
      const { reports } = stage.harness;
      const isOfOpening = ({ threadId, input: { type } }: (typeof reports)[number]): boolean =>
        threadId === strict.threadId && (type === 'connection.opened' || type === 'connection.openFailed');
      const opening = await until(() => reports.find(isOfOpening), WAIT);
      thread.settings = { ...thread.settings, policy };
      if (opening.input.type === 'connection.opened') {
        expect(await thread.turn('one')).toMatchObject({ outcome: 'completed' });
        return;
      }
      expect(opening.input).toMatchObject({ failure: { code: 'SETTINGS_NOT_APPLIED' } });
      thread.send('one');
      const { failure } = await stage.harness.awaitReport(thread.threadId, 'provider.turnRefused');
      expect(failure).toMatchObject({ code: 'SETTINGS_NOT_APPLIED' });
    });

    it('ends the command of a turn that it interrupted just before', async ({ skip }) => {
      stage.needs('processes', skip);
      const command = `sleep 300.${randomInt(1e9)}`;
      stage.world.script('endless', [[run(command)], [say('never')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('endless');
      await thread.started('command');
      await until(() => stage.isRunning(command), WAIT);
      thread.interrupt(sent);
      await thread.close();
      await until(async () => !(await stage.isRunning(command)), { describe: 'the end of the command' });
    });

    it('opens again at once after an interrupt and a close, and folds nothing', async ({ skip }) => {
      stage.needs('memory', skip);
      stage.world.script('long', [[say('so far '), { do: 'hang' }]]);
      stage.world.script('fresh', [[say('fresh')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('long');
      await until(() => thread.streamed() !== '', WAIT);
      thread.interrupt(sent);
      await thread.close();
      await thread.open();
      const ended = await thread.turn('fresh');
      expect(ended.outcome).toBe('completed');
      expect(ended.nativeTurnId).not.toBe(sent.key.nativeTurnId);
    });

    it('says nothing more of a connection that was killed, and ends what ran on it', async ({ skip }) => {
      stage.needs('processes', skip);
      const command = `sleep 300.${randomInt(1e9)}`;
      stage.world.script('endless', [[run(command)], [say('never')]]);
      stage.world.script('fresh', [[say('fresh')]]);
      const thread = await stage.openThread();
      await thread.start('endless');
      await thread.started('command');
      await until(() => stage.isRunning(command), WAIT);
      thread.kill();
      const { length } = stage.harness.reports;
      await thread.open();
      expect(stage.harness.reports[length]?.input.type).toBe('connection.opened');
      await until(async () => !(await stage.isRunning(command)), { describe: 'the end of the command' });
      expect(await thread.turn('fresh')).toMatchObject({ outcome: 'completed' });
    });

    it('closes a connection that is still being opened, or that it does not know', async () => {
      await stage.startProcess();
      const thread = stage.newThread();
      thread.askToOpen();
      await thread.close();
      await thread.close();
      expect(stage.harness.all(thread.threadId, 'connection.opened')).toEqual([]);
      await thread.open();
    });

    it('says no to prompts on a connection that is gone', async () => {
      const thread = await stage.openThread();
      await thread.close();
      const sent = thread.send('anybody there');
      const refused = await stage.harness.awaitReport(thread.threadId, 'provider.turnRefused');
      expect(refused).toMatchObject({ turnId: sent.key.turnId, failure: { code: 'CONNECTION_LOST' } });
      await thread.settle(sent, 'failed');
    });

    it('hears nothing while it is paused, and all of it afterwards', async () => {
      stage.world.script('hello', [[say('Hello '), wait('paused'), say('there')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('hello');
      await until(() => thread.streamed() === 'Hello ', WAIT);
      stage.adapter.setPaused(true);
      stage.world.gate('paused').release();
      const { length } = stage.harness.reports;
      const other = stage.newThread();
      other.askToOpen();
      expect(stage.harness.reports).toHaveLength(length);
      stage.adapter.setPaused(false);
      await thread.ended(sent);
      expect(thread.streamed()).toBe('Hello there');
    });
  });

  describe('look-up after a restart', () => {
    const look = async (
      thread: ProviderThread,
      sent: Pick<SentTurn, 'clientMessageId'> & { readonly key: Pick<TurnKey, 'turnId'> },
      nativeThreadId = thread.nativeThreadId,
    ) => {
      const { threadId } = thread;
      const { clientMessageId, key } = sent;
      const { turnId } = key;
      stage.adapter.perform({
        type: 'turn.lookUp',
        threadId,
        turnId,
        attempt: 1,
        nativeThreadId,
        clientMessageId,
      });
      const found = await stage.harness.awaitReport(
        threadId,
        'provider.turnLookedUp',
        (report) => report.turnId === turnId,
      );
      await stage.harness.awaitInstance('instance.workDone');
      return found;
    };

    /** Where a prompt cannot be found again, nothing is guessed. */
    const told = (found: 'completed' | 'failed' | 'interrupted' | 'absent') => ({
      found: stage.world.looksUp === false ? 'unknown' : found,
    });

    it('finds a turn that was completed, one that failed, and one that was cut off', async () => {
      stage.world.script('good', [[say('good')]]);
      stage.world.script('bad', [[fail('no-quota')]]);
      stage.world.script('cut', [[say('some'), { do: 'hang' }]]);
      const thread = await stage.openThread();
      const good = await thread.start('good');
      await thread.ended(good);
      const bad = await thread.start('bad');
      await thread.ended(bad);
      const cut = await thread.start('cut');
      await until(() => thread.streamed().endsWith('some'), WAIT);
      await stage.restart();
      expect(await look(thread, good)).toMatchObject(told('completed'));
      expect(await look(thread, bad)).toMatchObject(told('failed'));
      expect(await look(thread, cut)).toMatchObject(told('interrupted'));
    });

    it('says absent of what never arrived', async () => {
      stage.world.script('one', [[say('one')]]);
      const [used, unused] = [await stage.openThread(), await stage.openThread()];
      const one = await used.start('one');
      await used.ended(one);
      await stage.restart();
      const other = { ...one, clientMessageId: 'another.1' };
      expect(await look(used, { ...other, key: { turnId: unusedTurnId(1) } })).toMatchObject(told('absent'));
      expect(await look(unused, { ...other, key: { turnId: unusedTurnId(2) } })).toMatchObject(
        told('absent'),
      );
      expect(await look(unused, { ...other, key: { turnId: unusedTurnId(3) } }, null)).toMatchObject({
        found: 'absent',
      });
    });
  });
}

const unusedTurnId = (number: number): TurnId => turnIdSchema.parse(`unused-${number}`);
