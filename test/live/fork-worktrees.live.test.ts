/** Forks of real agents in working trees of their own: the history is the source's, what they do is done in the tree. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { TestRepository } from '../helpers/git-repository.ts';
import { startLiveServer, type LiveOptions } from '../helpers/live-server.ts';
import { LiveThread } from '../helpers/live-thread.ts';
import { bash } from '../model-endpoint/claude-tools.ts';
import { runCommand } from '../model-endpoint/codex-tools.ts';
import { bash as opencodeBash } from '../model-endpoint/opencode-tools.ts';
import { byUserText, inTurn } from '../model-endpoint/script.ts';
import { text, type Step } from '../model-endpoint/step.ts';

type Agent = 'codex' | 'claude' | 'opencode';
/** OpenCode begins with the history of another only where that one works: in a tree it is told what was said. */
const CARRIED: Readonly<Record<Agent, readonly string[]>> = { codex: [], claude: [], opencode: ['fork'] };

const AGENTS: readonly [name: Agent, LiveOptions, (command: string) => Step][] = [
  ['codex', {}, (command) => runCommand(command)],
  ['claude', { claude: {} }, (command) => bash(command)],
  ['opencode', { opencode: {} }, (command) => opencodeBash(command)],
];

describe.each(AGENTS)('a fork of a thread of %s', { timeout: 240_000 }, (agent, options, run) => {
  it.skipIf(requireAgent(agent) === null)('works in a tree of its own, on each connection', async () => {
    const script = byUserText({
      one: inTurn([text('answer to one')]),
      two: inTurn([run('pwd >> where')], [text('answer to two')]),
      three: inTurn([run('pwd >> where')], [text('answer to three')]),
    });
    const server = await startLiveServer(script, options);
    const repository = new TestRepository(server.workspace);
    repository.git('init', '-q');
    repository.commit({ a: 'one\n' });
    const thread = await server.thread({ runtimeMode: 'full-access' });
    expect(await thread.turn('one')).toMatchObject({ outcome: 'completed' });
    const fork = new LiveThread(
      thread.client,
      (await thread.do({ type: 'thread.fork', worktree: {} })).threadId,
    );
    await fork.until(() => fork.view?.state?.worktree?.status === 'ready', 'a working tree');
    const { cwd = '' } = fork.view?.state?.row ?? {};
    const tree = new TestRepository(cwd);
    expect(await fork.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(tree.read('where')).toBe(`${cwd}\n`);
    await fork.reached('ready');
    await fork.do({ type: 'thread.stop' });
    await fork.reached('stopped');
    expect(await fork.turn('three')).toMatchObject({ outcome: 'completed' });
    expect(tree.read('where')).toBe(`${cwd}\n${cwd}\n`);
    expect(existsSync(repository.path('where'))).toBe(false);
    const carried = fork.items('transfer').map(({ body }) => 'transfer' in body && body.transfer);
    expect(carried).toEqual(CARRIED[agent]);
    expect(fork.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, true]);
    const told = JSON.stringify(server.endpoint.requests.at(-1)?.input);
    for (const answer of ['answer to one', 'answer to two']) expect(told).toContain(answer);
  });
});
