/** A claude that is killed, and a server that is: the thread comes to rest, nothing is left, and the next prompt goes on. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { bash } from '../model-endpoint/claude-tools.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';

const claude = { claude: {} };
const streaming: Script = () => [text('once upon '), gate('never')];
const goOn = { 'go on': () => [text('the end')] };
const LOST = { outcome: 'failed', failure: { code: 'CONNECTION_LOST' } };
const CUT = { outcome: 'interrupted', reason: 'server-restarted' };

async function killClaude(server: LiveServer): Promise<void> {
  const found = await server.agentProcesses();
  expect(found).not.toEqual([]);
  for (const { pid } of found) process.kill(pid, 'SIGKILL');
}

/** Claude writes its transcript a moment after it has shown what is in it. */
function isKept(server: LiveServer, words: string): boolean {
  const projects = join(server.home.path, 'projects');
  const files = readdirSync(projects, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.jsonl'),
  );
  return files.some((file) => readFileSync(join(projects, file), 'utf8').includes(words));
}

/** Kills the server and starts it again; nothing of the old run is left when the new one opens its door. */
async function crash(server: LiveServer): Promise<void> {
  const before = await server.processes();
  await server.killAndRestart();
  const old = new Set(before.map(({ pid }) => pid));
  expect((await server.processes()).filter(({ pid }) => old.has(pid))).toEqual([]);
}

/** The next prompt goes on with the conversation. */
async function expectContext(server: LiveServer, thread: LiveThread, known: string): Promise<void> {
  expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
  expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain(known);
  expect(thread.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, true]);
  await thread.reached('ready');
  await thread.expectEveryEventOnce();
  await thread.expectSameView();
}

describe.skipIf(requireAgent('claude') === null)('a claude that is killed', () => {
  it('begins anew where it had written nothing down', async () => {
    const script = byUserText({ tell: streaming, ...goOn });
    const server = await startLiveServer(script, { ...claude, args: ['--no-session-persistence'] });
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('tell');
    await thread.until(() => thread.said === 'once upon ', 'the first words');
    await killClaude(server);
    expect(await thread.ended(turnId)).toMatchObject(LOST);
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('connection.sessionForgotten')).toHaveLength(1);
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('tell');
    expect(thread.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, false]);
    await thread.reached('ready');
    await thread.expectSameView();
  });

  it('fails the turn that was streaming, and the next prompt goes on', async () => {
    const server = await startLiveServer(byUserText({ tell: streaming, ...goOn }), claude);
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('tell');
    await thread.until(() => thread.said === 'once upon ', 'the first words');
    await thread.until(() => isKept(server, '"content":"tell"'), 'the transcript');
    await killClaude(server);
    expect(await thread.ended(turnId)).toMatchObject(LOST);
    await thread.reached('error');
    await expectContext(server, thread, 'tell');
  });

  it('takes its command and its question with it', async () => {
    const run: Script = ({ turnToolOutputs }) =>
      turnToolOutputs.length === 0
        ? [bash('touch begun; sleep 999', { run_in_background: true })]
        : [bash('touch made')];
    const server = await startLiveServer(byUserText({ run, ...goOn }), claude);
    const thread = await server.thread({ runtimeMode: 'approval-required' });
    const { turnId = '' } = await thread.submit('run');
    const first = await thread.request();
    await thread.do({ type: 'request.respond', requestId: first.requestId, decision: 'accept' });
    await thread.until(
      () => thread.openRequests.some(({ requestId }) => requestId !== first.requestId),
      'the second',
    );
    await thread.until(() => existsSync(join(server.workspace, 'begun')), 'the command');
    await killClaude(server);
    expect(await thread.ended(turnId)).toMatchObject(LOST);
    await thread.reached('error');
    expect(thread.openRequests).toEqual([]);
    const isCommand = ({ command }: { command: string }): boolean => command.includes('sleep 999');
    expect((await server.processes()).filter(isCommand)).toEqual([]);
    expect(thread.items('command').map(({ status }) => status)).not.toContain('open');
    await expectContext(server, thread, 'run');
  });
});

describe.skipIf(requireAgent('claude') === null)('a server of claude that is killed', () => {
  it('settles a turn that was streaming', async () => {
    const server = await startLiveServer(byUserText({ tell: streaming, ...goOn }), claude);
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('tell');
    await thread.until(() => thread.said === 'once upon ', 'the first words');
    await thread.until(() => isKept(server, '"content":"tell"'), 'the transcript');
    await crash(server);
    expect(await thread.ended(turnId)).toMatchObject(CUT);
    await thread.reached('stopped');
    await expectContext(server, thread, 'tell');
  });

  it('begins anew where claude had written nothing down', async () => {
    const script = byUserText({ tell: streaming, ...goOn });
    const server = await startLiveServer(script, { ...claude, args: ['--no-session-persistence'] });
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('tell');
    await thread.until(() => thread.said === 'once upon ', 'the first words');
    await crash(server);
    expect(await thread.ended(turnId)).toMatchObject(CUT);
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('connection.sessionForgotten')).toHaveLength(1);
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('tell');
    expect(thread.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, false]);
    await thread.reached('ready');
    await thread.expectSameView();
  });

  it('ends a running command', async () => {
    const run: Script = () => [bash('touch begun; sleep 999; touch finished')];
    const server = await startLiveServer(byUserText({ run, ...goOn }), claude);
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('run');
    await thread.until(() => existsSync(join(server.workspace, 'begun')), 'the command');
    await crash(server);
    expect(await thread.ended(turnId)).toMatchObject(CUT);
    await thread.reached('stopped');
    expect(existsSync(join(server.workspace, 'finished'))).toBe(false);
    await expectContext(server, thread, 'run');
  });

  it('resumes a thread that was at rest', async () => {
    const one: Script = () => [text('first')];
    const server = await startLiveServer(byUserText({ one, ...goOn }), claude);
    const thread = await server.thread();
    await thread.turn('one');
    await thread.reached('ready');
    await server.restart();
    await thread.until(() => thread.synchronizedCount > 1, 'the return of the client');
    await expectContext(server, thread, 'first');
  });
});
