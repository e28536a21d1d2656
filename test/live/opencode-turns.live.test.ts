/** Turns of opencode through the server. A start takes seconds, so that each test has one server and many threads. */
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { askUser, bash, task, writeTodos } from '../model-endpoint/opencode-tools.ts';
import { byUserText, replies, type Script } from '../model-endpoint/script.ts';
import { drop, event, gate, httpError, reasoning, text, type Step } from '../model-endpoint/step.ts';

const opencode = { opencode: {} };
const says = (content: string): Script => replies([[text(content)]]);
/** The replies to one prompt, also where a session has had others before. */
function inTurn(...inOrder: readonly (readonly Step[])[]): Script {
  return ({ turnToolOutputs }) => inOrder[turnToolOutputs.length] ?? [];
}
const withGist =
  (script: Script): Script =>
  (request) =>
    request.purpose === 'turn' ? script(request) : [text('the gist')];
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const LIMITS = { timeout: 240_000 };

/** The thread is at rest, and the next prompt knows what was said before. */
async function expectGoesOn(thread: LiveThread): Promise<void> {
  expect(await thread.turn('and then')).toMatchObject({ outcome: 'completed' });
  await thread.reached('ready');
  expect(thread.items('unrecognized')).toEqual([]);
  await thread.expectSameView();
}
const andThen = { 'and then': () => [text('so it goes')] };

async function upload(server: LiveServer): Promise<string> {
  const answer = await fetch(new URL('/api/attachments', server.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'image/png' },
    body: Buffer.from(PIXEL, 'base64'),
  });
  const { attachmentId } = (await answer.json()) as { attachmentId: string };
  return attachmentId;
}

