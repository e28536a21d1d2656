/** Agents that speak ACP and are too large to be installed for every run, through the server: `npm run live:all`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OTHER_AGENTS } from '../helpers/acp-others.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { hang, text, type Step } from '../model-endpoint/step.ts';

const FOLDER = process.env['ACP_AGENTS'];
const says =
  (content: string): Script =>
  () => [text(content)];
/** The replies to one prompt, by how far its tools have come. */
const inTurn =
  (...inOrder: readonly (readonly Step[])[]): Script =>
  ({ turnToolOutputs }) =>
    inOrder[turnToolOutputs.length] ?? [];

/** copilot puts what it knows of the moment around a prompt. */
const promptIn = (userText: string): string => userText.replaceAll(/<([a-z_]+)>[^]*?<\/\1>/g, '').trim();

describe.skipIf(FOLDER === undefined)(
  'the server with agents installed on demand',
  { timeout: 120_000 },
  () => {
    it.each(OTHER_AGENTS)('$name: streams, asks, interrupts and resumes', async (agent) => {
      const script = byUserText(
        {
          hello: () => [text('Hello wörld', { chunkLength: 3 })],
          yes: inTurn([agent.run('touch yes.txt')], [text('ran')]),
          no: inTurn([agent.run('touch no.txt')], [text('did not')]),
          long: () => [text('so far '), hang()],
          after: says('after'),
        },
        says('a title'),
      );
      const start = {
        agent: (endpoint: Parameters<typeof agent.start>[0]) => agent.start(endpoint, FOLDER ?? ''),
      };
      const server = await startLiveServer(
        (request) => script({ ...request, userText: promptIn(request.userText) }),
        start,
      );
      const thread = await server.thread({ runtimeMode: 'approval-required' });
      expect(await thread.turn('hello')).toMatchObject({ outcome: 'completed' });
      expect(thread.said).toContain('Hello wörld');
      const [{ version } = {}] = (await thread.client.call('providers.list', {})).providers;
      expect(version).toBe(agent.version);

      const yes = await thread.submit('yes');
      const asked = await thread.request();
      expect(asked).toMatchObject({ body: { kind: 'command' } });
      await thread.do({ type: 'request.respond', requestId: asked.requestId, decision: 'accept' });
      expect(await thread.ended(yes.turnId ?? '')).toMatchObject({ outcome: 'completed' });
      expect(existsSync(join(server.workspace, 'yes.txt'))).toBe(true);

      const no = await thread.submit('no');
      const { requestId } = await thread.request();
      await thread.do({ type: 'request.respond', requestId, decision: 'decline' });
      expect(await thread.ended(no.turnId ?? '')).toMatchObject({ outcome: agent.declined });
      expect(thread.items('command').map(({ status }) => status)).toEqual(['completed', 'declined']);
      expect(existsSync(join(server.workspace, 'no.txt'))).toBe(false);

      const long = await thread.submit('long');
      await thread.until(() => thread.said.includes('so far '), 'a beginning');
      await thread.do({ type: 'turn.interrupt' });
      expect(await thread.ended(long.turnId ?? '')).toMatchObject({ outcome: 'interrupted', failure: null });

      await thread.do({ type: 'thread.stop' });
      await thread.reached('stopped');
      expect(await server.agentProcesses()).toEqual([]);
      expect(await thread.turn('after')).toMatchObject({ outcome: 'completed' });
      expect(thread.facts('connection.opened').at(-1)).toMatchObject({ resumed: true });
      const shown = server.endpoint.requests.findLast(({ userText }) => promptIn(userText) === 'after');
      expect(JSON.stringify(shown?.input)).toContain('Hello w');
      expect(thread.items('unrecognized')).toEqual([]);
      await thread.expectSameView();
    });
  },
);
