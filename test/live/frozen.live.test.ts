/** Agents that are there and do nothing more, as one is that was stopped with SIGSTOP: they are ended, and replaced. */
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { opencodeAgent } from '../helpers/acp-agents.ts';
import { startLiveServer, type LiveOptions, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { openText } from '../model-endpoint/codex-tools.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';

const LIMITS = { timeout: 180_000 };

/** With the first words on the screen its agent is stopped; the pids of that. */
async function freeze(server: LiveServer, thread: LiveThread): Promise<readonly number[]> {
  await thread.until(() => thread.said === 'once upon ', 'the first words');
  const frozen = (await server.agentProcesses()).map(({ pid }) => pid);
  expect(frozen).not.toEqual([]);
  for (const pid of frozen) process.kill(pid, 'SIGSTOP');
  return frozen;
}

/** The next prompt goes on, with an agent that is another process. */
async function expectAnother(
  server: LiveServer,
  thread: LiveThread,
  frozen: readonly number[],
): Promise<void> {
  expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
  await thread.reached('ready');
  const pids = (await server.agentProcesses()).map(({ pid }) => pid);
  expect(pids.filter((pid) => frozen.includes(pid))).toEqual([]);
  await thread.expectSameView();
}

interface Agent {
  readonly title: string;
  readonly isThere: boolean;
  readonly options: LiveOptions;
  readonly streaming: Script;
}

const told: Script = () => [text('once upon '), gate('never')];
const AGENTS: readonly Agent[] = [
  {
    title: 'codex',
    isThere: requireAgent('codex') !== null,
    options: {},
    streaming: () => [...openText('once upon '), gate('never')],
  },
  { title: 'claude', isThere: requireAgent('claude') !== null, options: { claude: {} }, streaming: told },
  {
    title: 'opencode',
    isThere: requireAgent('opencode') !== null,
    options: { opencode: {} },
    streaming: told,
  },
  {
    title: 'an agent of ACP',
    isThere: requireAgent('opencode') !== null,
    options: { agent: opencodeAgent },
    streaming: told,
  },
];

const script = (streaming: Script): Script =>
  byUserText({ tell: streaming, 'go on': () => [text('the end')] });

/** Side by side: what takes its time is that frozen agents are waited for. */
async function eachFrozen(what: (server: LiveServer, thread: LiveThread) => Promise<void>): Promise<void> {
  const runs = AGENTS.map(async ({ title, options, streaming }) => {
    const server = await startLiveServer(script(streaming), options);
    const thread = await server.thread();
    await what(server, thread).catch((cause: unknown) => {
      throw new Error(`${title}: ${String(cause)}`, { cause });
    });
  });
  await Promise.all(runs);
}

describe.skipIf(AGENTS.some(({ isThere }) => !isThere))('an agent stopped with SIGSTOP', LIMITS, () => {
  it('is ended where a person stops the thread in its turn', () =>
    eachFrozen(async (server, thread) => {
      const { turnId = '' } = await thread.submit('tell');
      const frozen = await freeze(server, thread);
      await thread.do({ type: 'thread.stop' });
      expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'stopped' });
      await thread.reached('stopped');
      await expectAnother(server, thread, frozen);
    }));

  it('is ended where a person interrupts the turn', () =>
    eachFrozen(async (server, thread) => {
      const { turnId = '' } = await thread.submit('tell');
      const frozen = await freeze(server, thread);
      await thread.do({ type: 'turn.interrupt' });
      expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
      await thread.fact('connection.closed');
      await expectAnother(server, thread, frozen);
    }));
});
