/** The real gemini over ACP through the server: turns, approvals, interrupts, and what goes wrong. */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { GEMINI_TOOLS, geminiAgent } from '../helpers/acp-agents.ts';
import { startLiveServer, type LiveAgent } from '../helpers/live-server.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import type { ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { drop, gate, hang, httpError, reasoning, text, type Step } from '../model-endpoint/step.ts';

const agent = { agent: geminiAgent };
const { run, write } = GEMINI_TOOLS;
const LATER_CLOCK = join(import.meta.dirname, '..', 'fixtures', 'later-clock.mjs');

async function startedWithModel(endpoint: ModelEndpoint): Promise<LiveAgent> {
  const made = await geminiAgent(endpoint);
  const env = { ...made.home.env, NODE_OPTIONS: `--import=${LATER_CLOCK}` };
  return { ...made, args: ['--skip-trust', '--model={model}'], home: { ...made.home, env } };
}

const says =
  (content: string): Script =>
  () => [text(content)];
/** The replies to one prompt, by how far its tools have come. */
const inTurn =
  (...inOrder: readonly (readonly Step[])[]): Script =>
  ({ turnToolOutputs }) =>
    inOrder[turnToolOutputs.length] ?? [];

describe.skipIf(requireAgent('gemini') === null)('the server with gemini', { timeout: 60_000 }, () => {
  it('streams turns of one conversation, with thoughts, usage, models and commands', async () => {
    const script = byUserText({
      hello: () => [reasoning('**Looking** around'), text('Hello wörld 😀', { chunkLength: 3 })],
      two: says('second'),
    });
    const server = await startLiveServer(script, agent);
    const thread = await server.thread();
    expect(await thread.turn('hello')).toMatchObject({ outcome: 'completed', started: true });
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(thread.said).toBe('Hello wörld 😀\nsecond');
    expect(thread.items('reasoning')).toMatchObject([{ status: 'completed' }]);
    expect(JSON.stringify(server.endpoint.requests[1]?.input)).toContain('Hello w');
    expect(thread.view?.state?.usage).toMatchObject({ inputTokens: 10, outputTokens: 5 });
    await thread.reached('ready');
    expect(thread.items('unrecognized')).toEqual([]);
    const { providers } = await thread.client.call('providers.list', {});
    const [{ version, models, commands } = { models: [], commands: [] }] = providers;
    expect(version).toBe('0.61.0');
    expect(models.map(({ id }) => id)).toContain('gemini-2.5-pro');
    expect(commands.map(({ name }) => name)).toContain('memory');
    await thread.expectSameView();
  });

  it('asks a person before a command, and runs it or not', async () => {
    const script = byUserText({
      yes: inTurn([run('touch yes.txt && echo made > made.txt')], [text('ran')]),
      no: inTurn([run('touch no.txt && echo made > made.txt')], [text('did not')]),
    });
    const server = await startLiveServer(script, agent);
    const thread = await server.thread({ runtimeMode: 'approval-required' });
    const yes = await thread.submit('yes');
    const asked = await thread.request();
    expect(asked).toMatchObject({ body: { kind: 'command' }, itemId: thread.items('command')[0]?.itemId });
    expect(asked.decisions).toEqual(['accept', 'acceptForSession', 'decline', 'cancel']);
    await thread.do({ type: 'request.respond', requestId: asked.requestId, decision: 'accept' });
    expect(await thread.ended(yes.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(existsSync(join(server.workspace, 'yes.txt'))).toBe(true);
    const no = await thread.submit('no');
    const { requestId } = await thread.request();
    await thread.do({ type: 'request.respond', requestId, decision: 'decline' });
    expect(await thread.ended(no.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    // gemini never tells the end of a call that was declined
    expect(thread.items('command').map(({ status }) => status)).toEqual(['completed', 'declined']);
    expect(existsSync(join(server.workspace, 'no.txt'))).toBe(false);
  });

  it('writes files by this server, and asks nobody where edits are accepted', async () => {
    const script = byUserText({
      file: ({ turnToolOutputs }) =>
        turnToolOutputs.length === 0 ? [write(join(server.workspace, 'new.txt'), 'new\n')] : [text('wrote')],
    });
    const server = await startLiveServer(script, agent);
    const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
    expect(await thread.turn('file')).toMatchObject({ outcome: 'completed' });
    expect(existsSync(join(server.workspace, 'new.txt'))).toBe(true);
    expect(thread.items('file_change')).toMatchObject([{ status: 'completed' }]);
    expect(thread.facts('request.opened')).toEqual([]);
  });

  it('interrupts a stream and a command, runs what is queued, and goes on', async () => {
    const command = `sleep 300.${randomInt(1e9)}`;
    const script = byUserText({
      stream: () => [text('so far '), hang()],
      busy: inTurn([run(command)], [text('never')]),
      one: () => [gate('one'), text('first')],
      two: says('second'),
    });
    const server = await startLiveServer(script, agent);
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const stream = await thread.submit('stream');
    await thread.until(() => thread.said === 'so far ', 'a beginning');
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(stream.turnId ?? '')).toMatchObject({ outcome: 'interrupted', failure: null });
    const busy = await thread.submit('busy');
    const runs = async () => (await server.processes()).some((each) => each.command.includes(command));
    await thread.until(runs, 'the command');
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(busy.turnId ?? '')).toMatchObject({ outcome: 'interrupted' });
    expect(thread.items('command')).toMatchObject([{ status: 'interrupted' }]);
    await thread.until(async () => !(await runs()), 'the end of the command');
    await thread.submit('one');
    const { queueEntryId } = await thread.submit('two', { mode: 'queue' });
    server.endpoint.gate('one').release();
    expect(await thread.ended(queueEntryId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(thread.said).toBe('so far \nfirst\nsecond');
  });

  it('runs two threads at once, calls errors by their names, and resumes after kill -9 of the agent', async () => {
    const script = byUserText({
      left: () => [text('left begins '), gate('left'), text('and ends')],
      right: says('right'),
      key: () => [httpError(401)],
      bad: () => [httpError(400)],
      cut: () => [text('half'), drop()],
      after: says('after'),
    });
    const server = await startLiveServer(script, agent);
    const client = await server.connect();
    const [left, right] = [await server.thread({ client }), await server.thread({ client })];
    const { turnId } = await left.submit('left');
    expect(await right.turn('right')).toMatchObject({ outcome: 'completed' });
    expect(await right.turn('key')).toMatchObject({ failure: { code: 'PROVIDER_UNAUTHORIZED' } });
    expect(await right.turn('bad')).toMatchObject({ failure: { code: 'PROVIDER_BAD_REQUEST' } });
    expect(await right.turn('cut')).toMatchObject({ failure: { code: 'PROVIDER_UNREACHABLE' } });
    await left.until(() => left.said === 'left begins ', 'the left half');
    const [first] = await server.agentProcesses();
    process.kill(first?.pid ?? 0, 'SIGKILL');
    expect(await left.ended(turnId ?? '')).toMatchObject({ failure: { code: 'CONNECTION_LOST' } });
    await left.reached('error');
    // called as usual, the session would be lost in the minute in which it was made
    expect(await left.turn('after')).toMatchObject({ outcome: 'completed' });
    expect(left.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, true]);
    const shown = server.endpoint.requests.findLast(({ userText }) => userText.trim() === 'after');
    expect(JSON.stringify(shown?.input)).toContain('"left"');
    expect(await right.turn('after')).toMatchObject({ outcome: 'completed' });
  });

  it('is closed and resumed with a model that it takes only when it is started', async () => {
    const script = byUserText({ one: says('first'), two: says('second'), three: says('third') });
    const server = await startLiveServer(script, { agent: startedWithModel });
    // gemini names neither of them, and its sessions would not take them
    const thread = await server.thread({ model: 'gemini-custom-1' });
    expect(await thread.turn('one')).toMatchObject({ outcome: 'completed' });
    await thread.do({ type: 'thread.setModel', model: 'gemini-custom-2' });
    const { queueEntryId = '' } = await thread.submit('two');
    expect(await thread.ended(queueEntryId)).toMatchObject({ outcome: 'completed' });
    expect(await thread.turn('three')).toMatchObject({ outcome: 'completed' });
    const asked = server.endpoint.requests.map(({ model, userText }) => `${model} ${userText.trim()}`);
    expect(asked).toEqual(['gemini-custom-1 one', 'gemini-custom-2 two', 'gemini-custom-2 three']);
    expect(JSON.stringify(server.endpoint.requests[1]?.input)).toContain('first');
    expect(thread.facts('connection.closing').map(({ why }) => why)).toEqual(['settings']);
    expect(thread.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, true]);
    await thread.reached('ready');
    await thread.expectSameView();
  });
});
