/** What claude asks a person, and what its tools become in the transcript. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { askUser, bash, writeFile } from '../model-endpoint/claude-tools.ts';
import { byUserText, inTurn, type Script } from '../model-endpoint/script.ts';
import { functionCall, text } from '../model-endpoint/step.ts';

const claude = { claude: {} };
const asking = { runtimeMode: 'approval-required' } as const;

describe.skipIf(requireAgent('claude') === null)('requests of claude', () => {
  it('runs a command once it is approved', async () => {
    const run = inTurn([text('let me '), bash('echo from-the-shell | tee made')], [text('done')]);
    const server = await startLiveServer(byUserText({ run }), claude);
    const thread = await server.thread(asking);
    const { turnId = '' } = await thread.submit('run');
    const request = await thread.request();
    expect(request).toMatchObject({
      status: 'open',
      turnId,
      body: { kind: 'command', command: 'echo from-the-shell | tee made' },
      decisions: expect.arrayContaining(['accept', 'decline', 'cancel']),
    });
    expect(thread.items('command')[0]?.itemId).toBe(request.itemId);
    expect(existsSync(join(server.workspace, 'made'))).toBe(false);
    const { requestId } = request;
    await thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'accepted' }]);
    expect(readFileSync(join(server.workspace, 'made'), 'utf8')).toBe('from-the-shell\n');
    expect(thread.items('command')).toMatchObject([
      { status: 'completed', text: 'from-the-shell', body: { exitCode: 0 } },
    ]);
    expect(thread.said).toBe('let me \ndone');
    await thread.expectSameView();
  });

  it('does not run what is declined, and the turn goes on', async () => {
    const run = inTurn([bash('touch made')], [text('never mind')]);
    const server = await startLiveServer(byUserText({ run }), claude);
    const thread = await server.thread(asking);
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

  it('ends the turn by a request that is cancelled', async () => {
    const run = inTurn([bash('touch made')], [text('never')]);
    const server = await startLiveServer(byUserText({ run, next: inTurn([text('next')]) }), claude);
    const thread = await server.thread(asking);
    const { turnId = '' } = await thread.submit('run');
    const { requestId } = await thread.request();
    await thread.do({ type: 'request.respond', requestId, decision: 'cancel' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted' });
    expect(await thread.turn('next')).toMatchObject({ outcome: 'completed' });
  });

  it('asks twice in a turn, and for a session only once', async () => {
    const edit = inTurn(
      [writeFile('/workspace/one.txt', 'one')],
      [writeFile('/workspace/two.txt', 'two')],
      [bash('node -e 0')],
      [text('done')],
    );
    const more = inTurn([writeFile('/workspace/four.txt', 'four')], [text('done')]);
    const replies = byUserText({ edit, more });
    const script: Script = (request) =>
      replies(request).map((step) => JSON.parse(JSON.stringify(step).replace('/workspace', place.workspace)));
    const server = await startLiveServer(script, claude);
    const place = server;
    const thread = await server.thread(asking);
    const { turnId = '' } = await thread.submit('edit');
    const first = await thread.request();
    expect(first.body).toEqual({ kind: 'file-change', paths: [join(server.workspace, 'one.txt')] });
    await thread.do({ type: 'request.respond', requestId: first.requestId, decision: 'acceptForSession' });
    await thread.until(
      () => thread.openRequests.some(({ body }) => body.kind === 'command'),
      'the second one',
    );
    const second = await thread.request();
    await thread.do({ type: 'request.respond', requestId: second.requestId, decision: 'accept' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('request.closed')).toHaveLength(2);
    expect(readFileSync(join(server.workspace, 'two.txt'), 'utf8')).toBe('two');
    expect(await thread.turn('more')).toMatchObject({ outcome: 'completed' });
    expect(readFileSync(join(server.workspace, 'four.txt'), 'utf8')).toBe('four');
    const [change] = thread.items('file_change');
    expect(change).toMatchObject({
      status: 'completed',
      body: { changes: [{ kind: 'added', diff: '@@ -0,0 +1,1 @@\n+one' }] },
    });
  });

  it('brings a question to a person and the answer back', async () => {
    const ask = inTurn([askUser('Which colour?', ['red', 'blue'])], [text('as you like')]);
    const server = await startLiveServer(byUserText({ ask }), claude);
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('ask');
    const { requestId, body } = await thread.request();
    const [question] = body.kind === 'question' ? body.questions : [];
    expect(question).toMatchObject({ header: 'Choice', options: [{ label: 'red' }, { label: 'blue' }] });
    await thread.do({
      type: 'request.respond',
      requestId,
      answers: { [question?.questionId ?? '']: ['blue'] },
    });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(server.endpoint.requests[1]?.turnToolOutputs[0]?.output).toContain('"Which colour?"="blue"');
  });

  it('ends a turn that waits for a person', async () => {
    const run = inTurn([bash('touch made')], [text('never')]);
    const server = await startLiveServer(byUserText({ run, next: inTurn([text('next')]) }), claude);
    const thread = await server.thread(asking);
    const { turnId = '' } = await thread.submit('run');
    await thread.request();
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    expect(thread.openRequests).toEqual([]);
    expect(await thread.turn('next')).toMatchObject({ outcome: 'completed' });
    await thread.expectSameView();
  });

  it('plans without changing anything, and then does what was planned', async () => {
    const plan: Script = (request) => {
      const path = /(\/[^\s`"\\]*plans\/[^\s`"\\]+\.md)/.exec(JSON.stringify(request.raw))?.[1] ?? '';
      return inTurn(
        [writeFile(join(request.headers.host ?? '', 'x'), 'x'), bash('touch made')],
        [],
        [writeFile(path, '# The plan\n')],
        [functionCall('ExitPlanMode', {})],
        [text('over to you')],
      )(request);
    };
    const server = await startLiveServer(
      byUserText({ plan, 'do it': inTurn([bash('touch made')], [text('done')]) }),
      claude,
    );
    const thread = await server.thread({ interactionMode: 'plan', runtimeMode: 'full-access' });
    expect(await thread.turn('plan')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('plan')).toMatchObject([{ text: '# The plan', status: 'completed' }]);
    expect(thread.items('command')).toMatchObject([{ status: 'declined' }]);
    expect(existsSync(join(server.workspace, 'made'))).toBe(false);
    expect(thread.facts('request.opened')).toEqual([]);
    await thread.do({ type: 'thread.setInteractionMode', interactionMode: 'default' });
    expect(await thread.turn('do it')).toMatchObject({ outcome: 'completed' });
    expect(existsSync(join(server.workspace, 'made'))).toBe(true);
  });

  it('keeps the list of what is to be done', async () => {
    const go = inTurn(
      [functionCall('TaskCreate', { subject: 'first', description: 'd', activeForm: 'doing' })],
      [functionCall('TaskCreate', { subject: 'second', description: 'd', activeForm: 'doing' })],
      [functionCall('TaskUpdate', { taskId: '1', status: 'in_progress' })],
      [text('done')],
    );
    const server = await startLiveServer(byUserText({ go }), claude);
    const thread = await server.thread();
    expect(await thread.turn('go')).toMatchObject({ outcome: 'completed' });
    const steps = [
      { text: 'first', status: 'running' },
      { text: 'second', status: 'pending' },
    ];
    expect(thread.items('todo_list')).toMatchObject([{ body: { steps } }]);
    expect(thread.view?.state?.plan).toMatchObject({ steps });
    expect(thread.items('tool_call')).toEqual([]);
  });

  it('compacts, clears and goes on', async () => {
    const script: Script = ({ userText }) =>
      userText.includes('summary') ? [text('<summary>in short</summary>')] : [text('yes')];
    const server = await startLiveServer(script, claude);
    const thread = await server.thread();
    await thread.turn('one');
    await thread.turn('two');
    expect(await thread.turn('/compact')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('compaction')).toMatchObject([
      { status: 'completed', text: expect.stringContaining('manual') },
    ]);
    await thread.turn('three');
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('in short');
    expect(await thread.turn('/clear')).toMatchObject({ outcome: 'completed' });
    await thread.turn('four');
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).not.toContain('in short');
    await server.restart();
    await thread.until(() => thread.synchronizedCount > 1, 'the return of the client');
    await thread.turn('five');
    const resumed = JSON.stringify(server.endpoint.requests.at(-1)?.input);
    expect(resumed).toContain('four');
    expect(resumed).not.toContain('in short');
    expect(thread.items('unrecognized')).toEqual([]);
    await thread.reached('ready');
    await thread.expectSameView();
  });
});
