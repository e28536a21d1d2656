/** Threads of the real codex: settings, archives, unloading, plans, searches, servers that do not start. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codexBinary, requireAgent } from '../agents/agents.ts';
import { startCodexSession } from '../helpers/codex-session.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { askUser, runCommand } from '../model-endpoint/codex-tools.ts';
import { byUserText, replies, type Script } from '../model-endpoint/script.ts';
import { event, functionCall, text } from '../model-endpoint/step.ts';

const says = (content: string): Script => replies([[text(content)]]);
const topicsOf = (thread: LiveThread): string[] =>
  thread.items('notice').flatMap(({ body }) => (body.kind === 'notice' ? [body.topic] : []));

/** What codex said, from the protocol log. */
const framesOf = ({ data }: LiveServer): string[] =>
  readdirSync(join(data, 'logs'))
    .filter((file) => file.startsWith('codex'))
    .flatMap((file) => readFileSync(join(data, 'logs', file), 'utf8').split('\n'))
    .filter(Boolean)
    .map((line): { direction: string; frame: string } => JSON.parse(line))
    .filter(({ direction }) => direction === 'in')
    .map(({ frame }) => frame);

describe.skipIf(requireAgent('codex') === null)('a thread of codex', () => {
  it('goes by settings that are changed between two turns, and says nothing of it', async () => {
    const server = await startLiveServer(
      byUserText({
        one: says('first'),
        two: replies([[runCommand('echo made > made')], [text('second')]]),
        plan: says('So:\n<proposed_plan>\n1. one\n</proposed_plan>\n'),
        do: says('done'),
      }),
    );
    const thread = await server.thread({ runtimeMode: 'approval-required' });
    await thread.turn('one');
    await thread.do({ type: 'thread.setRuntimeMode', runtimeMode: 'full-access' });
    await thread.do({ type: 'thread.setModel', model: 'gpt-5.4' });
    await thread.turn('two');
    expect(thread.items('command')).toMatchObject([{ status: 'completed' }]);
    await thread.do({ type: 'thread.setInteractionMode', interactionMode: 'plan' });
    await thread.turn('plan');
    expect(thread.items('plan')).toMatchObject([{ text: '1. one', status: 'completed' }]);
    await thread.do({ type: 'thread.setInteractionMode', interactionMode: 'default' });
    await thread.do({ type: 'thread.setModel', model: null });
    await thread.turn('do');
    const { requests } = server.endpoint;
    expect(requests.map(({ model }) => model)).toEqual(['gpt-5.5', ...Array(3).fill('gpt-5.4'), 'gpt-5.5']);
    expect(topicsOf(thread)).not.toContain('settings.notApplied');
  });

  it('asks in plan mode without a feature for it', async () => {
    const server = await startLiveServer(
      byUserText({ plan: replies([[askUser('Which?', ['this', 'that'])], [text('so')]]) }),
    );
    const thread = await server.thread({ interactionMode: 'plan' });
    const { turnId = '' } = await thread.submit('plan');
    const { requestId } = await thread.request();
    await thread.do({ type: 'request.respond', requestId, answers: { q1: ['that'] } });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(server.endpoint.requests[1]?.turnToolOutputs[0]?.output).toContain('that');
  });

  it('shows the steps of a plan as they are done', async () => {
    const plan = (...statuses: string[]) =>
      functionCall('update_plan', {
        explanation: 'so far',
        plan: statuses.map((status, index) => ({ step: `step ${index}`, status })),
      });
    const server = await startLiveServer(
      byUserText({
        go: replies([[plan('in_progress', 'pending')], [plan('completed', 'in_progress')], [text('on it')]]),
      }),
      { codex: { tables: '[tools]\nupdate_plan = { enabled = true }' } },
    );
    const thread = await server.thread();
    await thread.turn('go');
    expect(thread.view?.state?.plan).toMatchObject({
      explanation: 'so far',
      steps: [
        { text: 'step 0', status: 'completed' },
        { text: 'step 1', status: 'running' },
      ],
    });
    await thread.expectSameView();
  });

  it('shows a search of the web with its words', async () => {
    const action = { type: 'search', query: 'weather' };
    const item = { type: 'web_search_call', id: 'ws_1', status: 'completed', action };
    const server = await startLiveServer(
      byUserText({
        look: replies([
          [
            event({ type: 'response.output_item.added', item: { ...item, status: 'in_progress' } }),
            event({ type: 'response.output_item.done', item }),
            text('sunny'),
          ],
        ]),
      }),
    );
    const thread = await server.thread();
    await thread.turn('look');
    expect(thread.items('web_search')).toMatchObject([
      { status: 'completed', body: { kind: 'web_search', query: 'weather' } },
    ]);
  });

  it('is told of a server of tools that does not start', async () => {
    const tables = '[mcp_servers.broken]\ncommand = "/no/such/program"';
    const server = await startLiveServer(byUserText({ go: says('without it') }), { codex: { tables } });
    const thread = await server.thread();
    expect(await thread.turn('go')).toMatchObject({ outcome: 'completed' });
    await thread.until(() => topicsOf(thread).includes('mcp.failed'), 'the notice');
    const [notice] = thread
      .items('notice')
      .filter(({ body }) => body.kind === 'notice' && body.topic === 'mcp.failed');
    expect(notice).toMatchObject({ body: { tone: 'error' }, text: expect.stringContaining('broken') });
  });

  it('goes on after it was put away and codex has unloaded it', async () => {
    const server = await startLiveServer(byUserText({ one: says('first'), two: says('second') }), {
      codex: { threadUnloadDelaySeconds: 1 },
    });
    const thread = await server.thread();
    await thread.turn('one');
    await thread.do({ type: 'thread.archive' });
    await thread.fact('connection.closed');
    await thread.until(
      () => framesOf(server).some((frame) => frame.includes('"thread/closed"')),
      'the unloading',
    );
    const states = framesOf(server).filter((frame) => frame.includes('"thread/status/changed"'));
    expect(states.at(-1)).toContain('"notLoaded"');
    await thread.do({ type: 'thread.unarchive' });
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, true]);
    expect(JSON.stringify(server.endpoint.requests[1]?.input)).toContain('first');
    expect(topicsOf(thread)).toEqual([]);
  });

  it('goes on after somebody has archived it at codex', async () => {
    const server = await startLiveServer(byUserText({ one: says('first'), two: says('second') }));
    const thread = await server.thread();
    await thread.turn('one');
    const opened = await thread.fact('connection.opened');
    await server.stop();
    const other = await startCodexSession(codexBinary() ?? '', server.home);
    await other.ask('thread/archive', { threadId: opened.nativeThreadId });
    await other.child.end();
    await server.start();
    await thread.until(() => thread.synchronizedCount > 1, 'the new server');
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests[1]?.input)).toContain('first');
  });
});
