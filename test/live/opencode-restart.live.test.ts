/** An opencode that is killed, a server that is, and a line between them that breaks. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { opencodeBinary, requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { until } from '../helpers/until.ts';
import { bash } from '../model-endpoint/opencode-tools.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';

const opencode = { opencode: {} };
const goOn = { 'go on': () => [text('the end')] };
const streaming: Script = () => [text('once upon '), gate('never')];
const running: Script = () => [bash('touch begun; sleep 999')];
const LOST = { outcome: 'failed', failure: { code: 'CONNECTION_LOST' } };
const CUT = { outcome: 'interrupted', reason: 'server-restarted' };
const LIMITS = { timeout: 240_000 };
const CUTTING = join(import.meta.dirname, '..', 'fixtures', 'cut-opencode.mjs');

async function expectContext(server: LiveServer, thread: LiveThread, known: string): Promise<void> {
  expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
  expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain(known);
  await thread.reached('ready');
  await thread.expectSameView();
}

const sleepers = async (server: LiveServer): Promise<number> =>
  (await server.processes()).filter(({ command }) => command.includes('sleep 999')).length;

describe.skipIf(requireAgent('opencode') === null)('an opencode that is killed', LIMITS, () => {
  it('fails its turns, leaves no command behind, and the next prompts go on', async () => {
    const server = await startLiveServer(byUserText({ tell: streaming, run: running, ...goOn }), opencode);
    const client = await server.connect();
    const told = await server.thread({ client });
    const ran = await server.thread({ client, runtimeMode: 'auto' });
    const turns = [await told.submit('tell'), await ran.submit('run')];
    await told.until(() => told.said === 'once upon ', 'the first words');
    await ran.until(() => existsSync(join(server.workspace, 'begun')), 'the command');
    for (const { pid } of await server.agentProcesses()) process.kill(pid, 'SIGKILL');
    expect(await told.ended(turns[0]?.turnId ?? '')).toMatchObject(LOST);
    expect(await ran.ended(turns[1]?.turnId ?? '')).toMatchObject(LOST);
    await until(async () => (await sleepers(server)) === 0, { describe: 'the end of the command' });
    await expectContext(server, told, 'tell');
    await expectContext(server, ran, 'run');
    expect(await server.agentProcesses()).toHaveLength(1);
  });

  it('is ended with the server that is killed, and the turn goes on with its context', async () => {
    const server = await startLiveServer(byUserText({ tell: streaming, run: running, ...goOn }), opencode);
    const client = await server.connect();
    const told = await server.thread({ client });
    const { turnId = '' } = await told.submit('tell');
    await told.until(() => told.said === 'once upon ', 'the first words');
    const before = await server.processes();
    await server.killAndRestart();
    const old = new Set(before.map(({ pid }) => pid));
    expect((await server.processes()).filter(({ pid }) => old.has(pid))).toEqual([]);
    expect(await told.ended(turnId)).toMatchObject(CUT);
    await told.reached('stopped');
    await expectContext(server, told, 'tell');
    expect(told.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, true]);
  });
});

describe.skipIf(requireAgent('opencode') === null)('a line to opencode that breaks', LIMITS, () => {
  it('loses nothing of a turn', async () => {
    const script = byUserText({
      tell: () => [text('once upon '), gate('cut'), text('a time')],
      ask: ({ turnToolOutputs }) =>
        turnToolOutputs.length === 0 ? [gate('ask'), bash('echo seen')] : [text('done')],
      ...goOn,
    });
    const cutFile = join('/tmp', `cut-${process.pid}`);
    const env = { CUT_COMMAND: opencodeBinary() ?? '', CUT_FILE: cutFile };
    const server = await startLiveServer(script, { opencode: { env, command: CUTTING } });
    const cut = async (): Promise<void> => {
      writeFileSync(cutFile, '');
      await until(() => !existsSync(cutFile));
    };
    const client = await server.connect();
    const told = await server.thread({ client });
    const { turnId = '' } = await told.submit('tell');
    await told.until(() => told.said === 'once upon ', 'the first words');
    await cut();
    server.endpoint.gate('cut').release();
    expect(await told.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(told.said).toContain('a time');

    // a request that was asked while nobody heard it
    const asks = await server.thread({ client, runtimeMode: 'approval-required' });
    const asked = await asks.submit('ask');
    await server.endpoint.gate('ask').reached;
    await cut();
    server.endpoint.gate('ask').release();
    const { requestId } = await asks.request();
    await cut();
    await asks.do({ type: 'request.respond', requestId, decision: 'accept' });
    expect(await asks.ended(asked.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(asks.items('command')).toMatchObject([{ status: 'completed' }]);
    await expectContext(server, told, 'once upon');
  });
});
