import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { listMarked } from '../../adapters/shared/process-tree.ts';
import { requireAgent } from '../agents/agents.ts';
import { makeCodexHome, type CodexHome } from '../helpers/codex-home.ts';
import { startCodexSession, type CodexSession } from '../helpers/codex-session.ts';
import { until } from '../helpers/until.ts';
import { replies, type Script } from '../model-endpoint/script.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { functionCall, gate, httpError, text } from '../model-endpoint/step.ts';

const binary = requireAgent('codex');
const WAIT = { timeoutMs: 60_000 };

const teardown: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const undo of teardown.splice(0).toReversed()) await undo();
});

interface Talk {
  readonly endpoint: ModelEndpoint;
  readonly home: CodexHome;
  readonly codex: CodexSession;
  readonly threadId: string;
}

/** A codex with one thread, talking to a model that follows the script. */
async function start(script: Script, sandbox = 'read-only'): Promise<Talk> {
  const endpoint = await startModelEndpoint(script);
  teardown.push(() => endpoint.close());
  const home = await makeCodexHome({ endpointUrl: endpoint.url });
  teardown.push(home.remove);
  const codex = await startCodexSession(binary ?? '', home);
  teardown.push(() => codex.child.end());
  const { thread } = await codex.ask<{ thread: { id: string } }>('thread/start', {
    cwd: home.workspace,
    approvalPolicy: 'on-request',
    sandbox,
  });
  return { endpoint, home, codex, threadId: thread.id };
}

async function startTurn({ codex, threadId }: Talk, prompt: string): Promise<void> {
  await codex.ask('turn/start', { threadId, input: [{ type: 'text', text: prompt }] });
}

async function completedTurn({ codex }: Talk): Promise<unknown> {
  await until(() => codex.all('turn/completed').length > 0, WAIT);
  return codex.all('turn/completed')[0]?.params['turn'];
}

const streamed = ({ codex }: Talk): string =>
  codex
    .all('item/agentMessage/delta')
    .map(({ params }) => String(params['delta']))
    .join('');

describe.skipIf(binary === null)('codex with the model endpoint', () => {
  it('streams a turn, delta by delta', async () => {
    const talk = await start(
      replies([[text('Hello ', { id: 'msg_a' }), gate('half'), text('wörld 😀', { chunkLength: 2 })]]),
    );
    await startTurn(talk, 'say hello');
    await talk.endpoint.gate('half').reached;
    await until(() => streamed(talk) === 'Hello ', WAIT);
    expect(talk.codex.all('turn/completed')).toEqual([]);
    talk.endpoint.gate('half').release();
    expect(await completedTurn(talk)).toMatchObject({ status: 'completed', error: null });
    expect(streamed(talk)).toBe('Hello wörld 😀');
    expect(talk.codex.all('item/agentMessage/delta')).toHaveLength(5);
    expect(talk.endpoint.requests).toMatchObject([
      { threadId: talk.threadId, userText: 'say hello', purpose: 'turn', model: 'gpt-5.5' },
    ]);
    expect([talk.endpoint.errors, talk.codex.malformed]).toEqual([[], []]);
  });

  it('runs a command once it is approved, and shows its output to the model', async () => {
    const command = functionCall('exec_command', {
      cmd: 'echo from-the-shell > made.txt && cat made.txt',
      sandbox_permissions: 'require_escalated',
      justification: 'to test',
    });
    const talk = await start(replies([[command], [text('done')]]));
    await startTurn(talk, 'run it');
    const method = 'item/commandExecution/requestApproval';
    const asked = await until(() => talk.codex.all(method)[0], WAIT);
    expect(asked.params).toMatchObject({ threadId: talk.threadId, reason: 'to test' });
    expect(talk.codex.peer.respond(asked.id ?? '', { decision: 'accept' })).toBe(true);
    expect(await completedTurn(talk)).toMatchObject({ status: 'completed' });
    await access(join(talk.home.workspace, 'made.txt'));
    const [output] = talk.endpoint.requests[1]?.turnToolOutputs ?? [];
    expect(output?.output).toContain('from-the-shell');
    expect(talk.codex.all('serverRequest/resolved')).toHaveLength(1);
    expect(talk.endpoint.errors).toEqual([]);
  });

  it('recovers from an HTTP 500 of the model without a word to the client', async () => {
    const talk = await start(replies([[httpError(500)], [text('after all')]]));
    await startTurn(talk, 'try');
    expect(await completedTurn(talk)).toMatchObject({ status: 'completed' });
    expect(streamed(talk)).toBe('after all');
    expect(talk.endpoint.requests).toHaveLength(2);
    expect(talk.codex.all('error')).toEqual([]);
  });

  it.each(['read-only', 'danger-full-access'])(
    'is gone when asked to end in the middle of a turn, with a command that left its session: %s',
    async (sandbox) => {
      const command = functionCall('exec_command', {
        cmd: 'setsid sleep 1000 & sleep 1001',
        yield_time_ms: 250,
      });
      const talk = await start(replies([[command], [gate('never')]]), sandbox);
      await startTurn(talk, 'work');
      await talk.endpoint.gate('never').reached;
      const { child } = talk.codex;
      expect((await listMarked(child.identity.marker)).length).toBeGreaterThanOrEqual(4);
      const end = await child.end();
      // codex's sandbox takes everything with it; without one the command outlives codex and is ended by us.
      if (sandbox === 'read-only') expect(end).toMatchObject({ outcome: 'gone' });
      else expect(end).toEqual({ outcome: 'gone', signal: 'SIGTERM' });
      expect(await child.exited).toEqual({ code: 0, signal: null });
      expect(await listMarked(child.identity.marker)).toEqual([]);
      await talk.endpoint.until(({ openStreamCount }) => openStreamCount === 0);
      await expect(talk.codex.ask('thread/list', {})).rejects.toThrow('codex has exited');
    },
  );
});
