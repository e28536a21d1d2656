/** What the real codex asks beyond leave for commands and patches: forms, pages, tools, permissions, questions. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { runEscalated } from '../model-endpoint/codex-tools.ts';
import { byUserText, replies } from '../model-endpoint/script.ts';
import { functionCall, text, type Step } from '../model-endpoint/step.ts';

const TINY = join(import.meta.dirname, '..', 'fixtures', 'tiny-mcp.mjs');
const MCP = {
  tables: `[mcp_servers.tiny]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${JSON.stringify(TINY)}]`,
};
const tiny = (name: string, args: object): Step => functionCall(name, args, { namespace: 'mcp__tiny' });

/** A server whose model calls one tool of the MCP server, and a turn that has come to the question. */
async function startTool(name: string, args: object) {
  const script = byUserText({ call: replies([[tiny(name, args)], [text('done')]]) });
  const server = await startLiveServer(script, { codex: MCP });
  const thread = await server.thread();
  const { turnId = '' } = await thread.submit('call');
  return { server, thread, turnId };
}

/** What the tool gave the model. */
const outputOf = (server: LiveServer): string =>
  server.endpoint.requests.at(-1)?.turnToolOutputs[0]?.output ?? '';

async function finish(thread: LiveThread, turnId: string): Promise<void> {
  expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
  expect(thread.openRequests).toEqual([]);
  await thread.expectSameView();
}

