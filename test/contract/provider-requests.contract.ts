/** What a person is asked, and how the answer arrives. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ContractStage } from './contract-stage.ts';
import { runAsking, say } from './provider-world.ts';

export function describeRequests(stage: ContractStage): void {
  describe('requests', () => {
    it('runs a command that a person accepts', async ({ skip }) => {
      stage.needs('person', skip);
      stage.world.script('please', [[runAsking('echo allowed')], [say('ran')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('please');
      const request = await thread.request();
      expect(request.body).toMatchObject({
        kind: 'command',
        command: expect.stringContaining('echo allowed'),
      });
      expect(request.decisions).toEqual(expect.arrayContaining(['accept', 'decline']));
      expect(thread.items('command')[0]?.itemId).toBe(request.itemId);
      thread.answer(request, { decision: 'accept' });
      await thread.resolved(request.requestId);
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
      expect(thread.items('command')).toMatchObject([
        { text: expect.stringMatching(/^allowed\n?$/), status: 'completed' },
      ]);
    });

    it('does not run a command that a person declines, and goes on', async ({ skip }) => {
      stage.needs('person', skip);
      stage.world.script('please', [[runAsking(`touch ${stage.inWorkspace('touched')}`)], [say('did not')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('please');
      const request = await thread.request();
      thread.answer(request, { decision: 'decline' });
      await thread.resolved(request.requestId);
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
      expect(thread.items('command')).toMatchObject([{ status: 'declined' }]);
      expect(await stage.exists(stage.inWorkspace('touched'))).toBe(false);
    });

    it('refuses for the chart, which has nobody to ask', async ({ skip }) => {
      stage.needs('person', skip);
      stage.world.script('please', [[runAsking('echo no')], [say('did not')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('please');
      const { requestId, nativeRequestId } = await thread.request();
      stage.adapter.perform({
        type: 'request.refuse',
        connectionId: thread.connectionId,
        requestId,
        nativeRequestId,
      });
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
      expect(thread.items('command')).toMatchObject([{ status: 'declined' }]);
      expect(stage.harness.all(thread.threadId, 'provider.requestResolved')).toEqual([]);
    });

    it('keeps two requests of one turn apart', async ({ skip }) => {
      stage.needs('person', skip);
      stage.world.script('both', [[runAsking('echo first'), runAsking('echo second')], [say('one of two')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('both');
      // some ask for both at once, some for one after the other
      for (const number of [1, 2]) {
        const request = await thread.request(number);
        const command = request.body.kind === 'command' ? request.body.command : '';
        thread.answer(request, { decision: command.includes('first') ? 'accept' : 'decline' });
      }
      await thread.ended(sent);
      const states = thread.items('command').map(({ text, status }) => ({ text: text.trim(), status }));
      expect(states).toHaveLength(2);
      expect(states).toContainEqual({ text: 'first', status: 'completed' });
      expect(states).toContainEqual(expect.objectContaining({ status: 'declined' }));
    });

    it('asks about a file outside of the workspace', async ({ skip }) => {
      stage.needs('person', skip);
      const path = join(stage.world.workspace, '..', 'outside.txt');
      stage.world.script('outside', [[{ do: 'write', path, content: 'out' }], [say('wrote')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('outside');
      const request = await thread.request();
      expect(request.body.kind).toBe('file-change');
      expect(thread.items('file_change')[0]?.itemId).toBe(request.itemId);
      expect(await stage.exists(path)).toBe(false);
      thread.answer(request, { decision: 'accept' });
      await thread.ended(sent);
      if (stage.has('processes')) expect(await readFile(path, 'utf8')).toBe('out\n');
    });

    it('brings a question to a person and the answer back', async ({ skip }) => {
      stage.needs('person', skip);
      stage.world.script('which', [
        [{ do: 'ask', question: 'Which colour?', options: ['red', 'blue'] }],
        [say('blue it is')],
      ]);
      const thread = await stage.openThread();
      const sent = await thread.start('which');
      const request = await thread.request();
      const [question] = request.body.kind === 'question' ? request.body.questions : [];
      expect(question).toMatchObject({
        question: 'Which colour?',
        options: [{ label: 'red' }, { label: 'blue' }],
      });
      thread.answer(request, { answers: { [question?.questionId ?? '']: ['blue'] } });
      await thread.resolved(request.requestId);
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
      stage.expectShown('which', 'blue');
    });
  });
}
