/** Sub-agents of claude: each is a thread of its own as long as its task runs, and a person goes on with it afterwards. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { childOf, isLetGo } from '../helpers/child-thread.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { agent, bash, message } from '../model-endpoint/claude-tools.ts';
import { byUserText, inTurn, type Script } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';

const claude = { claude: {} };
const free = { runtimeMode: 'full-access' } as const;
const asks = { runtimeMode: 'approval-required' } as const;
const background = (job: string) => agent(job, { run_in_background: true });

/** The end of a task comes as a message of the system. */
const afterTask = (request: Parameters<Script>[0]): boolean =>
  JSON.stringify(request.input.at(-1)).includes('task-notification');
const orAfterTask =
  (script: Script): Script =>
  (request) =>
    afterTask(request) ? [text('well done')] : script(request);

describe.skipIf(requireAgent('claude') === null)('sub-agents of claude', () => {
  it('are threads of their own, nested, and leave nothing in their parent but an item', async () => {
    const script = byUserText({
      go: inTurn([agent('outer job')], [text('main is done')]),
      'outer job': inTurn([text('outer begins'), agent('inner job')], [text('outer is done')]),
      'inner job': inTurn([bash('echo inner')], [text('inner is done')]),
    });
    const server = await startLiveServer(script, claude);
    const thread = await server.thread(free);
    expect(await thread.turn('go')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('subagent')).toMatchObject([
      { body: { title: 'job: outer job' }, status: 'completed', text: 'outer is done' },
    ]);
    expect([thread.said, thread.items('command')]).toEqual(['main is done', []]);

    const outer = await childOf(thread, 'job: outer job');
    await isLetGo(outer);
    expect([outer.status, outer.said]).toEqual(['ready', 'outer begins\nouter is done']);
    expect(outer.items('user_message')).toMatchObject([{ text: 'outer job', body: { intent: 'provider' } }]);
    expect(outer.view?.state?.usage?.contextTokens).toBeGreaterThan(0);
    const inner = await childOf(outer, 'job: inner job');
    await isLetGo(inner);
    expect(inner.items('command')).toMatchObject([{ text: 'inner', status: 'completed' }]);
    expect([inner.status, inner.said]).toEqual(['ready', 'inner is done']);
    for (const each of [thread, outer, inner]) await each.expectSameView();
  });

  it('ask at once, each in its own thread', async () => {
    const script = byUserText({
      go: inTurn([agent('left'), agent('right')], [], [text('both are over')]),
      left: inTurn([bash('touch left')], [text('left is done')]),
      right: inTurn([bash('touch right')], [text('right is done')]),
    });
    const server = await startLiveServer(script, claude);
    const thread = await server.thread(asks);
    const { turnId = '' } = await thread.submit('go');
    const left = await childOf(thread, 'job: left');
    const right = await childOf(thread, 'job: right');
    const wishes = [await left.request(), await right.request()];
    expect(wishes.map(({ body }) => body)).toMatchObject([
      { command: 'touch left' },
      { command: 'touch right' },
    ]);
    expect(thread.openRequests).toEqual([]);
    await right.do({ type: 'request.respond', requestId: wishes[1]?.requestId ?? '', decision: 'accept' });
    await left.do({ type: 'request.respond', requestId: wishes[0]?.requestId ?? '', decision: 'decline' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(left.items('command')).toMatchObject([{ status: 'declined' }]);
    expect(right.items('command')).toMatchObject([{ status: 'completed' }]);
    expect(['left', 'right'].map((name) => existsSync(join(server.workspace, name)))).toEqual([false, true]);
    for (const each of [thread, left, right]) await each.expectSameView();
  });

  it('work on in the background after the turn, ask there, and wake their agent by their end', async () => {
    const script = byUserText({
      go: inTurn([background('the job')], [text('it is on')]),
      'the job': inTurn([gate('job'), bash('touch made')], [text('job done')]),
      meanwhile: inTurn([text('of course')]),
    });
    const server = await startLiveServer(orAfterTask(script), claude);
    const thread = await server.thread(asks);
    expect(await thread.turn('go')).toMatchObject({ outcome: 'completed' });
    expect(await thread.turn('meanwhile')).toMatchObject({ outcome: 'completed' });
    const child = await childOf(thread, 'job: the job');
    server.endpoint.gate('job').release();
    const { requestId, owner } = await child.request();
    expect([owner, thread.status, child.status]).toEqual(['turn', 'ready', 'running']);
    await child.do({ type: 'request.respond', requestId, decision: 'accept' });
    const own = await thread.fact('turn.began', (fact) => fact.origin === 'provider');
    expect(await thread.ended(own.turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.items('subagent')).toMatchObject([{ status: 'completed', text: 'job done' }]);
    await isLetGo(child);
    expect(child.items('command')).toMatchObject([{ status: 'completed' }]);
    expect([child.status, child.said]).toEqual(['ready', 'job done']);
    for (const each of [thread, child]) await each.expectSameView();
  });

  it('go on with a person in a conversation of their own, which is told what was said', async () => {
    const script = byUserText({
      go: inTurn([agent('the job')], [text('main is done')]),
      'the job': inTurn([text('the answer is 42')]),
      'are you sure': inTurn([text('quite sure')]),
    });
    const server = await startLiveServer(script, claude);
    const thread = await server.thread(free);
    await thread.turn('go');
    const child = await childOf(thread, 'job: the job');
    await isLetGo(child);
    expect(await child.turn('are you sure')).toMatchObject({ outcome: 'completed' });
    const asked = JSON.stringify(server.endpoint.requests.at(-1)?.input);
    expect(asked).toContain('the answer is 42');
    expect(child.said).toBe('the answer is 42\nquite sure');
    expect(child.facts('connection.opened')).toMatchObject([{ resumed: false }]);
    await child.expectSameView();
  });

  it('are stopped alone, or with what began them', async () => {
    const script = byUserText({
      go: inTurn([agent('left'), agent('right')], [], [text('both are over')]),
      left: inTurn([text('left '), gate('left'), text('ends')]),
      right: inTurn([gate('right'), text('right ends')]),
      more: inTurn([agent('long')], [text('never said')]),
      long: inTurn([gate('long'), text('never said')]),
      later: inTurn([background('left behind')], [text('it is on')]),
      'left behind': inTurn([gate('behind'), bash('touch behind')], [text('it is left')]),
    });
    const server = await startLiveServer(script, claude);
    const thread = await server.thread(asks);
    const { turnId = '' } = await thread.submit('go');
    const left = await childOf(thread, 'job: left');
    const right = await childOf(thread, 'job: right');
    await server.endpoint.gate('left').reached;
    await server.endpoint.gate('right').reached;
    await left.do({ type: 'turn.interrupt' });
    expect(await left.fact('turn.ended')).toMatchObject({ outcome: 'interrupted' });
    expect(right.status).toBe('running');
    server.endpoint.gate('right').release();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.items('subagent').map(({ status }) => status)).toEqual(['interrupted', 'completed']);
    await isLetGo(left);
    expect([left.status, right.said]).toEqual(['interrupted', 'right ends']);

    const again = await thread.submit('more');
    const long = await childOf(thread, 'job: long');
    await server.endpoint.gate('long').reached;
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(again.turnId ?? '')).toMatchObject({ outcome: 'interrupted' });
    expect(await long.fact('turn.ended')).toMatchObject({ outcome: 'interrupted' });

    await thread.turn('later');
    const behind = await childOf(thread, 'job: left behind');
    server.endpoint.gate('behind').release();
    const { requestId } = await behind.request();
    await thread.do({ type: 'thread.stop' });
    await thread.reached('stopped');
    await isLetGo(behind);
    expect(behind.facts('request.closed')).toMatchObject([{ requestId }]);
    expect(behind.facts('turn.ended')).toHaveLength(1);
    expect(
      [thread, behind].flatMap((each) => each.items('subagent')).map(({ status }) => status),
    ).not.toContain('open');
    expect(existsSync(join(server.workspace, 'behind'))).toBe(false);
    for (const each of [thread, left, right, long, behind]) await each.expectSameView();
  });

  it('are woken again by a message of their agent, and told more while they work', async () => {
    const tasks: string[] = [];
    const jobs = byUserText({
      go: inTurn([background('the job')], [text('it is on')]),
      'the job': inTurn([gate('job'), bash('echo seen')], [text('job done')]),
      tell: (request) => inTurn([message(tasks[0] ?? '', 'look twice')], [text('told')])(request),
      wake: (request) => inTurn([message(tasks[0] ?? '', 'once more')], [text('woken')])(request),
    });
    const script: Script = (request) => {
      if (afterTask(request)) return [text('well done')];
      return request.userText.includes('once more') && !request.userText.startsWith('<')
        ? [text('done once more')]
        : jobs(request);
    };
    const server = await startLiveServer(script, claude);
    const thread = await server.thread(free);
    await thread.turn('go');
    const child = await childOf(thread, 'job: the job');
    const launched = server.endpoint.requests.flatMap(
      ({ input }) => JSON.stringify(input).match(/(?<=agentId: )\w+/g) ?? [],
    );
    tasks.push(...launched);
    await thread.turn('tell');
    server.endpoint.gate('job').release();
    await isLetGo(child);
    expect(child.items('user_message').map((item) => item.text)).toEqual(['the job', 'look twice']);
    const own = await thread.fact('turn.began', (fact) => fact.origin === 'provider');
    await thread.ended(own.turnId);

    await thread.turn('wake');
    await child.until(() => child.facts('turn.ended').length === 2, 'the second end');
    await isLetGo(child);
    expect(child.facts('turn.ended').map(({ outcome }) => outcome)).toEqual(['completed', 'completed']);
    expect(child.said).toBe('job done\ndone once more');
    const agents = thread
      .items('subagent')
      .map(({ body, status }) => [body.kind === 'subagent' && body.threadId, status]);
    expect(agents).toEqual([
      [child.threadId, 'completed'],
      [child.threadId, 'completed'],
    ]);
    for (const each of [thread, child]) await each.expectSameView();
  });
});
