import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import { LiveThread } from '../helpers/live-thread.ts';
import { runEscalated } from '../model-endpoint/codex-tools.ts';
import { byUserText, replies } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';
import { until } from '../helpers/until.ts';

/** The thread that a command has made. */
async function theThread(server: LiveServer): Promise<LiveThread> {
  const client = await server.connect();
  const row = await until(async () => (await client.call('orchestration.listThreads', {})).threads[0], {
    timeoutMs: 60_000,
    describe: 'a thread',
  });
  return new LiveThread(client, row.id);
}

describe.skipIf(requireAgent('codex') === null)('the command line', () => {
  it('says with doctor whether codex can be used', async () => {
    const server = await startLiveServer(byUserText({}));
    const ready = await server.run('doctor', '--json');
    expect(ready.code).toBe(EXIT_CODES.ok);
    expect(JSON.parse(ready.out)).toMatchObject({ instanceId: 'codex', isReady: true, version: '0.169.0' });
    const config = join(server.data, 'broken.json');
    const instances = [{ instanceId: 'broken', driver: 'codex', command: '/nowhere/codex' }];
    writeFileSync(config, JSON.stringify({ instances }));
    const broken = await server.run('doctor', '--json', '--config', config);
    expect(broken.code).toBe(EXIT_CODES.notReady);
    expect(JSON.parse(broken.out)).toMatchObject({
      isReady: false,
      advice: expect.stringContaining('/nowhere/codex'),
    });
  });

  it('sends a prompt, answers an approval and ends with the turn', async () => {
    const server = await startLiveServer(
      byUserText({ run: replies([[text('may I? '), runEscalated('touch made')], [text('thank you')]]) }),
    );
    const sent = server.run('send', 'run', '--cwd', server.workspace, '--access', 'auto-accept-edits');
    const thread = await theThread(server);
    const { requestId } = await thread.request();
    const answer = ['answer', thread.threadId, requestId, 'accept'];
    expect(await server.run(...answer)).toMatchObject({ code: EXIT_CODES.ok, out: `answered ${requestId}` });
    expect(await sent).toMatchObject({ code: EXIT_CODES.ok, out: 'may I? \nthank you' });
    expect(existsSync(join(server.workspace, 'made'))).toBe(true);
    expect((await server.run(...answer)).code).toBe(EXIT_CODES.refused);
  });

  it('stops a thread', async () => {
    const server = await startLiveServer(byUserText({ go: () => [text('going '), gate('never')] }));
    const sent = server.run('send', 'go', '--cwd', server.workspace);
    await server.endpoint.gate('never').reached;
    const thread = await theThread(server);
    expect(await server.run('stop', thread.threadId)).toMatchObject({ code: EXIT_CODES.ok });
    expect(await sent).toMatchObject({ code: EXIT_CODES.turnFailed, out: 'going' });
    await thread.reached('stopped');
  });
});
