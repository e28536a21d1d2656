import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GitWorktrees } from '../../../../adapters/git/worktrees.ts';
import { threadIdSchema } from '../../../../machines/domain/ids.ts';
import type { WorktreeOrder } from '../../../../machines/ports/worktrees.ts';
import { makeRepository, TestRepository } from '../../../helpers/git-repository.ts';
import { usingTempFolder } from '../../../helpers/using-temp-folder.ts';

const threadId = threadIdSchema.parse('t1');

function stage() {
  const repository = makeRepository();
  repository.commit({ 'a.txt': 'a\n', 'packages/p/x': 'x\n' });
  const folder = usingTempFolder();
  const env = { PATH: process.env['PATH'] };
  const worktrees = new GitWorktrees({ folder, env });
  const order: WorktreeOrder = { threadId, cwd: repository.root, base: null, branch: null };
  return { repository, folder, worktrees, order };
}

describe('a working tree of a thread', () => {
  it('has the files of its base on a branch of its own, in the same subfolder', async () => {
    const { repository, worktrees, order } = stage();
    repository.write({ 'a.txt': 'not committed\n' });
    const cwd = repository.path('packages/p');
    const made = await worktrees.add({ ...order, cwd });
    const tree = new TestRepository(made.root);
    expect(made).toMatchObject({ branch: 'threadchart/t1', source: repository.root });
    expect(made.cwd).toBe(join(made.root, 'packages/p'));
    expect(tree.read('a.txt')).toBe('a\n');
    expect(tree.git('branch', '--show-current')).toBe('threadchart/t1\n');
    expect(repository.git('branch', '--show-current')).toBe('main\n');
  });

  it('is the same one when it is asked for again', async () => {
    const { worktrees, order } = stage();
    const made = await worktrees.add(order);
    new TestRepository(made.root).write({ new: 'work\n' });
    expect(await worktrees.add(order)).toEqual(made);
    expect(existsSync(join(made.root, 'new'))).toBe(true);
  });

  it('begins at the base and on the branch that are asked for', async () => {
    const { repository, worktrees, order } = stage();
    repository.git('tag', 'v1');
    repository.commit({ 'a.txt': 'later\n' });
    const made = await worktrees.add({ ...order, base: 'v1', branch: 'topic' });
    expect(new TestRepository(made.root).read('a.txt')).toBe('a\n');
    repository.git('branch', 'there');
    const other = await worktrees.add({ ...order, threadId: threadIdSchema.parse('a/b'), branch: 'there' });
    expect(new TestRepository(other.root).git('branch', '--show-current')).toBe('there\n');
  });

  it.each([
    ['a base that is not there', { base: 'nowhere' }, 'has no commit nowhere'],
    ['a base that is an option', { base: '--help' }, 'has no commit --help'],
    [
      'a branch that is checked out',
      { branch: 'main' },
      "git cannot make the working tree: fatal: 'main' is already",
    ],
    ['a name that no branch can have', { branch: 'a..b' }, "fatal: 'a..b' is not a valid branch name"],
    ['a folder in no repository', { cwd: '/' }, '/ is in no git repository'],
  ])('is refused with a code for %s', async (_, asked, message) => {
    const { worktrees, order } = stage();
    await expect(worktrees.add({ ...order, ...asked })).rejects.toMatchObject({
      code: 'WORKTREE_FAILED',
      message: expect.stringContaining(message) as string,
    });
  });

  it('is made anew after a crash in the middle of it, whatever that has left', async () => {
    for (const cut of ['before', 'half', 'whole']) {
      const { folder, worktrees, order } = stage();
      // a git that is killed: the record is there, the tree not or in part
      const { root } = await worktrees.add(order);
      const record = join(folder, 't1.json');
      const text = new TestRepository(folder).read('t1.json');
      new TestRepository(folder).write({ 't1.json': text.replace('"isWhole":true', '"isWhole":false') });
      if (cut === 'before') rmSync(root, { recursive: true });
      if (cut === 'half') rmSync(join(root, '.git'));
      const made = await worktrees.add(order);
      expect(new TestRepository(made.root).git('status', '--porcelain')).toBe('');
      expect(existsSync(record)).toBe(true);
    }
  });

  it('runs no hook', async () => {
    const { repository, worktrees, order } = stage();
    const ran = join(usingTempFolder(), 'ran');
    repository.write({ '.git/hooks/post-checkout': `#!/bin/sh\ntouch ${ran}\n` });
    await worktrees.add(order);
    expect(existsSync(ran)).toBe(false);
  });
});

