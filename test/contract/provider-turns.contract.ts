/** How a prompt becomes a turn, and how that ends. */
import { readFile } from 'node:fs/promises';
import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { until } from '../helpers/until.ts';
import type { ContractStage } from './contract-stage.ts';
import { fail, run, runAsking, say, wait } from './provider-world.ts';

const WAIT = { timeoutMs: 60_000 };

export function describeTurns(stage: ContractStage): void {
  describe('turns', () => {
    it('takes a turn from the prompt to its end, in order', async () => {
      stage.world.script('hello', [[say('Hello there')]]);
      const thread = await stage.openThread();
      const ended = await thread.turn('hello');
      expect(ended).toMatchObject({ outcome: 'completed', failure: null });
      const message = await thread.item('assistant_message');
      expect(message).toMatchObject({
        nativeTurnId: ended.nativeTurnId,
        item: { text: 'Hello there', status: 'completed', rawRef: expect.any(String) },
      });
      const types = stage.harness.reports
        .filter(({ input }) => !('item' in input) || input.item.body.kind === 'assistant_message')
        .map(({ input }) => input.type);
      const inOrder = [
        'connection.opened',
        'provider.turnAccepted',
        'provider.turnStarted',
        'provider.itemCompleted',
        'provider.turnEnded',
      ] as const;
      expect([...inOrder].toSorted((left, right) => types.indexOf(left) - types.indexOf(right))).toEqual(
        inOrder,
      );
      expect(stage.harness.all(thread.threadId, 'provider.usageReported').length).toBeGreaterThan(0);
      expect(thread.items('user_message')).toEqual([]);
      expect(thread.items('unrecognized')).toEqual([]);
    });

    it('streams text as it comes', async () => {
      stage.world.script('stream', [[say('first '), wait('middle'), say('second half', 3)]]);
      const thread = await stage.openThread();
      const sent = await thread.start('stream');
      await until(() => thread.streamed() === 'first ', WAIT);
      stage.world.gate('middle').release();
      await thread.ended(sent);
      expect(thread.streamed()).toBe('first second half');
    });

    it('goes on with the conversation in a second turn', async () => {
      stage.world.script('one', [[say('answer one')]]);
      stage.world.script('two', [[say('answer two')]]);
      const thread = await stage.openThread();
      await thread.turn('one');
      const ended = await thread.turn('two');
      expect(ended.outcome).toBe('completed');
      stage.expectShown('two', 'answer one');
      const ids = stage.harness
        .all(thread.threadId, 'provider.turnEnded')
        .map(({ nativeTurnId }) => nativeTurnId);
      expect(new Set(ids).size).toBe(2);
    });

    it('serves two threads at once, each with its own', async ({ skip }) => {
      stage.needs('model', skip);
      stage.world.script('left', [[say('left '), wait('left'), say('done')]]);
      stage.world.script('right', [[say('right '), wait('right'), say('done')]]);
      const [left, right] = [await stage.openThread(), await stage.openThread()];
      const turns = [await left.start('left'), await right.start('right')] as const;
      await until(() => left.streamed() !== '' && right.streamed() !== '', WAIT);
      stage.world.gate('right').release();
      await right.ended(turns[1]);
      expect(stage.harness.all(left.threadId, 'provider.turnEnded')).toEqual([]);
      stage.world.gate('left').release();
      await left.ended(turns[0]);
      expect([left.streamed(), right.streamed()]).toEqual(['left done', 'right done']);
    });

    it('shows a command with its output, code and status', async () => {
      stage.world.script('run', [[run('echo out && exit 3')], [say('ran')]]);
      const thread = await stage.openThread();
      await thread.turn('run');
      const [command] = thread.items('command');
      expect(command).toMatchObject({ body: { exitCode: 3 }, status: 'failed' });
      expect(command?.text).toMatch(/^out\n?$/);
    });

    it('shows a new file with its difference', async () => {
      stage.world.script('write', [[{ do: 'write', path: 'new.txt', content: 'content' }], [say('wrote')]]);
      const thread = await stage.openThread();
      await thread.turn('write');
      if (stage.has('processes'))
        expect(await readFile(stage.inWorkspace('new.txt'), 'utf8')).toBe('content\n');
      const [change] = thread.items('file_change');
      expect(change).toMatchObject({
        status: 'completed',
        body: { changes: [{ kind: 'added', path: expect.stringContaining('new.txt') }] },
      });
    });

    it('refuses a steer of a turn that is over', async () => {
      stage.world.script('short', [[say('short')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('short');
      await thread.ended(sent);
      const steerId = thread.steer(sent, 'too late');
      const refused = await stage.harness.awaitReport(thread.threadId, 'provider.steerRefused');
      expect(refused).toMatchObject({ steerId, failure: { code: 'STEER_REFUSED' } });
    });
  });

  describe('interrupts', () => {
    it('ends a turn that streams, and takes the next prompt', async () => {
      stage.world.script('long', [[say('so far '), { do: 'hang' }]]);
      stage.world.script('next', [[say('next')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('long');
      await until(() => thread.streamed() !== '', WAIT);
      thread.interrupt(sent);
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'interrupted', failure: null });
      await thread.settle(sent, 'interrupted');
      expect(await thread.turn('next')).toMatchObject({ outcome: 'completed' });
    });

    it('ends the command of an interrupted turn by the time that it is settled', async ({ skip }) => {
      stage.needs('processes', skip);
      const command = `sleep 300.${randomInt(1e9)}`;
      stage.world.script('busy', [[run(command)], [say('never')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('busy');
      await thread.started('command');
      await until(() => stage.isRunning(command), WAIT);
      thread.interrupt(sent);
      await thread.ended(sent);
      await thread.settle(sent, 'interrupted');
      await until(async () => !(await stage.isRunning(command)), { describe: 'the end of the command' });
    });

    it('ends a turn that waits for a person', async ({ skip }) => {
      stage.needs('person', skip);
      stage.world.script('ask first', [[runAsking('echo no')], [say('never')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('ask first');
      const request = await thread.request();
      thread.interrupt(sent);
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'interrupted' });
      await thread.settle(sent, 'interrupted');
      thread.answer(request, { decision: 'accept' });
      const undelivered = await stage.harness.awaitReport(thread.threadId, 'provider.requestUndeliverable');
      expect(undelivered).toMatchObject({ requestId: request.requestId });
    });

    it('refuses to interrupt a turn that is over, and settles at once what is completed', async () => {
      stage.world.script('done', [[say('done')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('done');
      await thread.ended(sent);
      await thread.settle(sent, 'completed');
      thread.interrupt(sent);
      await stage.harness.awaitReport(thread.threadId, 'provider.interruptRefused');
    });
  });

  describe('failures', () => {
    it.each([
      ['server-error', 'PROVIDER_ERROR', true],
      ['unauthorized', 'PROVIDER_UNAUTHORIZED', false],
      ['rate-limited', 'PROVIDER_RATE_LIMITED', true],
      ['no-quota', 'PROVIDER_QUOTA_EXCEEDED', false],
      ['dropped', 'PROVIDER_UNREACHABLE', true],
    ] as const)('calls %s for ever %s', async (how, code, retryable) => {
      stage.world.script('try', [[fail(how)]]);
      const thread = await stage.openThread();
      const ended = await thread.turn('try');
      expect(ended).toMatchObject({ outcome: 'failed', failure: { code, retryable } });
      expect((await thread.item('error')).item.body).toMatchObject({ code, retryable });
    });

    it('recovers from an error that goes away, and takes the next prompt after one that does not', async () => {
      stage.world.script('flaky', [[fail('server-error')], [fail('dropped')], [say('there')]]);
      stage.world.script('dead', [[fail('no-quota')]]);
      stage.world.script('alive', [[say('alive')]]);
      const thread = await stage.openThread();
      expect(await thread.turn('flaky')).toMatchObject({ outcome: 'completed' });
      expect(await thread.turn('dead')).toMatchObject({ outcome: 'failed' });
      expect(await thread.turn('alive')).toMatchObject({ outcome: 'completed' });
    });
  });
}
