/** Work of codex that outlives its turn: commands. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { until } from '../helpers/until.ts';
import { runCommand } from '../model-endpoint/codex-tools.ts';
import { byUserText, replies, type Script } from '../model-endpoint/script.ts';
import { text } from '../model-endpoint/step.ts';

/** codex lets the model go on while the command runs. */
const SHORT_WAIT_MS = 250;
const WAITING = 'touch begun; until [ -e go ]; do sleep 0.05; done; echo late; touch finished';

const leavesCommand = (...names: string[]): Script =>
  byUserText(
    {
      run: replies([names.map(() => runCommand(WAITING, SHORT_WAIT_MS)), [text('it runs on')]]),
    },
    replies([[text('and so on')]]),
  );
const has = ({ workspace }: LiveServer, name: string): boolean => existsSync(join(workspace, name));
const count = ({ view }: LiveThread): number | undefined => view?.state?.row.backgroundCount;
const shells = async (server: LiveServer): Promise<number> =>
  (await server.processes()).filter(({ command }) => command.includes('until [ -e go ]')).length;

describe.skipIf(requireAgent('codex') === null)('background work of codex', () => {
  it('a command goes on after its turn, is on the roster, and ends late in its own turn', async () => {
    const server = await startLiveServer(leavesCommand('one'));
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId } = await thread.turn('run');
    await thread.reached('ready');
    expect(count(thread)).toBe(1);
    expect(thread.items('command')).toMatchObject([{ status: 'open', background: true, turnId }]);
    const { threadId } = thread;
    const { snapshot } = await thread.client.call('orchestration.getThreadProjection', {
      threadId,
      limit: 1,
    });
    expect(snapshot.roster).toMatchObject([{ status: 'open', body: { kind: 'command' } }]);
    await thread.turn('something else');
    expect(count(thread)).toBe(1);
    writeFileSync(join(server.workspace, 'go'), '');
    await thread.until(() => count(thread) === 0, 'the end of the command');
    expect(thread.items('command')).toMatchObject([
      { status: 'completed', turnId, text: expect.stringContaining('late'), body: { exitCode: 0 } },
    ]);
    expect(thread.items('command')[0]).not.toHaveProperty('background');
    await thread.expectSameView();
    await thread.expectEveryEventOnce();
  });

  it('two commands are two, and a stop of the thread ends both', async () => {
    const server = await startLiveServer(leavesCommand('one', 'two'));
    const thread = await server.thread({ runtimeMode: 'full-access' });
    await thread.turn('run');
    await thread.until(() => count(thread) === 2, 'two background tasks');
    expect(await shells(server)).toBeGreaterThan(0);
    await thread.do({ type: 'thread.stop' });
    await thread.fact('connection.closed');
    await until(async () => (await shells(server)) === 0);
    expect(thread.items('command').map(({ status }) => status)).not.toContain('open');
    expect([count(thread), thread.status]).toEqual([0, 'stopped']);
    expect(has(server, 'finished')).toBe(false);
    await thread.expectSameView();
  });

  it('a death of the server leaves neither the command nor its place on the roster', async () => {
    const server = await startLiveServer(leavesCommand('one'));
    const thread = await server.thread({ runtimeMode: 'full-access' });
    await thread.turn('run');
    await thread.until(() => count(thread) === 1, 'a background task');
    await server.killAndRestart();
    await thread.until(() => count(thread) === 0, 'an empty roster');
    expect(thread.items('command')).toMatchObject([{ status: 'unknown' }]);
    await until(async () => (await shells(server)) === 0);
    await thread.expectSameView();
  });
});
