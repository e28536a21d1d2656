/** What a provider is declared to be without: neither a part nor its lack is taken on trust. */
import { describe, expect, it } from 'vitest';
import { requestIdOf } from '../../machines/domain/ids.ts';
import { until } from '../helpers/until.ts';
import type { ContractStage } from './contract-stage.ts';
import { run, runAsking, say, type Part } from './provider-world.ts';

const WAIT = { timeoutMs: 60_000 };

interface Proof {
  there(stage: ContractStage): Promise<void>;
  lacking(stage: ContractStage): Promise<void>;
}

const PROOFS: Readonly<Record<Part, Proof>> = {
  processes: {
    async there(stage) {
      await stage.openThread();
      await until(() => stage.harness.rows.size > 0, WAIT);
    },
    async lacking(stage) {
      stage.world.script('do it', [[run('touch done.txt')], [say('done')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('do it');
      await thread.started('command');
      expect(stage.harness.rows.size).toBe(0);
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
      expect(thread.items('command')).toMatchObject([{ status: 'completed' }]);
      expect(await stage.exists(stage.inWorkspace('done.txt'))).toBe(false);
    },
  },
  model: {
    async there(stage) {
      stage.world.script('hello', [[say('hello')]]);
      const thread = await stage.openThread();
      await thread.turn('hello');
      expect(stage.world.shown('hello')).toContain('hello');
    },
    async lacking(stage) {
      stage.world.script('hello', [[say('what was said then')]]);
      const thread = await stage.openThread();
      expect(await thread.turn('something else')).toMatchObject({ outcome: 'completed' });
      expect(thread.streamed()).toBe('what was said then');
      const { key } = thread.send('and then');
      const refused = await stage.harness.awaitReport(thread.threadId, 'provider.turnRefused');
      expect(refused).toMatchObject({ turnId: key.turnId, failure: { retryable: false } });
    },
  },
  memory: {
    async there(stage) {
      expect((await (await stage.openThread()).opened()).capabilities.resume).toBe(true);
    },
    async lacking(stage) {
      stage.world.script('hello', [[say('hello')]]);
      const thread = await stage.openThread();
      await thread.turn('hello');
      await thread.close();
      thread.askToOpen();
      const { failure } = await stage.harness.awaitReport(thread.threadId, 'connection.openFailed');
      expect(failure).toMatchObject({ code: 'RESUME_FAILED', retryable: false });
      thread.nativeThreadId = null;
      expect(await thread.open()).toMatchObject({ resumed: false });
      expect(await thread.turn('hello')).toMatchObject({ outcome: 'completed' });
    },
  },
  person: {
    async there(stage) {
      stage.world.script('please', [[runAsking('echo allowed')], [say('ran')]]);
      const thread = await stage.openThread();
      await thread.start('please');
      expect((await thread.request()).body.kind).toBe('command');
    },
    /** What would be asked about is not done, and what asks is refused. */
    async lacking(stage) {
      const [touched, outside] = [stage.inWorkspace('touched'), stage.inWorkspace('../outside.txt')];
      stage.world.script('please', [[runAsking(`touch ${touched}`)], [say('did not')]]);
      stage.world.script('outside', [[{ do: 'write', path: outside, content: 'out' }], [say('did not')]]);
      const thread = await stage.openThread();
      expect(await thread.turn('please')).toMatchObject({ outcome: 'completed' });
      expect(await thread.turn('outside')).toMatchObject({ outcome: 'completed' });
      expect(thread.items('command')).toMatchObject([{ status: 'declined' }]);
      expect(thread.items('file_change')).toMatchObject([{ status: 'declined' }]);
      expect(await Promise.all([touched, outside].map((path) => stage.exists(path)))).toEqual([false, false]);
      expect(stage.harness.all(thread.threadId, 'provider.requestOpened')).toEqual([]);
      const requestId = requestIdOf(thread.connectionId, 'none');
      const answer = { decision: 'accept' } as const;
      const { connectionId } = thread;
      stage.adapter.perform({
        type: 'request.answer',
        connectionId,
        requestId,
        nativeRequestId: 'none',
        answer,
      });
      const undelivered = await stage.harness.awaitReport(thread.threadId, 'provider.requestUndeliverable');
      expect(undelivered).toMatchObject({ requestId });
      const asking = stage.newThread({ policy: { approval: 'on-request' } });
      asking.askToOpen();
      const { failure } = await stage.harness.awaitReport(asking.threadId, 'connection.openFailed');
      expect(failure).toMatchObject({ code: 'SETTINGS_NOT_APPLIED' });
    },
  },
};

export function describeLacks(stage: ContractStage): void {
  describe('parts', () => {
    it.each(Object.entries(PROOFS))('%s: there, or not, as it was declared', async (part, proof) => {
      await (stage.has(part as Part) ? proof.there(stage) : proof.lacking(stage));
    });
  });
}
