/** What other clients of the real codex have done with a conversation before it is opened here. */
import { readdir } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codexDriver } from '../../adapters/codex/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { ProviderAdapter } from '../../machines/ports/provider.ts';
import { requireAgent } from '../agents/agents.ts';
import { makeCodexHome, type CodexHome } from '../helpers/codex-home.ts';
import { startCodexSession, type CodexSession } from '../helpers/codex-session.ts';
import { ProviderHarness } from '../helpers/provider-harness.ts';
import { ProviderThread } from '../helpers/provider-thread.ts';
import { until } from '../helpers/until.ts';
import { byUserText, replies } from '../model-endpoint/script.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { functionCall, text } from '../model-endpoint/step.ts';

const binary = requireAgent('codex') ?? '';
const WAIT = { timeoutMs: 60_000 };
const SCRIPT = byUserText({
  one: replies([[text('answer one')]]),
  two: replies([[text('answer two')]]),
  'look it up': replies([[functionCall('lookup_ticket', { id: 7 })], [text('then without it')]]),
});
const TOOL = {
  name: 'lookup_ticket',
  description: 'looks a ticket up',
  inputSchema: { type: 'object', properties: { id: { type: 'number' } } },
};

interface Stage {
  readonly endpoint: ModelEndpoint;
  readonly home: CodexHome;
  readonly other: CodexSession;
  /** A conversation with one turn, by the other client. */
  readonly nativeThreadId: string;
  /** Ends the other client, however. */
  endOther(isKilled: boolean): Promise<void>;
  /** The conversation, at an adapter of ours. */
  open(): Promise<ProviderThread>;
}

async function setStage(more: object = {}): Promise<Stage> {
  const endpoint = await startModelEndpoint(SCRIPT);
  const home = await makeCodexHome({ endpointUrl: endpoint.url });
  const other = await startCodexSession(binary, home);
  const adapters: ProviderAdapter[] = [];
  const harness = new ProviderHarness();
  onTestFinished(async () => {
    await other.child.end();
    for (const adapter of adapters) await adapter.dispose();
    await endpoint.close();
    await home.remove();
    expect(harness.defects).toEqual([]);
    expect(harness.rows.size).toBe(0);
  });
  const { thread } = await other.ask<{ thread: { id: string } }>('thread/start', {
    cwd: home.workspace,
    approvalPolicy: 'on-request',
    sandbox: 'workspace-write',
    ...more,
  });
  await other.ask('turn/start', { threadId: thread.id, input: [{ type: 'text', text: 'one' }] });
  await until(() => other.all('turn/completed').length === 1, WAIT);
  const open = async (): Promise<ProviderThread> => {
    const instanceId = instanceIdSchema.parse('codex');
    const instance = { instanceId, driver: 'codex', command: binary, env: home.env };
    const adapter = codexDriver.create(instance, harness);
    adapters.push(adapter);
    adapter.perform({ type: 'process.start', instanceId });
    await harness.awaitInstance('process.started');
    const opened = new ProviderThread(adapter, harness, { cwd: home.workspace, instanceId });
    opened.nativeThreadId = thread.id;
    expect(await opened.open()).toMatchObject({ resumed: true, nativeThreadId: thread.id });
    return opened;
  };
  return {
    endpoint,
    home,
    other,
    nativeThreadId: thread.id,
    endOther: async (isKilled) => {
      if (isKilled) process.kill(other.child.identity.pid, 'SIGKILL');
      await other.child.end();
    },
    open,
  };
}

const contextOf = ({ endpoint }: Stage, prompt: string): string =>
  JSON.stringify(endpoint.requests.findLast(({ userText }) => userText.trim() === prompt)?.input ?? null);

async function rollouts({ home }: Stage): Promise<string[]> {
  const files = await readdir(home.path, { recursive: true });
  return files.filter((file) => file.includes('rollout-'));
}

describe.skipIf(binary === '')('a conversation of another client', () => {
  // 0.169.0 moves the file: it resumes nothing that is archived, but nothing is lost, whenever it is killed
  it('that was being archived when codex was killed goes on with all that was said', async () => {
    const stage = await setStage();
    const { other, nativeThreadId: threadId } = stage;
    other.ask('thread/archive', { threadId }).catch(() => undefined);
    await stage.endOther(true);
    expect(await rollouts(stage)).toHaveLength(1);
    const thread = await stage.open();
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(contextOf(stage, 'two')).toContain('answer one');
    expect(await rollouts(stage)).toHaveLength(1);
  });

  it('that has tools of that client goes on without them, and shows what was called', async () => {
    const stage = await setStage({ dynamicTools: [TOOL] });
    await stage.endOther(false);
    const thread = await stage.open();
    expect(await thread.turn('look it up')).toMatchObject({ outcome: 'completed' });
    const refusal = 'this tool is not available here';
    expect(thread.items('tool_call')).toMatchObject([
      {
        body: { kind: 'tool_call', tool: 'lookup_ticket', input: '{"id":7}' },
        status: 'failed',
        text: refusal,
      },
    ]);
    expect(thread.items('assistant_message')).toMatchObject([{ text: 'then without it' }]);
    expect(thread.items('unrecognized')).toEqual([]);
    const told = stage.endpoint.requests.at(-1)?.turnToolOutputs;
    expect(told).toMatchObject([{ output: expect.stringContaining(refusal) }]);
  });
});