describe.skipIf(requireAgent('opencode') === null)('the server with opencode', LIMITS, () => {
  it('streams turns of many threads on one process', async () => {
    const script = byUserText({
      hello: replies([[reasoning('let me see'), text('Hello wörld 😀', { chunkLength: 3 })]]),
      again: says('again'),
      left: replies([[text('left begins '), gate('left'), text('left ends')]]),
      right: replies([[text('right begins '), gate('right'), text('right ends')]]),
      next: says('next'),
    });
    const server = await startLiveServer(script, opencode);
    const client = await server.connect();
    const thread = await server.thread({ client });
    expect(await thread.turn('hello')).toMatchObject({ outcome: 'completed', started: true, failure: null });
    expect(thread.said).toBe('Hello wörld 😀');
    expect(thread.items('reasoning')).toMatchObject([{ text: 'let me see', status: 'completed' }]);
    expect(thread.view?.state?.usage).toMatchObject({ contextTokens: 15, contextWindow: 200_000 });
    expect(await thread.turn('again')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('Hello wörld');
    // titles are ours
    expect(server.endpoint.requests.filter(({ purpose }) => purpose === 'title')).toEqual([]);
    await thread.expectEveryEventOnce();

    const [left, right] = [await server.thread({ client }), await server.thread({ client })];
    const turns = [await left.submit('left'), await right.submit('right')];
    await left.until(() => left.said === 'left begins ', 'the left half');
    await right.until(() => right.said === 'right begins ', 'the right half');
    const { queueEntryId = '' } = await right.submit('next', { mode: 'queue' });
    expect(await server.agentProcesses()).toHaveLength(1);
    server.endpoint.gate('right').release();
    expect(await right.ended(turns[1]?.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(await right.ended(queueEntryId)).toMatchObject({ outcome: 'completed' });
    expect(left.status).toBe('running');
    server.endpoint.gate('left').release();
    expect(await left.ended(turns[0]?.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(right.said).toBe('right begins right ends\nnext');
    expect(await server.agentProcesses()).toHaveLength(1);
  });

  it('shows images and to-do lists, and shortens a conversation', async () => {
    const script = byUserText({
      look: says('I see'),
      plan: inTurn([writeTodos([{ content: 'one', status: 'in_progress' }])], [text('planned')]),
      story: says('a long story'),
      ...andThen,
    });
    const server = await startLiveServer(withGist(script), opencode);
    const thread = await server.thread();
    const attachments = [await upload(server)];
    expect(await thread.turn('look', { attachments })).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain(PIXEL.slice(0, 60));
    expect(await thread.turn('plan')).toMatchObject({ outcome: 'completed' });
    expect(thread.view?.state?.plan?.steps).toMatchObject([{ text: 'one', status: 'running' }]);

    await thread.turn('story');
    const { turnId = '' } = await thread.do({ type: 'thread.compact' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.items('compaction')).toMatchObject([{ status: 'completed' }]);
    await expectGoesOn(thread);
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('the gist');
  });

  it('interrupts a stream, a command and a request, and steers by a new attempt', async () => {
    const script = byUserText({
      tell: inTurn([text('once upon '), gate('never')]),
      run: inTurn([bash('touch begun; sleep 999')], [text('never')]),
      ask: inTurn([bash('echo asked')], [text('never')]),
      go: inTurn([text('one way '), gate('never')]),
      'turn left': says('left it is'),
      ...andThen,
    });
    const server = await startLiveServer(script, opencode);
    const client = await server.connect();
    const stream = await server.thread({ client });
    const told = await stream.submit('tell');
    await stream.until(() => stream.said === 'once upon ', 'the first words');
    await stream.do({ type: 'turn.interrupt' });
    expect(await stream.ended(told.turnId ?? '')).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    await expectGoesOn(stream);

    const runs = await server.thread({ client, runtimeMode: 'auto' });
    const ran = await runs.submit('run');
    const commands = async (): Promise<number> =>
      (await server.processes()).filter(({ command }) => command.includes('sleep 999')).length;
    await runs.until(async () => (await commands()) > 0, 'the command');
    await runs.do({ type: 'turn.interrupt' });
    expect(await runs.ended(ran.turnId ?? '')).toMatchObject({ outcome: 'interrupted' });
    await runs.until(async () => (await commands()) === 0, 'the end of the command');
    expect(runs.items('command')).toMatchObject([{ status: 'interrupted' }]);
    await expectGoesOn(runs);

    const asks = await server.thread({ client, runtimeMode: 'approval-required' });
    const asked = await asks.submit('ask');
    await asks.request();
    await asks.do({ type: 'turn.interrupt' });
    expect(await asks.ended(asked.turnId ?? '')).toMatchObject({ outcome: 'interrupted' });
    expect(asks.openRequests).toEqual([]);
    await expectGoesOn(asks);

    const steered = await server.thread({ client });
    const went = await steered.submit('go');
    await steered.until(() => steered.said === 'one way ', 'one way');
    await steered.submit('turn left', { mode: 'steer', turnId: went.turnId ?? '' });
    expect(await steered.ended(went.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(steered.said).toBe('one way \nleft it is');
    expect(steered.facts('turn.began')).toHaveLength(1);
  });

  it('asks about tools, and about what the model wants to know', async () => {
    const script = byUserText({
      run: inTurn([bash('echo one')], [bash('echo two')], [text('ran')]),
      ask: inTurn([askUser('Which colour?', ['red', 'blue'])], [text('blue it is')]),
      delegate: inTurn([task('look around')], [text('all looked at')]),
      'look around': inTurn([bash('echo seen')], [text('I have seen it')]),
      ...andThen,
    });
    const server = await startLiveServer(script, opencode);
    const client = await server.connect();
    const thread = await server.thread({ client, runtimeMode: 'approval-required' });
    const ran = await thread.submit('run');
    const first = await thread.request();
    expect(first.body).toMatchObject({ kind: 'command', command: 'echo one' });
    await thread.do({ type: 'request.respond', requestId: first.requestId, decision: 'accept' });
    const second = await thread.until(
      () => thread.openRequests.find(({ requestId }) => requestId !== first.requestId),
      'the second request',
    );
    await thread.do({ type: 'request.respond', requestId: second.requestId, decision: 'decline' });
    expect(await thread.ended(ran.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('command')).toMatchObject([{ status: 'completed' }, { status: 'declined' }]);

    const asked = await thread.submit('ask');
    const { requestId, body } = await thread.request();
    const [question] = body.kind === 'question' ? body.questions : [];
    const answers = { [question?.questionId ?? '']: ['blue'] };
    await thread.do({ type: 'request.respond', requestId, answers });
    expect(await thread.ended(asked.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('blue');

    await expectGoesOn(thread);

    // a person who has accepted all is not asked for a sub-agent either
    const trusting = await server.thread({ client, runtimeMode: 'full-access' });
    expect(await trusting.turn('delegate')).toMatchObject({ outcome: 'completed' });
    expect(trusting.facts('request.opened')).toEqual([]);
  });

  it('shows what went wrong at the model, and goes on', async () => {
    const soon = { headers: { 'retry-after-ms': '20' } };
    const script = byUserText({
      key: () => [httpError(401)],
      flaky: replies([[httpError(500, soon)], [text('there')]]),
      dead: () => [httpError(500, soon)],
      cut: replies([[text('half of '), gate('half'), drop()], [text('the whole')]]),
      long: () => [text('so far'), event({ type: 'finish', reason: 'length' })],
      ...andThen,
    });
    const server = await startLiveServer(script, opencode);
    const thread = await server.thread();
    const unauthorized = { code: 'PROVIDER_UNAUTHORIZED', retryable: false };
    expect(await thread.turn('key')).toMatchObject({ outcome: 'failed', failure: unauthorized });
    expect(await thread.turn('flaky')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('notice')).toMatchObject([{ body: { topic: 'provider.retrying' } }]);
    const serverError = { code: 'PROVIDER_ERROR', retryable: true };
    expect(await thread.turn('dead')).toMatchObject({ outcome: 'failed', failure: serverError });
    const { turnId = '' } = await thread.submit('cut');
    await thread.until(() => thread.said.endsWith('half of '), 'the first half');
    server.endpoint.gate('half').release();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.said.endsWith('the whole')).toBe(true);
    expect(await thread.turn('long')).toMatchObject({
      outcome: 'failed',
      failure: { code: 'PROVIDER_ERROR' },
    });
    await expectGoesOn(thread);
  });
});
