/** Sub-agents and work in the background: it outlives the turn, and its end makes claude begin a turn of its own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { agent, bash } from '../model-endpoint/claude-tools.ts';
import { byUserText, inTurn, type Script } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';

const claude = { claude: {} };
const free = { runtimeMode: 'full-access' } as const;
const UNTIL_GO = 'echo begun; while [ ! -e go ]; do sleep 0.1; done; echo done';

/** The end of a task comes as a message of the system. */
const afterTask = (request: Parameters<Script>[0]): boolean =>
  JSON.stringify(request.input.at(-1)).includes('task-notification');

describe.skipIf(requireAgent('claude') === null)('sub-agents and background work of claude', () => {
  it('shows sub-agents, nested, as items of the calls that began them', async () => {
    const script = byUserText({
      go: inTurn([agent('outer job')], [text('main is done')]),
      'outer job': inTurn([text('outer begins'), agent('inner job')], [text('outer is done')]),
      'inner job': inTurn([bash('echo inner')], [text('inner is done')]),
    });
    const server = await startLiveServer(script, claude);
    const thread = await server.thread(free);
    expect(await thread.turn('go')).toMatchObject({ outcome: 'completed' });
    const [outer, inner] = thread.items('subagent');
    expect(outer).toMatchObject({ body: { title: 'job: outer job' }, status: 'completed' });
    expect(inner).toMatchObject({ parentItemId: outer?.itemId, status: 'completed' });
    expect(thread.items('command')).toMatchObject([{ parentItemId: inner?.itemId, text: 'inner' }]);
    const parents = thread.items('assistant_message').map((item) => [item.text, item.parentItemId]);
    expect(parents).toEqual(
      expect.arrayContaining([
        ['outer begins', outer?.itemId],
        ['inner is done', inner?.itemId],
        ['main is done', undefined],
      ]),
    );
    await thread.reached('ready');
    await thread.expectSameView();
  });

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

  it('lets a sub-agent in the background ask after the turn, and a prompt come between', async () => {
    const background = agent('the job', { run_in_background: true });
    const jobs = byUserText({
      go: inTurn([background], [text('it is on')]),
      'the job': inTurn([gate('job'), bash('touch made')], [text('job done')]),
      meanwhile: inTurn([text('of course')]),
    });
    const script: Script = (request) => (afterTask(request) ? [text('well done')] : jobs(request));
    const server = await startLiveServer(script, claude);
    const thread = await server.thread({ runtimeMode: 'approval-required' });
    expect(await thread.turn('go')).toMatchObject({ outcome: 'completed' });
    expect(await thread.turn('meanwhile')).toMatchObject({ outcome: 'completed' });
    server.endpoint.gate('job').release();
    const { requestId, owner, taskId } = await thread.request();
    expect([owner, taskId]).toEqual(['task', thread.items('subagent')[0]?.itemId]);
    expect(thread.status).toBe('ready');
    await thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    const own = await thread.fact('turn.began', (fact) => fact.origin === 'provider');
    expect(await thread.ended(own.turnId)).toMatchObject({ outcome: 'completed' });
    const [job] = thread.items('subagent');
    expect(job).toMatchObject({ status: 'completed', text: expect.stringContaining('job done') });
    expect(thread.items('command')).toMatchObject([{ parentItemId: job?.itemId, status: 'completed' }]);
    expect(thread.said.split('\n')).toEqual(expect.arrayContaining(['it is on', 'of course', 'well done']));
    await thread.expectSameView();
  });

  it('keeps what a sub-agent has asked in the turn open after it, until it is answered', async () => {
    const background = agent('the job', { run_in_background: true });
    const jobs = byUserText({
      go: inTurn([background], [gate('main'), text('it is on')]),
      'the job': inTurn([bash('touch made')], [text('job done')]),
    });
    const script: Script = (request) => (afterTask(request) ? [text('well done')] : jobs(request));
    const server = await startLiveServer(script, claude);
    const thread = await server.thread({ runtimeMode: 'approval-required' });
    const { turnId = '' } = await thread.submit('go');
    const { requestId, owner } = await thread.request();
    expect(owner).toBe('turn');
    server.endpoint.gate('main').release();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('request.handedOver')).toMatchObject([{ requestId, owner: 'task' }]);
    await thread.do({ type: 'request.respond', requestId, decision: 'decline' });
    const own = await thread.fact('turn.began', (fact) => fact.origin === 'provider');
    expect(await thread.ended(own.turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'declined' }]);
    expect(existsSync(join(server.workspace, 'made'))).toBe(false);
    await thread.expectSameView();
  });

  it('lets what a sub-agent asks expire with it', async () => {
    const background = agent('the job', { run_in_background: true });
    const jobs = byUserText({
      go: inTurn([background], [text('it is on')]),
      'the job': inTurn([gate('job'), bash('touch made')], [text('job left')]),
    });
    const server = await startLiveServer(jobs, claude);
    const thread = await server.thread({ runtimeMode: 'approval-required' });
    await thread.turn('go');
    server.endpoint.gate('job').release();
    const { requestId } = await thread.request();
    await thread.do({ type: 'thread.stop' });
    await thread.reached('stopped');
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'expired' }]);
    // claude finishes what it can when it is asked to end
    expect(thread.items('subagent')[0]?.status).not.toBe('open');
    expect(existsSync(join(server.workspace, 'made'))).toBe(false);
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
