import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import { until } from '../helpers/until.ts';
import { openText, runCommand, runEscalated } from '../model-endpoint/codex-tools.ts';
import { byUserText, replies, type Script } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';

const SLOW_COMMAND = 'touch begun; sleep 999; touch finished';
const says = (content: string): Script => replies([[text(content)]]);
const streaming = replies([[...openText('once upon '), gate('never')]]);
const has = ({ workspace }: LiveServer, name: string): boolean => existsSync(join(workspace, name));

/** As long as this is empty the command cannot touch anything any more. */
async function commandsOf(server: LiveServer): Promise<string[]> {
  const all = await server.processes();
  return all.map(({ command }) => command).filter((command) => command.includes('sleep 999'));
}

/** codex says that it has ended a command a few milliseconds before that is gone. */
async function expectNoCommand(server: LiveServer): Promise<void> {
  await until(async () => (await commandsOf(server)).length === 0, { describe: 'the end of the command' });
}

describe.skipIf(requireAgent('codex') === null)('the end of a turn that a person wants', () => {
  it('interrupts a stream and takes the next prompt', async () => {
    const server = await startLiveServer(byUserText({ tell: streaming, 'go on': says('the end') }));
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('tell');
    await thread.until(() => thread.said === 'once upon ', 'the first words');
    await thread.do({ type: 'turn.interrupt', turnId });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    await thread.reached('interrupted');
    expect(thread.items('assistant_message')).toMatchObject([{ text: 'once upon ', status: 'interrupted' }]);
    await server.endpoint.until(({ openStreamCount }) => openStreamCount === 0);
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests[1]?.input)).toContain('tell');
    await thread.reached('ready');
    await thread.expectSameView();
  });

  it('ends a running command with its turn', async () => {
    const script = byUserText({ run: replies([[runCommand(SLOW_COMMAND)]]), 'go on': says('without it') });
    const server = await startLiveServer(script);
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('run');
    await thread.until(() => has(server, 'begun') && thread.items('command').length > 0, 'the command');
    expect(await commandsOf(server)).not.toEqual([]);
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    await thread.reached('interrupted');
    await expectNoCommand(server);
    expect(has(server, 'finished')).toBe(false);
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('command')).toMatchObject([{ status: 'failed' }]);
    await thread.expectSameView();
  });

  it('closes an open approval with its turn', async () => {
    const script = byUserText({ run: replies([[runEscalated('touch made')]]), 'go on': says('without it') });
    const server = await startLiveServer(script);
    const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
    const { turnId = '' } = await thread.submit('run');
    const { requestId } = await thread.request();
    await thread.do({ type: 'turn.interrupt', turnId });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'expired' }]);
    const late = thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    await expect(late).rejects.toMatchObject({ code: 'REQUEST_CLOSED' });
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(has(server, 'made')).toBe(false);
    await thread.expectSameView();
  });

  it('stops a thread in a command, and resumes it by the next prompt', async () => {
    const script = byUserText({ run: replies([[runCommand(SLOW_COMMAND)]]), again: says('here I am') });
    const server = await startLiveServer(script);
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('run');
    await thread.until(() => has(server, 'begun'), 'the command');
    const { queueEntryId = '' } = await thread.submit('again', { mode: 'queue' });
    await thread.do({ type: 'thread.stop' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'stopped' });
    await thread.reached('stopped');
    expect(thread.facts('connection.closed')).toHaveLength(1);
    await expectNoCommand(server);
    expect(has(server, 'finished')).toBe(false);
    expect(thread.view?.state?.queue).toMatchObject({ status: 'held', reason: 'stopped' });
    await thread.do({ type: 'queue.resume' });
    expect(await thread.ended(queueEntryId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, true]);
    expect(JSON.stringify(server.endpoint.requests[1]?.input)).toContain('"run"');
    await thread.reached('ready');
    await thread.expectSameView();
  });

  it('archives only what does not run', async () => {
    const server = await startLiveServer(byUserText({ tell: replies([[gate('tell'), text('told')]]) }));
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('tell');
    await server.endpoint.gate('tell').reached;
    await expect(thread.do({ type: 'thread.archive' })).rejects.toMatchObject({ code: 'THREAD_BUSY' });
    server.endpoint.gate('tell').release();
    await thread.ended(turnId);
    await thread.reached('ready');
    await thread.do({ type: 'thread.archive' });
    await thread.fact('connection.closed');
    expect(thread.view?.state?.row.archived).toBe(true);
    await expect(thread.submit('tell')).rejects.toMatchObject({ code: 'THREAD_ARCHIVED' });
    await thread.expectSameView();
  });

  it('deletes a thread in the middle of a command', async () => {
    const server = await startLiveServer(byUserText({ run: replies([[runCommand(SLOW_COMMAND)]]) }));
    const thread = await server.thread({ runtimeMode: 'full-access' });
    await thread.submit('run');
    await thread.until(() => has(server, 'begun'), 'the command');
    await thread.do({ type: 'thread.delete' });
    await thread.fact('thread.deleted');
    await expectNoCommand(server);
    expect(has(server, 'finished')).toBe(false);
    const { threads } = await thread.client.call('orchestration.listThreads', {});
    expect(threads).toEqual([]);
    await expect(thread.submit('run')).rejects.toMatchObject({ code: 'THREAD_DELETED' });
  });
});
