/** A thread that goes from one real agent to another and back: each is told what it has not seen, and only that. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { claudeBinary, codexBinary, requireAgent } from '../agents/agents.ts';
import { makeClaudeHome } from '../helpers/claude-home.ts';
import { LIVE_WAIT_MS, startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { until } from '../helpers/until.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { text } from '../model-endpoint/step.ts';

const says =
  (content: string): Script =>
  () => [text(content)];

/** A server with both. */
async function startBoth(script: Script): Promise<LiveServer> {
  const server = await startLiveServer(script, { config: { instances: [] } });
  const claude = await makeClaudeHome({ endpointUrl: server.endpoint.origin });
  onTestFinished(() => claude.remove());
  const instances = [
    { instanceId: 'codex', driver: 'codex', command: codexBinary(), env: server.home.env },
    { instanceId: 'claude', driver: 'claude', command: claudeBinary(), env: claude.env },
  ];
  const config = { drainMs: 0, deltaWindowMs: 0, instances };
  writeFileSync(join(server.data, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  const client = await server.connect();
  const isListed = async (): Promise<boolean> =>
    (await client.call('providers.list', {})).providers.length === instances.length;
  await until(isListed, { timeoutMs: LIVE_WAIT_MS });
  client.close();
  return server;
}

const lastPrompt = ({ endpoint }: LiveServer): string => endpoint.requests.at(-1)?.userText ?? '';

async function switchTo(thread: LiveThread, instanceId: string): Promise<void> {
  await thread.do({ type: 'thread.switchProvider', instanceId });
  await thread.until(() => thread.view?.state?.row.instanceId === instanceId, `the switch to ${instanceId}`);
}

const isMissing = requireAgent('codex') === null || requireAgent('claude') === null;
describe.skipIf(isMissing)('a thread that is switched', () => {
  it('goes from codex to claude and back, and codex is told only what it has not seen', async () => {
    const script = byUserText({ one: says('first'), two: says('second'), three: says('third') });
    const server = await startBoth(script);
    const thread = await server.thread();
    expect(await thread.turn('one')).toMatchObject({ outcome: 'completed' });

    await switchTo(thread, 'claude');
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(lastPrompt(server)).toMatch(/^<carried_context>.*User: one\n\nAssistant: first\n.*two$/s);

    await switchTo(thread, 'codex');
    expect(await thread.turn('three')).toMatchObject({ outcome: 'completed' });
    expect(lastPrompt(server)).toMatch(/^<carried_context>.*User: two\n\nAssistant: second\n.*three$/s);
    expect(lastPrompt(server)).not.toContain('User: one');
    // what codex knew it still knows, from its own session
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('"one"');

    expect(thread.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, false, true]);
    expect(thread.items('user_message').map((item) => item.text)).toEqual(['one', 'two', 'three']);
    expect(thread.facts('transfer.consumed')).toHaveLength(2);
    await thread.reached('ready');
    await thread.expectEveryEventOnce();
    await thread.expectSameView();
  });
});
