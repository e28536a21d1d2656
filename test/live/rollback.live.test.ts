/** Back to an earlier turn with real agents: the files are as they were, and the model is not told what was taken out. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveOptions, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { bash } from '../model-endpoint/claude-tools.ts';
import { runCommand } from '../model-endpoint/codex-tools.ts';
import { byUserText, replies, type Script } from '../model-endpoint/script.ts';
import { gate, text, type Step } from '../model-endpoint/step.ts';

const AGENTS: readonly [name: 'codex' | 'claude', LiveOptions, (command: string) => Step][] = [
  ['codex', {}, (command) => runCommand(command)],
  ['claude', { claude: {} }, (command) => bash(command)],
];

function commit(folder: string): void {
  const git = (...args: string[]): void =>
    void execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd: folder,
      stdio: 'pipe',
    });
  git('init', '-q');
  writeFileSync(join(folder, 'a'), 'one\n');
  git('add', '-A');
  git('commit', '-q', '-m', 'first');
}

/** The model works only when the files before the turn are known. */
async function turn(server: LiveServer, thread: LiveThread, prompt: string): Promise<string> {
  const { turnId = '' } = await thread.submit(prompt);
  await thread.fact('checkpoint.captured', (fact) => fact.turnId === turnId && fact.point === 'before');
  server.endpoint.gate(prompt).release();
  expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
  await thread.fact('checkpoint.captured', (fact) => fact.turnId === turnId && fact.point === 'after');
  return turnId;
}

describe.each(AGENTS)('a thread of %s', (agent, options, run) => {
  const works = (prompt: string, command: string): Script =>
    replies([[gate(prompt), run(command)], [text(`${prompt} is done`)]]);

  it.skipIf(requireAgent(agent) === null)('goes back by a turn, with files and conversation', async () => {
    const script = byUserText({
      'prompt one': works('prompt one', 'echo two > a'),
      'prompt two': works('prompt two', 'echo three > a; echo new > b'),
      'prompt three': replies([[gate('prompt three'), text('what was said')]]),
    });
    const server = await startLiveServer(
      ({ ...request }) => script({ ...request, threadId: request.userText }),
      options,
    );
    const folder = server.workspace;
    commit(folder);
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const one = await turn(server, thread, 'prompt one');
    const two = await turn(server, thread, 'prompt two');
    expect([readFileSync(join(folder, 'a'), 'utf8'), existsSync(join(folder, 'b'))]).toEqual([
      'three\n',
      true,
    ]);
    await thread.do({ type: 'checkpoint.rollback', turnId: one });
    expect(await thread.fact('rollback.ended')).toMatchObject({
      failure: null,
      turnIds: [two],
      restored: { fileCount: 2, conflictCount: 0 },
    });
    expect([readFileSync(join(folder, 'a'), 'utf8'), existsSync(join(folder, 'b'))]).toEqual([
      'two\n',
      false,
    ]);
    await turn(server, thread, 'prompt three');
    const told = JSON.stringify(server.endpoint.requests.at(-1));
    expect(told).toContain('prompt one is done');
    expect(told).toContain('prompt three');
    expect(told).not.toContain('prompt two');
    expect(thread.facts('transfer.planned')).toEqual([]);
    expect(thread.view?.turns.get(two as never)?.status).toBe('rolledBack');
    await thread.expectSameView();
  });
});
