/** How turns of the real codex go, where that is special to codex. */
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { openText, runCommand, runEscalated } from '../model-endpoint/codex-tools.ts';
import { byUserText, replies, type Script } from '../model-endpoint/script.ts';
import { functionCall, gate, text } from '../model-endpoint/step.ts';

const says = (content: string): Script => replies([[text(content)]]);

describe.skipIf(requireAgent('codex') === null)('turns of codex', () => {
  it('interrupts the message that a steer cuts short, at the steer', async () => {
    const server = await startLiveServer(
      byUserText({
        go: replies([[...openText('one way '), gate('never')]]),
        'turn left': replies([[gate('late'), text('left it is')]]),
      }),
    );
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('go');
    await thread.until(() => thread.said === 'one way ', 'the first words');
    await thread.submit('turn left', { mode: 'steer', turnId });
    await server.endpoint.gate('late').reached;
    const cut = { text: 'one way ', status: 'interrupted' };
    await thread.until(() => thread.items('assistant_message')[0]?.status !== 'open', 'the cut');
    expect(thread.items('assistant_message')).toMatchObject([cut]);
    expect(thread.facts('turn.ended')).toEqual([]);
    server.endpoint.gate('late').release();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.items('assistant_message')).toMatchObject([
      cut,
      { text: 'left it is', status: 'completed' },
    ]);
    await thread.expectSameView();
  });

  it('lets a steer wait for the end of a command', async () => {
    const server = await startLiveServer(
      byUserText({
        run: replies([[runCommand('until [ -e go ]; do sleep 0.02; done; echo ran')]]),
        'and then?': says('that was it'),
      }),
    );
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('run');
    await thread.until(() => thread.items('command').length === 1, 'the command');
    await thread.submit('and then?', { mode: 'steer', turnId });
    await thread.fact('turn.steered');
    expect(thread.items('command')).toMatchObject([{ status: 'open' }]);
    server.touch('go');
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.items('command')).toMatchObject([{ status: 'completed', text: 'ran\n' }]);
    expect(thread.said).toBe('that was it');
    await thread.expectSameView();
  });

  it('keeps a steer for after an approval', async () => {
    const server = await startLiveServer(
      byUserText({ run: replies([[runEscalated('echo ran')]]), 'and then?': says('that was it') }),
    );
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('run');
    const { requestId } = await thread.request();
    await thread.submit('and then?', { mode: 'steer', turnId });
    await thread.fact('turn.steered');
    expect(thread.openRequests).toHaveLength(1);
    await thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.items('command')).toMatchObject([{ status: 'completed' }]);
    expect(thread.said).toBe('that was it');
  });

  it('interrupts a turn that codex has not begun', async () => {
    const server = await startLiveServer(byUserText({ go: replies([[gate('never'), text('no')]]) }));
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('go');
    await thread.do({ type: 'turn.interrupt', turnId });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    await thread.reached('interrupted');
  });

  it('keeps messages of two turns apart that have one id at the model', async () => {
    const same = (content: string): Script => replies([[text(content, { id: 'msg_same' })]]);
    const server = await startLiveServer(byUserText({ one: same('first'), two: same('second') }));
    const thread = await server.thread();
    await thread.turn('one');
    await thread.turn('two');
    expect(thread.items('assistant_message').map((item) => item.text)).toEqual(['first', 'second']);
    await thread.expectSameView();
  });

  it('ends a turn that codex tries again for ever', async () => {
    const server = await startLiveServer(byUserText({}));
    await server.endpoint.close();
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('go');
    await thread.until(
      () => thread.items('notice').some(({ text: said }) => said.includes('Reconnecting')),
      'a retry',
    );
    expect(thread.status).toBe('running');
    await thread.do({ type: 'turn.interrupt', turnId });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted' });
  });

  it('shows the turns that a goal begins, until it is reached', async () => {
    const server = await startLiveServer(
      replies([
        [functionCall('create_goal', { objective: 'count' })],
        [text('one')],
        [text('two')],
        [functionCall('update_goal', { status: 'complete' })],
        [text('three')],
      ]),
      { codex: { features: { goals: true } } },
    );
    const thread = await server.thread();
    await thread.turn('go');
    await thread.until(() => thread.said === 'one\ntwo\nthree', 'the goal');
    await thread.reached('ready');
    expect(thread.facts('turn.began').map(({ origin }) => origin)).toEqual(['user', 'provider', 'provider']);
    expect(thread.facts('turn.ended').map(({ outcome }) => outcome)).toEqual(Array(3).fill('completed'));
    await thread.expectSameView();
  });

  it('shows a compaction that codex makes by itself', async () => {
    const long = 'word '.repeat(200);
    const server = await startLiveServer(
      byUserText({ one: replies([[text(long)]]), two: says('still here') }, says('a summary')),
      { codex: { rootLines: ['model_auto_compact_token_limit = 12'] } },
    );
    const thread = await server.thread();
    await thread.turn('one');
    await thread.turn('two');
    expect(thread.items('compaction')).toMatchObject([{ status: 'completed' }]);
    expect(thread.said).toContain('still here');
    await thread.expectSameView();
  });
});
