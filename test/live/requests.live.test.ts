import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { addFile, askUser, runEscalated } from '../model-endpoint/codex-tools.ts';
import { byUserText, replies } from '../model-endpoint/script.ts';
import { text } from '../model-endpoint/step.ts';

describe.skipIf(requireAgent('codex') === null)('requests of codex', () => {
  it('runs a command once it is approved', async () => {
    const server = await startLiveServer(
      byUserText({ run: replies([[runEscalated('echo from-the-shell | tee made')], [text('done')]]) }),
    );
    const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
    const { turnId = '' } = await thread.submit('run');
    const request = await thread.request();
    expect(request).toMatchObject({
      status: 'open',
      turnId,
      reason: 'the test says so',
      body: { kind: 'command', command: expect.stringContaining('from-the-shell') },
    });
    expect(thread.view?.state?.row).toMatchObject({ status: 'running', openRequestCount: 1 });
    expect(existsSync(join(server.workspace, 'made'))).toBe(false);
    const { requestId } = request;
    await thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'accepted' }]);
    expect(readFileSync(join(server.workspace, 'made'), 'utf8')).toBe('from-the-shell\n');
    expect(server.endpoint.requests[1]?.turnToolOutputs[0]?.output).toContain('from-the-shell');
    expect(thread.items('command')).toMatchObject([
      { status: 'completed', text: expect.stringContaining('from-the-shell'), body: { exitCode: 0 } },
    ]);
    const late = thread.do({ type: 'request.respond', requestId, decision: 'decline' });
    await expect(late).rejects.toMatchObject({ code: 'REQUEST_CLOSED', details: { outcome: 'accepted' } });
    await thread.expectSameView();
  });

  it('does not run a command that is declined, and the turn goes on', async () => {
    const server = await startLiveServer(
      byUserText({ run: replies([[runEscalated('touch made')], [text('never mind')]]) }),
    );
    const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
    const { turnId = '' } = await thread.submit('run');
    const { requestId } = await thread.request();
    await thread.do({ type: 'request.respond', requestId, decision: 'decline' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'declined' }]);
    expect(thread.items('command')).toMatchObject([{ status: 'declined' }]);
    expect(thread.said).toBe('never mind');
    expect(existsSync(join(server.workspace, 'made'))).toBe(false);
    await thread.expectSameView();
  });

  it('writes a file once its patch is approved', async () => {
    const server = await startLiveServer(
      byUserText({ write: replies([[addFile('made.txt', 'by a patch')], [text('done')]]) }),
    );
    const thread = await server.thread({ runtimeMode: 'approval-required' });
    const { turnId = '' } = await thread.submit('write');
    const { requestId, body, itemId } = await thread.request();
    const path = expect.stringContaining('made.txt');
    expect(body).toEqual({ kind: 'file-change', paths: [path] });
    expect(thread.items('file_change')).toMatchObject([
      { itemId, status: 'open', body: { changes: [{ path }] } },
    ]);
    await thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(readFileSync(join(server.workspace, 'made.txt'), 'utf8')).toBe('by a patch\n');
    expect(thread.items('file_change')).toMatchObject([
      { status: 'completed', body: { changes: [{ kind: 'added' }] } },
    ]);
    await thread.expectSameView();
  });

  it('has two approvals open at once, answered in any order', async () => {
    const server = await startLiveServer(
      byUserText({ run: replies([[runEscalated('touch one'), runEscalated('touch two')], [text('done')]]) }),
    );
    const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
    const { turnId = '' } = await thread.submit('run');
    await thread.request(2);
    expect(thread.view?.state?.row.openRequestCount).toBe(2);
    const of = (word: string): string =>
      thread.openRequests.find(({ body }) => body.kind === 'command' && body.command.includes(word))
        ?.requestId ?? '';
    const [one, two] = [of('one'), of('two')];
    await thread.do({ type: 'request.respond', requestId: two, decision: 'accept' });
    await thread.fact('request.closed', ({ requestId }) => requestId === two);
    expect(thread.openRequests).toMatchObject([{ requestId: one, status: 'open' }]);
    await thread.do({ type: 'request.respond', requestId: one, decision: 'decline' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(['one', 'two'].map((name) => existsSync(join(server.workspace, name)))).toEqual([false, true]);
    await thread.expectSameView();
  });

  it('brings the answer to a question to the model', async () => {
    const server = await startLiveServer(
      byUserText({ ask: replies([[askUser('Which colour?', ['red', 'blue'])], [text('so be it')]]) }),
      { codex: { features: { default_mode_request_user_input: true } } },
    );
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('ask');
    const { requestId, body } = await thread.request();
    expect(body).toMatchObject({
      kind: 'question',
      questions: [
        { questionId: 'q1', question: 'Which colour?', options: [{ label: 'red' }, { label: 'blue' }] },
      ],
    });
    await thread.do({ type: 'request.respond', requestId, answers: { q1: ['blue'] } });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'answered' }]);
    expect(server.endpoint.requests[1]?.turnToolOutputs[0]?.output).toContain('blue');
    await thread.expectSameView();
  });
});