describe.skipIf(requireAgent('codex') === null)('what codex asks', () => {
  it('is a form of an MCP server, whose answers have their types', async () => {
    const schema = {
      type: 'object',
      required: ['name', 'age'],
      properties: {
        name: { type: 'string', title: 'Name', minLength: 2 },
        age: { type: 'integer', minimum: 1, maximum: 9 },
        ok: { type: 'boolean' },
        size: { type: 'string', oneOf: [{ const: 's', title: 'Small' }] },
        tags: { type: 'array', maxItems: 1, items: { type: 'string', enum: ['a', 'b'] } },
      },
    };
    const { server, thread, turnId } = await startTool('ask', { schema });
    const { requestId, body, decisions, reason } = await thread.request();
    expect(reason).toBe('Fill in');
    expect(decisions).toEqual(['decline', 'cancel']);
    const questions = body.kind === 'question' ? body.questions.map(({ questionId }) => questionId) : [];
    expect(questions.toSorted()).toEqual(['age', 'name', 'ok', 'size', 'tags']);
    const answer = (answers: Record<string, string[]>) =>
      thread.do({ type: 'request.respond', requestId, answers });
    const complete = { name: ['Bo'], age: ['3'], ok: ['yes'], size: ['Small'], tags: ['a'] };
    for (const [questionId, texts] of Object.entries({
      name: ['B'],
      age: ['10'],
      size: ['s'],
      tags: ['a', 'b'],
    })) {
      await expect(answer({ ...complete, [questionId]: texts })).rejects.toMatchObject({
        code: 'ANSWER_INVALID',
        details: { questionId },
      });
    }
    await answer(complete);
    await finish(thread, turnId);
    const content = { name: 'Bo', age: 3, ok: true, size: 's', tags: ['a'] };
    expect(outputOf(server)).toContain('accept');
    const [call] = thread.items('tool_call');
    expect(JSON.parse(call?.text ?? '')).toMatchObject({ action: 'accept', content });
  });

  it('is a form that may be declined', async () => {
    const schema = { type: 'object', properties: { name: { type: 'string' } } };
    const { server, thread, turnId } = await startTool('ask', { schema });
    const { requestId } = await thread.request();
    await thread.do({ type: 'request.respond', requestId, decision: 'decline' });
    await finish(thread, turnId);
    expect(outputOf(server)).toContain('decline');
  });

  it('is a page to visit', async () => {
    const { server, thread, turnId } = await startTool('visit', { url: 'https://example.org/login' });
    const { requestId, body } = await thread.request();
    expect(body).toEqual({
      kind: 'tool',
      tool: 'elicitation',
      server: 'tiny',
      url: 'https://example.org/login',
    });
    await thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    await finish(thread, turnId);
    expect(outputOf(server)).toContain('accept');
  });

  it('is leave for a tool, with its arguments', async () => {
    const { server, thread, turnId } = await startTool('write', { path: 'a' });
    const { requestId, body, decisions } = await thread.request();
    expect(body).toEqual({ kind: 'tool', tool: 'write', server: 'tiny', input: '{"path":"a"}' });
    expect(decisions).toEqual(['accept', 'acceptForSession', 'decline', 'cancel']);
    await thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    await finish(thread, turnId);
    expect(thread.items('tool_call')).toMatchObject([
      { status: 'completed', text: 'write {"path":"a"}', body: { tool: 'write', server: 'tiny' } },
    ]);
    expect(outputOf(server)).toContain('write');
  });

  it('is nothing for a tool that fails by itself', async () => {
    const { thread, turnId } = await startTool('fail', {});
    await finish(thread, turnId);
    expect(thread.items('tool_call')).toMatchObject([{ status: 'failed', text: 'it went wrong' }]);
  });

  it('is leave for what the sandbox forbids, granted as it was asked', async () => {
    const permissions = { network: { enabled: true }, file_system: { write: ['/opt/w'] } };
    const call = functionCall('request_permissions', { reason: 'for the test', permissions });
    const server = await startLiveServer(byUserText({ go: replies([[call], [text('done')]]) }), {
      codex: { features: { request_permissions_tool: true } },
    });
    const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
    const { turnId = '' } = await thread.submit('go');
    const { requestId, body, decisions, reason } = await thread.request();
    expect(reason).toBe('for the test');
    expect(decisions).toEqual(['accept', 'acceptForSession', 'decline']);
    expect(body).toEqual({
      kind: 'file-change',
      paths: ['/opt/w'],
      permissions: ['network', 'write /opt/w'],
    });
    await thread.do({ type: 'request.respond', requestId, decision: 'acceptForSession' });
    await finish(thread, turnId);
    expect(JSON.parse(outputOf(server))).toMatchObject({ permissions, scope: 'session' });
  });

  it('is leave for a command once in a session, although codex does not offer that', async () => {
    const again = () => replies([[runEscalated('echo hi > made')], [text('done')]]);
    const server = await startLiveServer(byUserText({ one: again(), two: again() }));
    const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
    const { turnId = '' } = await thread.submit('one');
    const { requestId, decisions } = await thread.request();
    expect(decisions).toEqual(['accept', 'acceptForSession', 'decline', 'cancel']);
    await thread.do({ type: 'request.respond', requestId, decision: 'acceptForSession' });
    await thread.ended(turnId);
    await thread.turn('two');
    expect(thread.facts('request.opened')).toHaveLength(1);
    expect(existsSync(join(server.workspace, 'made'))).toBe(true);
    await finish(thread, turnId);
  });

  it('is several questions at once', async () => {
    const question = (id: string, labels: readonly string[]) => ({
      id,
      header: id,
      question: `${id}?`,
      options: labels.map((label) => ({ label, description: '' })),
    });
    const questions = [question('size', ['s', 'l']), question('colour', ['red', 'blue'])];
    const server = await startLiveServer(
      byUserText({ ask: replies([[functionCall('request_user_input', { questions })], [text('done')]]) }),
      { codex: { features: { default_mode_request_user_input: true } } },
    );
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('ask');
    const { requestId, body } = await thread.request();
    expect(body).toMatchObject({
      questions: [
        { questionId: 'size', options: [{ label: 's' }, { label: 'l' }] },
        { questionId: 'colour', allowsText: true },
      ],
    });
    const answers = { size: ['l'], colour: ['something else'] };
    await thread.do({ type: 'request.respond', requestId, answers });
    await finish(thread, turnId);
    expect(JSON.parse(outputOf(server)).answers).toEqual({
      size: { answers: ['l'] },
      colour: { answers: ['something else'] },
    });
  });
});