describe('its removal', () => {
  it('leaves nothing where no work is in it', async () => {
    const { repository, folder, worktrees, order } = stage();
    await worktrees.add(order);
    expect(await worktrees.remove(threadId)).toEqual({ outcome: 'removed' });
    expect(await worktrees.remove(threadId)).toEqual({ outcome: 'none' });
    expect(readdirSync(folder)).toEqual([]);
    expect(repository.git('branch', '--list')).toBe('* main\n');
    expect(repository.git('worktree', 'list').trim().split('\n')).toHaveLength(1);
  });

  it('refuses to lose what is not committed, unless it is forced', async () => {
    const { worktrees, order } = stage();
    const { root } = await worktrees.add(order);
    new TestRepository(root).write({ 'a.txt': 'changed\n', new: 'n\n' });
    const kept = await worktrees.remove(threadId);
    expect(kept).toMatchObject({ outcome: 'kept', status: { uncommittedCount: 2, unpushedCount: 0 } });
    expect(existsSync(root)).toBe(true);
    expect(await worktrees.list()).toMatchObject([{ threadId, root, uncommittedCount: 2 }]);
    expect(await worktrees.remove(threadId, { force: true })).toEqual({ outcome: 'removed' });
    expect(existsSync(root)).toBe(false);
  });

  it('refuses to lose commits, and even forced leaves their branch', async () => {
    const { repository, worktrees, order } = stage();
    const { root } = await worktrees.add(order);
    new TestRepository(root).commit({ new: 'n\n' });
    expect(await worktrees.remove(threadId)).toMatchObject({ outcome: 'kept', status: { unpushedCount: 1 } });
    await worktrees.remove(threadId, { force: true });
    expect(repository.git('log', '--oneline', 'threadchart/t1').trim().split('\n')).toHaveLength(2);
  });

  it('refuses to lose commits of its branch while another one is checked out', async () => {
    const { worktrees, order } = stage();
    const tree = new TestRepository((await worktrees.add(order)).root);
    tree.commit({ new: 'n\n' });
    tree.git('checkout', '-q', '--detach', 'HEAD~1');
    expect(await worktrees.remove(threadId)).toMatchObject({ outcome: 'kept', status: { unpushedCount: 1 } });
    tree.git('branch', '-q', 'other', 'threadchart/t1');
    expect(await worktrees.remove(threadId)).toEqual({ outcome: 'removed' });
  });

  it('takes commits that were merged or pushed for saved', async () => {
    const { repository, worktrees, order } = stage();
    const remote = makeRepository({ init: ['--bare'] });
    repository.git('remote', 'add', 'origin', remote.root);
    const tree = new TestRepository((await worktrees.add(order)).root);
    tree.commit({ new: 'n\n' });
    tree.git('push', '-q', 'origin', 'HEAD:refs/heads/topic');
    tree.git('fetch', '-q');
    expect(await worktrees.remove(threadId)).toEqual({ outcome: 'removed' });
    const again = new TestRepository((await worktrees.add(order)).root);
    again.commit({ other: 'n\n' });
    repository.git('merge', '-q', 'threadchart/t1');
    expect(await worktrees.remove(threadId)).toEqual({ outcome: 'removed' });
  });

  it('leaves alone what git cannot tell of, and with force removes it', async () => {
    const { repository, worktrees, order } = stage();
    const { root } = await worktrees.add(order);
    rmSync(repository.root, { recursive: true });
    const kept = await worktrees.remove(threadId);
    expect(kept).toMatchObject({
      outcome: 'kept',
      status: { problem: expect.stringContaining('git') as string },
    });
    await worktrees.remove(threadId, { force: true });
    expect(existsSync(root)).toBe(false);
    mkdirSync(repository.root);
  });
});
