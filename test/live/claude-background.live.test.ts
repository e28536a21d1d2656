/** Work in the background: it outlives the turn, and its end makes claude begin a turn of its own. */
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { bash } from '../model-endpoint/claude-tools.ts';
import { inTurn, type Script } from '../model-endpoint/script.ts';
import { text } from '../model-endpoint/step.ts';

const claude = { claude: {} };
const free = { runtimeMode: 'full-access' } as const;
const UNTIL_GO = 'echo begun; while [ ! -e go ]; do sleep 0.1; done; echo done';

/** The end of a task comes as a message of the system. */
const afterTask = (request: Parameters<Script>[0]): boolean =>
  JSON.stringify(request.input.at(-1)).includes('task-notification');

describe.skipIf(requireAgent('claude') === null)('background work of claude', () => {
  it('keeps a command in the background open over the turn, and tells what comes of it', async () => {
    const go = inTurn([bash(UNTIL_GO, { run_in_background: true })], [text('it runs')]);
    const script: Script = (request) => (afterTask(request) ? [text('it has ended')] : go(request));
    const server = await startLiveServer(script, claude);
    const thread = await server.thread(free);
    const { turnId } = await thread.turn('go');
    await thread.reached('ready');
    server.openGate('go');
    const own = await thread.fact('turn.began', (fact) => fact.origin === 'provider');
    expect(await thread.ended(own.turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.said).toBe('it runs\nit has ended');
    expect(thread.items('command')).toMatchObject([{ turnId, status: 'completed' }]);
    await thread.reached('ready');
    await thread.expectSameView();
  });

  it('takes a steer into a turn of its own', async () => {
    const go = inTurn([bash(UNTIL_GO, { run_in_background: true })], [text('it runs')]);
    const script: Script = (request) => {
      if (request.userText === 'also this') return [text('that too')];
      return afterTask(request) ? [bash('echo look; while [ ! -e on ]; do sleep 0.1; done')] : go(request);
    };
    const server = await startLiveServer(script, claude);
    const thread = await server.thread(free);
    await thread.turn('go');
    server.openGate('go');
    await thread.until(() => thread.items('command').length === 2, 'the turn of its own');
    const own = await thread.fact('turn.began', (fact) => fact.origin === 'provider');
    const { turnId = '' } = await thread.submit('also this', { mode: 'steer' });
    server.openGate('on');
    expect(await thread.ended(own.turnId)).toMatchObject({ outcome: 'completed' });
    expect(turnId).toBe(own.turnId);
    expect(thread.said).toBe('it runs\nthat too');
    await thread.reached('ready');
    await thread.expectSameView();
  });
});
