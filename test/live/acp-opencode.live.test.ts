/** The real `opencode acp` through the server: turns, approvals, interrupts, and what goes wrong. */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { OPENCODE_TOOLS, opencodeAgent } from '../helpers/acp-agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import {
  delay,
  drop,
  event,
  gate,
  hang,
  httpError,
  reasoning,
  text,
  type Step,
} from '../model-endpoint/step.ts';

const agent = { agent: opencodeAgent };
const { run, write } = OPENCODE_TOOLS;
const says =
  (content: string): Script =>
  () => [text(content)];
/** The replies to one prompt, by how far its tools have come. */
const inTurn =
  (...inOrder: readonly (readonly Step[])[]): Script =>
  ({ turnToolOutputs }) =>
    inOrder[turnToolOutputs.length] ?? [];
/** opencode has the model make a title beside the first turn. */
const withTitles =
  (script: Script): Script =>
  (request) =>
    request.purpose === 'title' ? [text('a title')] : script(request);

describe.skipIf(requireAgent('opencode') === null)(
  'the server with opencode acp',
  { timeout: 90_000 },
  () => {
    it('streams, asks, interrupts, runs what is queued, and calls errors by their names', async () => {
      const command = `sleep 300.${randomInt(1e9)}`;
      let tries = 0;
      const script = byUserText({
        hello: () => [reasoning('looking around'), text('Hello wörld 😀', { chunkLength: 3 })],
        yes: inTurn([run('echo allowed')], [text('ran')]),
        no: inTurn([run('touch no.txt')], [text('never')]),
        file: ({ turnToolOutputs }) =>
          turnToolOutputs.length === 0
            ? [write(join(server.workspace, 'new.txt'), 'new\n')]
            : [text('wrote')],
        stream: () => [text('so far '), hang()],
        busy: inTurn([run(command)], [text('never')]),
        one: () => [gate('one'), text('first')],
        two: says('second'),
        key: () => [httpError(401)],
        refuse: () => [text('no'), event({ type: 'finish', reason: 'content_filter' })],
        cut: () =>
          (tries += 1) === 1
            ? [text('Hello to all', { chunkLength: 4 }), delay(500), drop()]
            : [text('Hello to all of you', { chunkLength: 4 })],
      });
      const server = await startLiveServer(withTitles(script), agent);
      const thread = await server.thread({ runtimeMode: 'approval-required' });
      expect(await thread.turn('hello')).toMatchObject({ outcome: 'completed', started: true });
      expect(thread.said).toBe('Hello wörld 😀');
      expect(thread.items('reasoning')).toMatchObject([{ text: 'looking around', status: 'completed' }]);
      expect(thread.view?.state?.usage).toMatchObject({ inputTokens: 10, contextTokens: 10 });
      expect(thread.view?.state?.usage?.contextWindow).toBe(200_000);

      const yes = await thread.submit('yes');
      const asked = await thread.request();
      expect(asked.body).toEqual({ kind: 'command', command: 'echo allowed', cwd: server.workspace });
      await thread.do({ type: 'request.respond', requestId: asked.requestId, decision: 'accept' });
      expect(await thread.ended(yes.turnId ?? '')).toMatchObject({ outcome: 'completed' });
      expect(thread.items('command')).toMatchObject([
        { text: 'allowed\n', status: 'completed', body: { exitCode: 0 } },
      ]);

      const no = await thread.submit('no');
      const { requestId } = await thread.request();
      await thread.do({ type: 'request.respond', requestId, decision: 'decline' });
      // opencode ends the turn there, and calls it well ended
      expect(await thread.ended(no.turnId ?? '')).toMatchObject({
        outcome: 'interrupted',
        reason: 'provider',
      });
      expect(thread.items('command')[1]).toMatchObject({ status: 'declined' });

      await thread.do({ type: 'thread.setRuntimeMode', runtimeMode: 'auto-accept-edits' });
      expect(await thread.turn('file')).toMatchObject({ outcome: 'completed' });
      expect(existsSync(join(server.workspace, 'new.txt'))).toBe(true);
      expect(thread.items('file_change')).toMatchObject([{ status: 'completed' }]);

      await thread.do({ type: 'thread.setRuntimeMode', runtimeMode: 'full-access' });
      const stream = await thread.submit('stream');
      await thread.until(() => thread.said.endsWith('so far '), 'a beginning');
      await thread.do({ type: 'turn.interrupt' });
      expect(await thread.ended(stream.turnId ?? '')).toMatchObject({
        outcome: 'interrupted',
        failure: null,
      });

      const busy = await thread.submit('busy');
      const runs = async () => (await server.processes()).some((each) => each.command.includes(command));
      await thread.until(runs, 'the command');
      await thread.do({ type: 'turn.interrupt' });
      expect(await thread.ended(busy.turnId ?? '')).toMatchObject({ outcome: 'interrupted' });
      expect(thread.items('command').at(-1)).toMatchObject({ status: 'interrupted' });
      await thread.until(async () => !(await runs()), 'the end of the command');

      await thread.submit('one');
      const { queueEntryId } = await thread.submit('two', { mode: 'queue' });
      server.endpoint.gate('one').release();
      expect(await thread.ended(queueEntryId ?? '')).toMatchObject({ outcome: 'completed' });

      expect(await thread.turn('key')).toMatchObject({ failure: { code: 'PROVIDER_UNAUTHORIZED' } });
      expect(await thread.turn('refuse')).toMatchObject({ failure: { providerCode: 'refusal' } });
      // what opencode says again after a lost stream is a message of its own
      expect(await thread.turn('cut')).toMatchObject({ outcome: 'completed' });
      expect(thread.items('assistant_message').slice(-2)).toMatchObject([
        { text: 'Hello to all', status: 'interrupted' },
        { text: 'Hello to all of you', status: 'completed' },
      ]);
      await thread.reached('ready');
      expect(thread.items('unrecognized')).toEqual([]);
      await thread.expectSameView();
      await thread.expectEveryEventOnce();
    });

    it('runs two threads at once, and resumes one whose agent was killed', async () => {
      const script = byUserText({
        before: says('kept'),
        left: () => [text('left begins '), gate('left'), text('and ends')],
        right: says('right'),
        after: says('after'),
      });
      const server = await startLiveServer(withTitles(script), agent);
      const client = await server.connect();
      const left = await server.thread({ client });
      await left.turn('before');
      // what was asked whether the agent is there may still be on its way out
      await left.until(async () => (await server.agentProcesses()).length === 1, 'one agent');
      const [killed] = await server.agentProcesses();
      const right = await server.thread({ client });
      const { turnId } = await left.submit('left');
      expect(await right.turn('right')).toMatchObject({ outcome: 'completed' });
      await left.until(() => left.said.endsWith('left begins '), 'the left half');
      process.kill(killed?.pid ?? 0, 'SIGKILL');
      expect(await left.ended(turnId ?? '')).toMatchObject({ failure: { code: 'CONNECTION_LOST' } });
      await left.reached('error');
      expect(await left.turn('after')).toMatchObject({ outcome: 'completed' });
      expect(left.facts('connection.opened').at(-1)).toMatchObject({ resumed: true });
      const shown = server.endpoint.requests.findLast(({ userText }) => userText === 'after');
      expect(JSON.stringify(shown?.input)).toContain('kept');
    });
  },
);
