import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { byUserText, replies, type Script } from '../model-endpoint/script.ts';
import { runCommand } from '../model-endpoint/codex-tools.ts';
import { gate, httpError, text } from '../model-endpoint/step.ts';

const says = (content: string): Script => replies([[text(content)]]);
const BAD_REQUEST = { body: { error: { message: 'no', type: 'invalid_request_error', code: null } } };
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe.skipIf(requireAgent('codex') === null)('the server with codex', () => {
  it('streams a turn and settles', async () => {
    const reply = replies([[text('Hello wörld 😀', { chunkLength: 3 })]]);
    const server = await startLiveServer(byUserText({ hello: reply }));
    const thread = await server.thread();
    expect(await thread.turn('hello')).toMatchObject({ outcome: 'completed', started: true, failure: null });
    expect(thread.said).toBe('Hello wörld 😀');
    expect(thread.facts('item.delta').map((fact) => fact.text)).toHaveLength(5);
    await thread.reached('ready');
    expect(thread.statuses).toEqual(['starting', 'running', 'ready']);
    await thread.expectSameView();
    await thread.expectEveryEventOnce();
  });

  it('shows the model the earlier turns', async () => {
    const server = await startLiveServer(
      byUserText({ one: says('first'), two: says('second'), three: says('third') }),
    );
    const thread = await server.thread();
    for (const prompt of ['one', 'two', 'three']) {
      expect(await thread.turn(prompt)).toMatchObject({ outcome: 'completed' });
    }
    expect(thread.said).toBe('first\nsecond\nthird');
    expect(server.endpoint.requests).toHaveLength(3);
    const shown = JSON.stringify(server.endpoint.requests[2]?.input);
    for (const known of ['one', 'first', 'two', 'second', 'three']) expect(shown).toContain(`"${known}"`);
    expect(await server.agentProcesses()).toHaveLength(1);
  });

  it('runs two threads at once on one codex', async () => {
    const gated = (name: string): Script =>
      replies([[text(`${name} begins `), gate(name), text(`${name} ends`)]]);
    const server = await startLiveServer(byUserText({ left: gated('left'), right: gated('right') }));
    const client = await server.connect();
    const [left, right] = [await server.thread({ client }), await server.thread({ client })];
    const turns = [await left.submit('left'), await right.submit('right')];
    await left.until(() => left.said === 'left begins ', 'the left half');
    await right.until(() => right.said === 'right begins ', 'the right half');
    expect([left.status, right.status]).toEqual(['running', 'running']);
    expect(await server.agentProcesses()).toHaveLength(1);
    server.endpoint.gate('right').release();
    expect(await right.ended(turns[1]?.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(left.status).toBe('running');
    server.endpoint.gate('left').release();
    expect(await left.ended(turns[0]?.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect([left.said, right.said]).toEqual(['left begins \nleft ends', 'right begins \nright ends']);
  });

  it('runs a queued prompt after the turn', async () => {
    const server = await startLiveServer(
      byUserText({ one: replies([[gate('one'), text('first')]]), two: says('second') }),
    );
    const thread = await server.thread();
    const first = await thread.submit('one');
    await server.endpoint.gate('one').reached;
    await expect(thread.submit('two')).rejects.toMatchObject({ code: 'THREAD_BUSY' });
    const { queueEntryId = '' } = await thread.submit('two', { mode: 'queue' });
    expect(server.endpoint.requests).toHaveLength(1);
    server.endpoint.gate('one').release();
    expect(await thread.ended(queueEntryId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('turn.ended').map((fact) => fact.turnId)).toEqual([first.turnId, queueEntryId]);
    expect(thread.said).toBe('first\nsecond');
    await thread.expectSameView();
  });

  it('holds the queue after a failed turn until it is resumed', async () => {
    const failing = replies([[gate('fail'), httpError(400, BAD_REQUEST)]]);
    const server = await startLiveServer(byUserText({ one: failing, two: says('second') }));
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('one');
    const { queueEntryId = '' } = await thread.submit('two', { mode: 'queue' });
    server.endpoint.gate('fail').release();
    expect(await thread.ended(turnId)).toMatchObject({
      outcome: 'failed',
      failure: { code: 'PROVIDER_BAD_REQUEST', retryable: false },
    });
    await thread.reached('error');
    expect(thread.view?.state?.queue).toMatchObject({ status: 'held', reason: 'failed' });
    await thread.do({ type: 'queue.resume' });
    expect(await thread.ended(queueEntryId)).toMatchObject({ outcome: 'completed' });
    await thread.reached('ready');
    expect(thread.view?.state?.row.lastError).toBeNull();
    await thread.expectSameView();
  });

  it('steers a turn while it streams', async () => {
    const server = await startLiveServer(
      byUserText({ go: replies([[text('on my way '), gate('never')]]), 'turn left': says('left it is') }),
    );
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('go');
    await thread.until(() => thread.said === 'on my way ', 'the first words');
    await thread.submit('turn left', { mode: 'steer', turnId });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('turn.steered')).toMatchObject([{ turnId }]);
    expect(thread.facts('turn.began')).toHaveLength(1);
    expect(thread.items('user_message').map((item) => item.text)).toEqual(['go', 'turn left']);
    expect(thread.said).toBe('on my way \nleft it is');
    await thread.expectSameView();
  });

  it('restarts with another prompt', async () => {
    const server = await startLiveServer(
      byUserText({
        slow: replies([[text('well '), gate('never')]]),
        quick: says('done'),
        later: says('too'),
      }),
    );
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('slow');
    await thread.until(() => thread.said === 'well ', 'the first word');
    const { queueEntryId: later = '' } = await thread.submit('later', { mode: 'queue' });
    const { queueEntryId: quick = '' } = await thread.submit('quick', { mode: 'restart', turnId });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'restart' });
    expect(await thread.ended(quick)).toMatchObject({ outcome: 'completed' });
    expect(await thread.ended(later)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('turn.began').map((fact) => fact.turnId)).toEqual([turnId, quick, later]);
    expect(thread.said).toBe('well \ndone\ntoo');
    await thread.expectSameView();
  });

  it('sends a failed prompt again', async () => {
    let isBroken = true;
    const script: Script = () => (isBroken ? [httpError(500)] : [text('after all')]);
    const server = await startLiveServer(script, { codex: { retryCount: 1 } });
    const thread = await server.thread();
    const ended = await thread.turn('try');
    expect(ended).toMatchObject({ outcome: 'failed', failure: { code: 'PROVIDER_ERROR', retryable: true } });
    await thread.reached('error');
    expect(thread.view?.machine?.can).toContain('turn.retry');
    isBroken = false;
    const { turnId = '' } = await thread.do({ type: 'turn.retry' });
    expect(turnId).not.toBe(ended.turnId);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.said).toBe('after all');
    await thread.reached('ready');
    await thread.expectSameView();
  });

  it('applies model and runtime mode from the next turn on', async () => {
    const touch = (name: string): Script =>
      replies([[gate(name), runCommand(`touch ${name}`)], [text(name)]]);
    const server = await startLiveServer(byUserText({ one: touch('one'), two: touch('two') }));
    server.endpoint.gate('two').release();
    const thread = await server.thread({ runtimeMode: 'approval-required' });
    const { turnId = '' } = await thread.submit('one');
    await server.endpoint.gate('one').reached;
    await thread.do({ type: 'thread.setModel', model: 'gpt-5.4' });
    await thread.do({ type: 'thread.setRuntimeMode', runtimeMode: 'full-access' });
    server.endpoint.gate('one').release();
    const { requestId } = await thread.request();
    await thread.do({ type: 'request.respond', requestId, decision: 'decline' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('request.opened')).toHaveLength(1);
    expect(server.endpoint.requests.map(({ model }) => model)).toEqual([
      'gpt-5.5',
      'gpt-5.5',
      'gpt-5.4',
      'gpt-5.4',
    ]);
    expect(thread.facts('turn.began').map(({ settings }) => settings)).toMatchObject([
      { model: null, runtimeMode: 'approval-required' },
      { model: 'gpt-5.4', runtimeMode: 'full-access' },
    ]);
    expect(thread.items('command').map(({ status }) => status)).toEqual(['declined', 'completed']);
    await thread.expectSameView();
  });

  it('plans in plan mode', async () => {
    const plan = '<proposed_plan>\n1. Look\n2. Leap\n</proposed_plan>';
    const server = await startLiveServer(byUserText({ 'make a plan': says(plan), 'do it': says('done') }));
    const thread = await server.thread();
    await thread.do({ type: 'thread.setInteractionMode', interactionMode: 'plan' });
    expect(await thread.turn('make a plan')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('plan')).toMatchObject([
      { status: 'completed', text: expect.stringContaining('2. Leap') },
    ]);
    await thread.do({ type: 'thread.setInteractionMode', interactionMode: 'default' });
    expect(await thread.turn('do it')).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('turn.began').map(({ settings }) => settings?.interactionMode)).toEqual([
      'plan',
      'default',
    ]);
    expect(thread.items('plan')).toHaveLength(1);
    await thread.expectSameView();
  });

  it('shows an attached image to the model', async () => {
    const server = await startLiveServer(byUserText({ look: says('a pixel') }));
    const thread = await server.thread();
    const response = await fetch(new URL('/api/attachments', server.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'image/png' },
      body: Buffer.from(PIXEL, 'base64'),
    });
    expect(response.status).toBe(201);
    const { attachmentId } = (await response.json()) as { attachmentId: string };
    expect(await thread.turn('look', { attachments: [attachmentId] })).toMatchObject({
      outcome: 'completed',
    });
    expect(JSON.stringify(server.endpoint.requests[0]?.input)).toContain(`data:image/png;base64,${PIXEL}`);
    expect(thread.items('user_message')).toMatchObject([{ body: { attachments: [attachmentId] } }]);
    await thread.expectSameView();
  });
});
