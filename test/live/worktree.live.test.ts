/** The real codex in a git working tree that was made for its thread. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { makeRepository, TestRepository } from '../helpers/git-repository.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { runCommand } from '../model-endpoint/codex-tools.ts';
import { byUserText, replies } from '../model-endpoint/script.ts';
import { text } from '../model-endpoint/step.ts';

describe.skipIf(requireAgent('codex') === null)('codex in a working tree', () => {
  it('works there and not in the folder of the user, after the setup, and the work is not lost', async () => {
    const repository = makeRepository();
    repository.commit({ 'packages/p/a.txt': 'a\n' });
    const server = await startLiveServer(
      byUserText({ go: replies([[runCommand('cat set-up; echo codex > made.txt; pwd')], [text('done')]]) }),
    );
    const thread = await server.thread({
      cwd: repository.path('packages/p'),
      runtimeMode: 'full-access',
      worktree: { branch: 'topic', setup: 'echo yes > set-up' },
    });
    // it waits for the working tree
    await thread.submit('go');
    await thread.until(() => thread.facts('turn.ended').length === 1, 'the end of the turn');
    expect(thread.facts('turn.ended')).toMatchObject([{ outcome: 'completed' }]);
    const made = thread.view?.state?.worktree?.made;
    const tree = new TestRepository(made?.root ?? '');
    expect(thread.items('command').map((item) => item.text)).toEqual(['', `yes\n${made?.cwd ?? ''}\n`]);
    expect(tree.read('packages/p/made.txt')).toBe('codex\n');
    expect(tree.git('branch', '--show-current')).toBe('topic\n');
    expect(existsSync(repository.path('packages/p/made.txt'))).toBe(false);
    expect(repository.git('status', '--porcelain')).toBe('');
    await thread.expectSameView();

    await thread.do({ type: 'thread.delete' });
    // which ends what it has begun
    await server.stop();
    expect(tree.read('packages/p/made.txt')).toBe('codex\n');
  });
});
