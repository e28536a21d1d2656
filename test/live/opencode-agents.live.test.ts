/** Sub-agents of opencode: each is a thread of its own. A start takes seconds, so that each test has one server and many threads. */
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { childOf } from '../helpers/child-thread.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { bash, task } from '../model-endpoint/opencode-tools.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { gate, text, type Step } from '../model-endpoint/step.ts';

// 1.18.33 has sub-agents of sub-agents only where it is told so
const opencode = { opencode: { config: { subagent_depth: 3 } } };
const LIMITS = { timeout: 240_000 };

/** The replies to one prompt, also where a session has had others before. */
function inTurn(...inOrder: readonly (readonly Step[])[]): Script {
  return ({ turnToolOutputs }) => inOrder[turnToolOutputs.length] ?? [];
}

describe.skipIf(requireAgent('opencode') === null)('sub-agents of opencode', LIMITS, () => {
  it('are threads of their own, nested, with their own requests, and take prompts of a person', async () => {
    const script = byUserText({
      delegate: inTurn([task('look around')], [text('all looked at')]),
      'look around': inTurn([bash('echo seen')], [task('look deeper')], [text('I have seen it')]),
      'look deeper': inTurn([text('deep down')]),
      'and you': inTurn([bash('echo again')], [text('still here')]),
      'and then': inTurn([text('so it goes')]),
    });
    const server = await startLiveServer(script, opencode);
    const client = await server.connect();
    const thread = await server.thread({ client, runtimeMode: 'approval-required' });
    const { turnId = '' } = await thread.submit('delegate');
    const child = await childOf(thread, 'job: look around');
    const wish = await child.request();
    expect(wish).toMatchObject({ owner: 'turn', body: { kind: 'command', command: 'echo seen' } });
    expect([child.status, thread.status, thread.openRequests]).toEqual(['running', 'running', []]);
    await child.do({ type: 'request.respond', requestId: wish.requestId, decision: 'accept' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.items('subagent')).toMatchObject([{ status: 'completed', text: 'I have seen it' }]);
    expect(thread.items('command')).toEqual([]);
    expect(thread.said).toBe('all looked at');

    await child.reached('ready');
    expect(child.items('user_message')).toMatchObject([
      { text: 'look around', body: { intent: 'provider' } },
    ]);
    expect(child.items('command')).toMatchObject([{ status: 'completed', text: 'seen\n' }]);
    expect(child.said).toBe('I have seen it');
    expect(child.facts('turn.ended')).toMatchObject([{ outcome: 'completed' }]);
    const grandchild = await childOf(child, 'job: look deeper');
    await grandchild.reached('ready');
    expect(grandchild.said).toBe('deep down');

    const asked = await child.submit('and you');
    const again = await child.request();
    expect(again.body).toMatchObject({ command: 'echo again' });
    await child.do({ type: 'request.respond', requestId: again.requestId, decision: 'accept' });
    expect(await child.ended(asked.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('I have seen it');
    expect(await thread.turn('and then')).toMatchObject({ outcome: 'completed' });
    for (const each of [thread, child, grandchild]) {
      expect(each.items('unrecognized')).toEqual([]);
      await each.expectSameView();
    }

    // it goes on by itself where its parent has no connection any more
    await thread.do({ type: 'thread.stop' });
    await thread.reached('stopped');
    await child.fact('connection.closed');
    const alone = await child.submit('and you');
    const last = await child.request();
    await child.do({ type: 'request.respond', requestId: last.requestId, decision: 'decline' });
    expect(await child.ended(alone.turnId ?? '')).toMatchObject({ outcome: 'completed' });
    expect(child.facts('connection.opened')).toMatchObject([{ resumed: true }]);
    await child.expectSameView();
  });

  it('work side by side, and are interrupted alone or with what began them', async () => {
    const script = byUserText({
      both: inTurn([task('left'), task('right')], [], [text('both are over')]),
      left: inTurn([text('left '), gate('left'), text('ends')]),
      right: inTurn([text('right '), gate('right'), text('ends')]),
      one: inTurn([task('long')], [text('it is over')]),
      long: inTurn([text('long '), gate('long'), text('ends')]),
    });
    const server = await startLiveServer(script, opencode);
    const client = await server.connect();
    const thread = await server.thread({ client, runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('both');
    const left = await childOf(thread, 'job: left');
    const right = await childOf(thread, 'job: right');
    await server.endpoint.gate('left').reached;
    await server.endpoint.gate('right').reached;
    await left.do({ type: 'turn.interrupt' });
    expect(await left.fact('turn.ended')).toMatchObject({ outcome: 'interrupted' });
    expect(right.status).toBe('running');
    server.endpoint.gate('right').release();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    await right.reached('ready');
    expect([right.said, right.facts('turn.ended').map(({ outcome }) => outcome)]).toEqual([
      'right ends',
      ['completed'],
    ]);

    const one = await server.thread({ client, runtimeMode: 'full-access' });
    const began = await one.submit('one');
    const long = await childOf(one, 'job: long');
    await server.endpoint.gate('long').reached;
    await one.do({ type: 'turn.interrupt' });
    expect(await one.ended(began.turnId ?? '')).toMatchObject({ outcome: 'interrupted' });
    expect(await long.fact('turn.ended')).toMatchObject({ outcome: 'interrupted' });
    await long.reached('interrupted');
    for (const each of [thread, left, right, one, long]) await each.expectSameView();
  });
});
