/** MCP servers of claude: calls, failures, and what they ask a person. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { inTurn } from '../model-endpoint/script.ts';
import { functionCall, text, type Step } from '../model-endpoint/step.ts';

const TINY = join(import.meta.dirname, '..', 'fixtures', 'tiny-mcp.mjs');
const claude = {
  claude: { mcpServers: { tiny: { type: 'stdio', command: process.execPath, args: [TINY] } } },
};
const tiny = (name: string, args: object): Step => functionCall(`mcp__tiny__${name}`, args);
const SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string', title: 'Name' }, count: { type: 'integer' } },
  required: ['name'],
};

describe.skipIf(requireAgent('claude') === null)('mcp servers of claude', () => {
  it('are asked for leave, and do their work or fail', async () => {
    const script = inTurn([tiny('echo', { word: 'hi' })], [tiny('fail', {})], [text('done')]);
    const server = await startLiveServer(script, claude);
    const thread = await server.thread({ runtimeMode: 'approval-required' });
    const { turnId = '' } = await thread.submit('go');
    const first = await thread.request();
    expect(first.body).toMatchObject({ kind: 'tool', tool: 'echo', server: 'tiny', input: '{"word":"hi"}' });
    await thread.do({ type: 'request.respond', requestId: first.requestId, decision: 'accept' });
    await thread.until(
      () => thread.openRequests.some(({ requestId }) => requestId !== first.requestId),
      'the second one',
    );
    const { requestId } = await thread.request();
    await thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.items('tool_call')).toMatchObject([
      { status: 'completed', text: 'echo {"word":"hi"}', body: { server: 'tiny', tool: 'echo' } },
      { status: 'failed', text: expect.stringContaining('it went wrong') },
    ]);
    await thread.expectSameView();
  });

  it('have a form filled in by a person', async () => {
    const script = inTurn([tiny('ask', { schema: SCHEMA })], [text('done')]);
    const server = await startLiveServer(script, claude);
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('go');
    const { requestId, body, reason } = await thread.request();
    expect([body.kind, reason]).toEqual(['question', 'Fill in']);
    await thread.do({ type: 'request.respond', requestId, answers: { name: ['Ada'], count: ['3'] } });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    const [call] = thread.items('tool_call');
    expect(JSON.parse(call?.text ?? '')).toMatchObject({
      action: 'accept',
      content: { name: 'Ada', count: 3 },
    });
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'answered' }]);
    expect(thread.items('unrecognized')).toEqual([]);
    await thread.expectSameView();
  });

  it('send a person to a page, and are told no', async () => {
    const script = inTurn([tiny('visit', { url: 'https://example.org/log-in' })], [text('done')]);
    const server = await startLiveServer(script, claude);
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('go');
    const { requestId, body } = await thread.request();
    expect(body).toMatchObject({ kind: 'tool', server: 'tiny', url: 'https://example.org/log-in' });
    await thread.do({ type: 'request.respond', requestId, decision: 'decline' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.items('tool_call')[0]?.text).toContain('decline');
    await thread.expectSameView();
  });
});
