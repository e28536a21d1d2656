/** A real agent delegates to another real agent with the tools that it was given. The model says which tools it calls. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { claudeBinary, codexBinary, requireAgent } from '../agents/agents.ts';
import { makeClaudeHome } from '../helpers/claude-home.ts';
import { makeCodexHome } from '../helpers/codex-home.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import { LiveThread } from '../helpers/live-thread.ts';
import type { ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { functionCall, text, type Step } from '../model-endpoint/step.ts';

const LIMITS = { timeout: 240_000 };
type Agent = 'codex' | 'claude';

const toolOf = (agent: Agent, name: string, given: object): Step =>
  agent === 'codex'
    ? functionCall(name, given, { namespace: 'mcp__threadchart' })
    : functionCall(`mcp__threadchart__${name}`, given);

/** The task's id, from what the tool has answered. */
const taskIn = (outputs: readonly unknown[]): string =>
  /taskId\W+(\w+)/.exec(JSON.stringify(outputs))?.[1] ?? 'none';

/** The prompt `go` delegates `look` to the other agent; `read` waits for what it says. */
function scriptOf(agent: Agent, other: Agent): Script {
  const delegate = toolOf(agent, 'delegate', { task: 'look', instanceId: other, clientRequestId: 'r1' });
  return byUserText(
    {
      go: ({ turnToolOutputs: { length } }) => (length === 0 ? [delegate] : [text('handed over')]),
      read: ({ turnToolOutputs: outputs }) => {
        if (outputs.length === 0) return [delegate];
        if (outputs.length === 1) return [toolOf(agent, 'wait', { taskIds: [taskIn(outputs)] })];
        return [text(`read ${JSON.stringify(outputs.at(-1)).includes('seen it')}`)];
      },
      look: () => [text('seen it')],
    },
    ({ userText }) => [text(userText.includes('seen it') ? 'good to know' : 'what is that')],
  );
}

const homeOf = async (agent: Agent, { url, origin }: ModelEndpoint) => {
  const home = await (agent === 'codex'
    ? makeCodexHome({ endpointUrl: url })
    : makeClaudeHome({ endpointUrl: origin }));
  onTestFinished(() => home.remove());
  return home;
};

/** Both agents beside each other. */
async function startBoth(agent: Agent, other: Agent): Promise<LiveServer> {
  const server = await startLiveServer(scriptOf(agent, other), { config: { instances: [] } });
  const instances = await Promise.all(
    (['codex', 'claude'] as const).map(async (each) => ({
      instanceId: each,
      driver: each,
      command: each === 'codex' ? codexBinary() : claudeBinary(),
      env: (await homeOf(each, server.endpoint)).env,
    })),
  );
  const config = { drainMs: 0, deltaWindowMs: 0, instances };
  writeFileSync(join(server.data, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  await server.restart();
  return server;
}

const messages = (thread: LiveThread): string[] => thread.items('assistant_message').map((item) => item.text);

/** Of all files that the server and its agents have written. */
function filesWith(folders: readonly string[], word: RegExp): string[] {
  const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }));
  return files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .filter((path) => word.test(readFileSync(path, 'latin1')));
}

const isMissing = requireAgent('codex') === null || requireAgent('claude') === null;
describe.skipIf(isMissing).each([
  ['codex', 'claude'],
  ['claude', 'codex'],
] as const)('%s', LIMITS, (agent, other) => {
  it(`hands a task to ${other} and is woken with the result`, async () => {
    const server = await startBoth(agent, other);
    const thread = await server.thread({ instanceId: agent, runtimeMode: 'full-access' });
    expect(await thread.turn('go')).toMatchObject({ outcome: 'completed' });
    const { taskId, outcome } = await thread.fact('task.ended');
    expect(outcome).toBe('completed');
    await thread.until(() => messages(thread).includes('good to know'), 'the answer to the news');
    const [delegation] = thread.items('delegation');
    expect(delegation).toMatchObject({ text: 'seen it', body: { taskId, instanceId: other } });
    const [, news] = thread.items('user_message');
    expect(news?.text).toContain('seen it');
    const child = new LiveThread(thread.client, String(Reflect.get(delegation?.body ?? {}, 'threadId')));
    await child.until(() => messages(child).includes('seen it'), 'the transcript of the child');
    expect(child.view?.state?.lineage).toMatchObject({ kind: 'delegate', parentId: thread.threadId });
    expect(thread.items('tool_call').map(({ body }) => Reflect.get(body, 'server'))).toEqual(['threadchart']);
    expect(thread.items('unrecognized')).toEqual([]);
    await thread.expectEveryEventOnce();
    await thread.expectSameView();
    expect(filesWith([server.data], /tca_[\w-]{40}/)).toEqual([]);
    const arguments_ = (await server.processes()).map(({ command }) => command).join('\n');
    expect(arguments_).not.toMatch(/tca_[\w-]{40}/);
  });

  it('waits for a result, and is not woken for what it has read', async () => {
    const server = await startBoth(agent, other);
    const thread = await server.thread({ instanceId: agent, runtimeMode: 'full-access' });
    expect(await thread.turn('read')).toMatchObject({ outcome: 'completed' });
    expect(messages(thread)).toEqual(['read true']);
    expect(thread.facts('task.told')).toMatchObject([{ queueEntryId: null }]);
    await thread.reached('ready');
    expect(thread.items('user_message').map((item) => item.text)).toEqual(['read']);
  });
});
