/** The server with the tiny agent behind the surface of Cursor's SDK: turns, and what a kill leaves of them. */
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLiveServer, type LiveAgent } from '../helpers/live-server.ts';
import type { ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { byUserText } from '../model-endpoint/script.ts';
import { functionCall, gate, text } from '../model-endpoint/step.ts';

const SDK = join(import.meta.dirname, '..', 'fixtures', 'tiny-agent', 'cursor-sdk');

async function tinyAgent({ origin }: ModelEndpoint): Promise<LiveAgent> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'threadchart-cursor-')));
  const workspace = join(path, 'workspace');
  await mkdir(workspace);
  const env = { HOME: path, TINY_AGENT_MODEL: origin, TINY_AGENT_HOME: join(path, 'tiny') };
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 3 });
  const home = { path, workspace, env, remove };
  return { agent: 'cursor-sdk', command: SDK, processWord: 'cursor-sdk/host/main', home };
}

describe('the server with the SDK of Cursor', { timeout: 60_000 }, () => {
  it('streams turns of one conversation, and tells of the account and the models', async () => {
    const script = byUserText({
      hello: ({ turnToolOutputs }) =>
        turnToolOutputs.length === 0
          ? [text('I look'), functionCall('run', { command: 'echo seen' })]
          : [text('done')],
      two: () => [text('second')],
    });
    const server = await startLiveServer(script, { agent: tinyAgent });
    const thread = await server.thread();
    expect(await thread.turn('hello')).toMatchObject({ outcome: 'completed', started: true });
    expect(thread.items('command')).toMatchObject([{ text: 'seen\n', status: 'completed' }]);
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(thread.said).toBe('I look\ndone\nsecond');
    const { providers } = await thread.client.call('providers.list', {});
    expect(providers).toMatchObject([
      { version: '1.0.32', account: { label: 'tiny@example.com' }, models: [{ id: 'tiny' }, {}] },
    ]);
    await thread.reached('ready');
    await thread.expectSameView();
  });

  it('takes a steer into the running turn, and interrupts it', async () => {
    const script = byUserText({
      begin: () => [text('one way '), gate('steered'), text('on')],
      'turn left': () => [text('gone left '), gate('never')],
    });
    const server = await startLiveServer(script, { agent: tinyAgent });
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('begin');
    await thread.until(() => thread.said === 'one way ', 'the first words');
    await thread.submit('turn left', { mode: 'steer' });
    server.endpoint.gate('steered').release();
    await thread.until(() => thread.said.includes('gone left '), 'the way left');
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted' });
    await thread.reached('interrupted');
    await thread.expectSameView();
  });

  it('is ended with a server that is killed, and goes on with its context', async () => {
    const script = byUserText({
      tell: () => [text('once upon '), gate('never')],
      'go on': () => [text('the end')],
    });
    const server = await startLiveServer(script, { agent: tinyAgent });
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('tell');
    await thread.until(() => thread.said === 'once upon ', 'the first words');
    const before = new Set((await server.agentProcesses()).map(({ pid }) => pid));
    expect(before.size).toBe(1);
    await server.killAndRestart();
    expect((await server.processes()).filter(({ pid }) => before.has(pid))).toEqual([]);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'server-restarted' });
    await thread.reached('stopped');
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('tell');
    expect(thread.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, true]);
    await thread.expectSameView();
  });
});
