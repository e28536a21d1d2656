/**
 * Agents that are killed in the middle of their work, wherever that is. `KILL_SEED` repeats a run, `KILL_ROUNDS` says how
 * often each is killed, every time under several threads.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveOptions, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { Random } from '../helpers/random.ts';
import { bash as claudeBash } from '../model-endpoint/claude-tools.ts';
import { runCommand } from '../model-endpoint/codex-tools.ts';
import { bash as opencodeBash } from '../model-endpoint/opencode-tools.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { text, type Step } from '../model-endpoint/step.ts';

const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 4);
const THREADS = 5;
/** As many as a turn of the script has, with some to spare: a kill may come after it, too. */
const MOST_EVENTS = 18;

const AGENTS: readonly { agent: 'codex' | 'claude' | 'opencode'; command: Step; options: LiveOptions }[] = [
  { agent: 'codex', command: runCommand('echo one; sleep 0.2; echo two'), options: {} },
  {
    agent: 'claude',
    command: claudeBash('echo one; node -e "setTimeout(() => {}, 200)"; echo two'),
    options: { claude: {} },
  },
  { agent: 'opencode', command: opencodeBash('echo one; sleep 0.2; echo two'), options: { opencode: {} } },
];

const script = (command: Step): Script =>
  byUserText({
    begin: () => [text('begun')],
    work: ({ turnToolOutputs }) =>
      turnToolOutputs.length === 0
        ? [text('I look around. ', { chunkLength: 3 }), command]
        : [text('That is all there is. ', { chunkLength: 3 })],
    'go on': () => [text('the end')],
  });

async function begun(server: LiveServer, name: string): Promise<LiveThread> {
  const cwd = join(server.workspace, name);
  mkdirSync(cwd);
  const thread = await server.thread({ cwd, runtimeMode: 'full-access' });
  expect(await thread.turn('begin')).toMatchObject({ outcome: 'completed' });
  return thread;
}

/** All of them work; when one has got so far, the agent is killed. */
async function killAt(server: LiveServer, threads: readonly LiveThread[], eventCount: number): Promise<void> {
  const before = threads.map(({ events }) => events.length);
  await Promise.all(threads.map((thread) => thread.submit('work')));
  await Promise.race(
    threads.map((thread, index) =>
      thread.until(
        () => thread.events.length - (before[index] ?? 0) >= eventCount || thread.status === 'ready',
        `${eventCount} events`,
      ),
    ),
  );
  for (const { pid } of await server.agentProcesses()) process.kill(pid, 'SIGKILL');
}

async function mustGoOn(server: LiveServer, thread: LiveThread): Promise<void> {
  await thread.until(() => thread.view?.machine?.tags.includes('settled'), 'an end of the work');
  const ends = thread.facts('turn.ended').map(({ turnId }) => turnId);
  expect(new Set(ends).size).toBe(ends.length);
  expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
  const asked = server.endpoint.requests.filter(({ userText }) => userText.trim() === 'go on').at(-1);
  expect(JSON.stringify(asked?.input)).toContain('begun');
  await thread.expectEveryEventOnce();
  await thread.expectSameView();
}

describe.each(AGENTS)('$agent, killed anywhere', ({ agent, command, options }) => {
  const isThere = requireAgent(agent) !== null;

  it.skipIf(!isThere)(
    `leaves threads that settle, know what was said and go on; seed ${SEED}`,
    { timeout: 600_000 },
    async () => {
      const server = await startLiveServer(script(command), options);
      const random = new Random(SEED);
      for (let round = 0; round < ROUNDS; round += 1) {
        const names = Array.from({ length: THREADS }, (_, index) => `${round}-${index}`);
        const threads = await Promise.all(names.map((name) => begun(server, name)));
        const eventCount = 1 + random.below(MOST_EVENTS);
        await killAt(server, threads, eventCount);
        for (const thread of threads) await mustGoOn(server, thread);
        await Promise.all(threads.map((thread) => thread.do({ type: 'thread.stop' })));
        await Promise.all(threads.map((thread) => thread.reached('stopped')));
        const ends = threads.map((thread) => thread.facts('turn.ended').at(1)?.outcome ?? 'none');
        console.log(`${agent}: killed after ${eventCount} events, the turns ended as ${ends.join(', ')}`);
      }
    },
  );
});
