import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import { openText, runEscalated } from '../model-endpoint/codex-tools.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';

const streaming: Script = () => [...openText('once upon '), gate('never')];
const goOn = { 'go on': () => [text('the end')] };
const LOST = { outcome: 'failed', failure: { code: 'CONNECTION_LOST', retryable: true } };

async function killCodex(server: LiveServer): Promise<void> {
  const found = await server.agentProcesses();
  expect(found).toHaveLength(1);
  for (const { pid } of found) process.kill(pid, 'SIGKILL');
}

describe.skipIf(requireAgent('codex') === null)('a codex that is killed', () => {
  it('fails the turns that were streaming, and the next prompts go on', async () => {
    const server = await startLiveServer(byUserText({ tell: streaming, 'tell too': streaming, ...goOn }));
    const client = await server.connect();
    const [one, two] = [await server.thread({ client }), await server.thread({ client })];
    const turns = [await one.submit('tell'), await two.submit('tell too')];
    for (const thread of [one, two])
      await thread.until(() => thread.said === 'once upon ', 'the first words');
    await killCodex(server);
    for (const [index, thread] of [one, two].entries()) {
      expect(await thread.ended(turns[index]?.turnId ?? '')).toMatchObject(LOST);
      await thread.reached('error');
      expect(thread.view?.state?.row.lastError).toMatchObject({ code: 'CONNECTION_LOST' });
      expect(thread.items('assistant_message')).toMatchObject([{ text: 'once upon ', status: 'unknown' }]);
    }
    expect(await one.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('"tell"');
    expect(await two.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('"tell too"');
    expect(await server.agentProcesses()).toHaveLength(1);
    for (const thread of [one, two]) {
      expect(thread.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, true]);
      await thread.reached('ready');
      await thread.expectEveryEventOnce();
      await thread.expectSameView();
    }
  });

  it('expires an open approval', async () => {
    const server = await startLiveServer(byUserText({ run: () => [runEscalated('touch made')], ...goOn }));
    const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
    const { turnId = '' } = await thread.submit('run');
    const { requestId } = await thread.request();
    await killCodex(server);
    expect(await thread.ended(turnId)).toMatchObject(LOST);
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'expired' }]);
    await thread.reached('error');
    expect(thread.view?.state?.row.openRequestCount).toBe(0);
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('"run"');
    await thread.expectSameView();
  });

  it('is not noticed by a thread that is at rest, but for its connection', async () => {
    const server = await startLiveServer(byUserText({ one: () => [text('first')], ...goOn }));
    const thread = await server.thread();
    await thread.turn('one');
    await thread.reached('ready');
    await killCodex(server);
    await thread.fact('connection.lost');
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('"one"');
    await thread.reached('ready');
    await thread.expectSameView();
  });
});
