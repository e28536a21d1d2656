/** Turns of claude through the server: prompts, interrupts, steers, the queue, and what goes wrong at the model. */
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { bash, openText } from '../model-endpoint/claude-tools.ts';
import { byUserText, inTurn, replies, type Script } from '../model-endpoint/script.ts';
import { drop, gate, httpError, reasoning, text } from '../model-endpoint/step.ts';

const says = (content: string): Script => replies([[text(content)]]);
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const claude = { claude: {} };

/** The thread is at rest, and the next prompt knows what was said before. */
async function expectGoesOn(thread: LiveThread): Promise<void> {
  expect(await thread.turn('and then')).toMatchObject({ outcome: 'completed' });
  await thread.reached('ready');
  await thread.expectSameView();
}
const andThen = { 'and then': says('so it goes') };

describe.skipIf(requireAgent('claude') === null)('the server with claude', () => {
  it('streams a turn and settles', async () => {
    const reply = [reasoning('let me see'), text('Hello wörld 😀', { chunkLength: 3 })];
    const server = await startLiveServer(byUserText({ hello: replies([reply]) }), claude);
    const thread = await server.thread();
    expect(await thread.turn('hello')).toMatchObject({ outcome: 'completed', started: true, failure: null });
    expect(thread.said).toBe('Hello wörld 😀');
    expect(thread.items('reasoning')).toMatchObject([{ text: 'let me see', status: 'completed' }]);
    expect(thread.facts('item.delta').map((fact) => fact.text)).toHaveLength(6);
    await thread.reached('ready');
    expect(thread.statuses).toEqual(['starting', 'running', 'ready']);
    expect(thread.items('unrecognized')).toEqual([]);
    expect(thread.view?.state?.usage).toMatchObject({ contextTokens: 15, inputTokens: 10, outputTokens: 5 });
    await thread.expectSameView();
    await thread.expectEveryEventOnce();
  });

  it('shows the model the earlier turns, of one process', async () => {
    const script = byUserText({ one: says('first'), two: says('second'), three: says('third') });
    const server = await startLiveServer(
      ({ ...request }) => script({ ...request, threadId: request.userText }),
      claude,
    );
    const thread = await server.thread();
    for (const prompt of ['one', 'two', 'three']) {
      expect(await thread.turn(prompt)).toMatchObject({ outcome: 'completed' });
    }
    expect(thread.said).toBe('first\nsecond\nthird');
    const shown = JSON.stringify(server.endpoint.requests[2]?.input);
    for (const known of ['one', 'first', 'two', 'second', 'three']) expect(shown).toContain(`"${known}"`);
    expect(await server.agentProcesses()).toHaveLength(1);
  });

  it('runs two threads at once, each in a process of its own', async () => {
    const gated = (name: string): Script =>
      replies([[text(`${name} begins `), gate(name), text(`${name} ends`)]]);
    const server = await startLiveServer(byUserText({ left: gated('left'), right: gated('right') }), claude);
    const client = await server.connect();
    const [left, right] = [await server.thread({ client }), await server.thread({ client })];
    const turns = [await left.submit('left'), await right.submit('right')];
    await left.until(() => left.said === 'left begins ', 'the left half');
    await right.until(() => right.said === 'right begins ', 'the right half');
    expect([left.status, right.status]).toEqual(['running', 'running']);
    expect(await server.agentProcesses()).toHaveLength(2);
    server.endpoint.gate('right').release();
    expect(await right.ended(turns[1]?.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(left.status).toBe('running');
    server.endpoint.gate('left').release();
    expect(await left.ended(turns[0]?.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect([left.said, right.said]).toEqual(['left begins \nleft ends', 'right begins \nright ends']);
  });

  it('runs a queued prompt after the turn', async () => {
    const script = byUserText({ one: inTurn([gate('one'), text('first')]), two: inTurn([text('second')]) });
    const server = await startLiveServer(script, claude);
    const thread = await server.thread();
    const first = await thread.submit('one');
    await server.endpoint.gate('one').reached;
    const { queueEntryId = '' } = await thread.submit('two', { mode: 'queue' });
    expect(server.endpoint.requests).toHaveLength(1);
    server.endpoint.gate('one').release();
    expect(await thread.ended(queueEntryId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('turn.ended').map((fact) => fact.turnId)).toEqual([first.turnId, queueEntryId]);
    expect(thread.said).toBe('first\nsecond');
    await thread.expectSameView();
  });

  it('interrupts a stream and takes the next prompt', async () => {
    const tell = inTurn([text('once upon '), gate('never')]);
    const server = await startLiveServer(byUserText({ tell, ...andThen }), claude);
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('tell');
    await thread.until(() => thread.said === 'once upon ', 'the first words');
    await thread.do({ type: 'turn.interrupt', turnId });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    await thread.reached('interrupted');
    await server.endpoint.until(({ openStreamCount }) => openStreamCount === 0);
    await expectGoesOn(thread);
    expect(JSON.stringify(server.endpoint.requests[1]?.input)).toContain('once upon');
  });

  it('interrupts a turn that has hardly begun', async () => {
    const tell = inTurn([gate('never'), text('never said')]);
    const server = await startLiveServer(byUserText({ tell, ...andThen }), claude);
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('tell');
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    await expectGoesOn(thread);
    expect(thread.said).toBe('so it goes');
  });

  it('ends a running command with its turn', async () => {
    const run = inTurn([bash('touch begun; sleep 999; touch finished')], [text('never')]);
    const server = await startLiveServer(byUserText({ run, ...andThen }), claude);
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('run');
    const commands = async (): Promise<number> =>
      (await server.processes()).filter(({ command }) => command.includes('sleep 999')).length;
    await thread.until(async () => (await commands()) > 0, 'the command');
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    await thread.until(async () => (await commands()) === 0, 'the end of the command');
    await expectGoesOn(thread);
    expect(thread.items('command')).toMatchObject([{ status: 'interrupted' }]);
  });

  it('steers into the turn after a tool, and after the reply', async () => {
    const go = inTurn([bash('echo one; while [ ! -e go ]; do sleep 0.1; done')]);
    const script = byUserText({
      go,
      'turn left': inTurn([text('on the left '), gate('left')]),
      'turn right': inTurn([text('on the right')]),
    });
    const server = await startLiveServer(script, claude);
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('go');
    await thread.until(() => thread.items('command').length > 0, 'the command');
    await thread.submit('turn left', { mode: 'steer', turnId });
    await thread.fact('turn.steered');
    server.openGate('go');
    await thread.until(() => thread.said === 'on the left ', 'the first turn');
    await thread.submit('turn right', { mode: 'steer', turnId });
    await thread.until(() => thread.facts('turn.steered').length === 2, 'the second steer');
    server.endpoint.gate('left').release();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('turn.began')).toHaveLength(1);
    expect(thread.items('user_message').map((item) => item.text)).toEqual(['go', 'turn left', 'turn right']);
    expect(thread.said).toBe('on the left \non the right');
    await thread.reached('ready');
    await thread.expectSameView();
  });

  it('takes a steer back with the turn that it joined', async () => {
    const go = inTurn([text('on my way '), gate('never')]);
    const server = await startLiveServer(byUserText({ go, ...andThen }), claude);
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('go');
    await thread.until(() => thread.said === 'on my way ', 'the first words');
    await thread.submit('turn left', { mode: 'steer', turnId });
    await thread.fact('turn.steered');
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted' });
    await expectGoesOn(thread);
    expect(thread.facts('turn.began')).toHaveLength(2);
  });

  it('restarts with other words', async () => {
    const go = inTurn([text('on my way '), gate('never')]);
    const server = await startLiveServer(byUserText({ go, 'go home': says('home'), ...andThen }), claude);
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('go');
    await thread.until(() => thread.said === 'on my way ', 'the first words');
    const { queueEntryId = '' } = await thread.submit('go home', { mode: 'restart', turnId });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'restart' });
    expect(await thread.ended(queueEntryId)).toMatchObject({ outcome: 'completed' });
    expect(thread.said).toBe('on my way \nhome');
  });

  it('changes the model and its effort from the next turn', async () => {
    const script: Script = () => [text('yes')];
    const server = await startLiveServer(script, claude);
    const thread = await server.thread();
    await thread.turn('one');
    await thread.do({ type: 'thread.setModel', model: 'haiku', options: { effort: 'low' } });
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    await thread.do({ type: 'thread.setModel', model: null, options: {} });
    expect(await thread.turn('three')).toMatchObject({ outcome: 'completed' });
    const [first, second, third] = server.endpoint.requests;
    expect(second?.model).toContain('haiku');
    expect(second?.raw['output_config']).toMatchObject({ effort: 'low' });
    expect(third?.model).toBe(first?.model);
    expect(third?.raw['output_config']).toEqual(first?.raw['output_config']);
  });

  it('shows an image to the model', async () => {
    const server = await startLiveServer(byUserText({ look: says('I see') }), claude);
    const upload = await fetch(new URL('/api/attachments', server.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'image/png' },
      body: Buffer.from(PIXEL, 'base64'),
    });
    const { attachmentId } = (await upload.json()) as { attachmentId: string };
    const thread = await server.thread();
    expect(await thread.turn('look', { attachments: [attachmentId] })).toMatchObject({
      outcome: 'completed',
    });
    expect(JSON.stringify(server.endpoint.requests[0]?.input)).toContain(PIXEL.slice(0, 60));
  });

  it.each([
    ['401', [httpError(401)], { code: 'PROVIDER_UNAUTHORIZED', retryable: false }],
    ['429', [httpError(429)], { code: 'PROVIDER_RATE_LIMITED', retryable: true }],
    ['500', [httpError(500)], { code: 'PROVIDER_ERROR', retryable: true }],
    ['529', [httpError(529)], { code: 'PROVIDER_OVERLOADED', retryable: true }],
    [
      'a dropped connection',
      [...openText('half '), drop()],
      { code: 'PROVIDER_UNREACHABLE', retryable: true },
    ],
  ] as const)('fails by %s, and goes on afterwards', async (_, reply, failure) => {
    const server = await startLiveServer(byUserText({ ask: () => reply, ...andThen }), claude);
    const thread = await server.thread();
    expect(await thread.turn('ask')).toMatchObject({ outcome: 'failed', failure });
    await thread.reached('error');
    expect(thread.items('error')).toMatchObject([{ body: failure }]);
    expect(thread.items('notice')).toMatchObject([{ body: { topic: 'provider.retrying' } }]);
    await expectGoesOn(thread);
  });

  it('drops what was streamed of a reply that is begun again', async () => {
    const ask = replies([[...openText('half of '), gate('half'), drop()], [text('the whole')]]);
    const server = await startLiveServer(byUserText({ ask }), claude);
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('ask');
    await thread.until(() => thread.said === 'half of ', 'the first half');
    server.endpoint.gate('half').release();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.said).toBe('the whole');
    expect(thread.items('assistant_message')).toHaveLength(1);
    await thread.expectSameView();
  });
});
