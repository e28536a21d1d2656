/** What the real codex leaves running behind an interrupted turn, and what of it goes on. */
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import { until } from '../helpers/until.ts';
import { openText, runCommand } from '../model-endpoint/codex-tools.ts';
import type { ParsedRequest } from '../model-endpoint/parse-request.ts';
import { byUserText, replies } from '../model-endpoint/script.ts';
import { functionCall, gate, text, type Step } from '../model-endpoint/step.ts';

/** A command that is given up waiting for at once, so that it runs on in the background. */
const inBackground = (command: string): Step =>
  functionCall('exec_command', { cmd: command, yield_time_ms: 250 });

const isRunning = async (server: LiveServer, command: string): Promise<boolean> =>
  (await server.processes()).some((each) => each.command === command);
const running = (server: LiveServer, command: string): Promise<unknown> =>
  until(() => isRunning(server, command), { describe: `${command} to run` });
const gone = (server: LiveServer, command: string): Promise<unknown> =>
  until(async () => !(await isRunning(server, command)), { describe: `the end of ${command}` });

describe.skipIf(requireAgent('codex') === null)('what codex leaves behind', () => {
  it('ends the commands of an interrupted turn, and lets those of an earlier one run on', async () => {
    const server = await startLiveServer(
      byUserText({
        serve: replies([[inBackground('sleep 701')], [text('it runs')]]),
        test: replies([[inBackground('sleep 702')], [runCommand('sleep 703')]]),
        'go on': replies([[text('done')]]),
      }),
    );
    const thread = await server.thread({ runtimeMode: 'full-access' });
    await thread.turn('serve');
    const { turnId = '' } = await thread.submit('test');
    await Promise.all(['sleep 701', 'sleep 702', 'sleep 703'].map((command) => running(server, command)));
    await thread.do({ type: 'turn.interrupt', turnId });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    await Promise.all([gone(server, 'sleep 702'), gone(server, 'sleep 703')]);
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(await isRunning(server, 'sleep 701')).toBe(true);
  });

  describe.each([
    [
      'first',
      { multi_agent: true },
      functionCall('spawn_agent', { message: 'do sub' }, { namespace: 'multi_agent_v1' }),
    ],
    [
      'newer',
      { multi_agent_v2: true },
      functionCall('spawn_agent', { task_name: 'sub', message: 'do sub' }, { namespace: 'collaboration' }),
    ],
  ])('with sub-agents of the %s kind', (_, features, spawn) => {
    /** The first thread that asks is the parent. */
    function family(parent: readonly (readonly Step[])[], child: readonly (readonly Step[])[]) {
      const [ofParent, ofChild] = [replies(parent), replies(child)];
      let parentId: string | null = null;
      return (request: ParsedRequest) => {
        parentId ??= request.threadId;
        return request.threadId === parentId ? ofParent(request) : ofChild(request);
      };
    }

    it('ends them with the turn that began them', async () => {
      const script = family(
        [[spawn], [...openText('I wait'), gate('never')], [text('on')]],
        [[runCommand('sleep 704')]],
      );
      const server = await startLiveServer(script, { codex: { features } });
      const thread = await server.thread({ runtimeMode: 'full-access' });
      const { turnId = '' } = await thread.submit('go');
      await running(server, 'sleep 704');
      const child = await thread.child();
      await child.until(() => child.items('command').length === 1, 'the command');
      await thread.until(() => thread.said.includes('I wait'), 'the parent');
      await thread.do({ type: 'turn.interrupt', turnId });
      expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted' });
      await gone(server, 'sleep 704');
      await child.reached('interrupted');
      await child.until(() => child.items('command')[0]?.status !== 'open', 'the end of the command');
      expect(thread.items('subagent')).toMatchObject([{ status: 'interrupted' }]);
      expect(await thread.turn('on')).toMatchObject({ outcome: 'completed' });
    });

    it('ends them when the thread is stopped', async () => {
      const script = family([[spawn], [...openText('I wait'), gate('never')]], [[runCommand('sleep 705')]]);
      const server = await startLiveServer(script, { codex: { features } });
      const thread = await server.thread({ runtimeMode: 'full-access' });
      await thread.submit('go');
      await running(server, 'sleep 705');
      await thread.do({ type: 'thread.stop' });
      await thread.reached('stopped');
      await gone(server, 'sleep 705');
    });
  });
});
