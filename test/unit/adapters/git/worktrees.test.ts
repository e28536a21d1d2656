import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GitWorktrees } from '../../../../adapters/git/worktrees.ts';
import { threadIdSchema } from '../../../../machines/domain/ids.ts';
import type { WorktreeOrder } from '../../../../machines/ports/worktrees.ts';
import { makeHistory, makeRepository, pointOf, TestRepository } from '../../../helpers/git-repository.ts';
import { usingTempFolder } from '../../../helpers/using-temp-folder.ts';

const threadId = threadIdSchema.parse('t1');
const LIMITS = { maxFileBytes: 50 };

function stage() {
  const repository = makeRepository();
  repository.commit({ 'a.txt': 'a\n', 'packages/p/x': 'x\n' });
  const folder = usingTempFolder();
  const env = { PATH: process.env['PATH'] };
  const worktrees = new GitWorktrees({ folder, env, limits: LIMITS });
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

describe('a working tree of captured files', () => {
  /** What a turn left: a change, a new file, one that is gone, on a commit that is not the newest any more. */
  async function captured() {
    const { repository, folder, worktrees, order } = stage();
    repository.commit({ gone: 'g\n', 'big.bin': 'x'.repeat(60), '.gitignore': 'ignored\n' });
    repository.write({
      'a.txt': 'changed\r\n',
      new: '#!/bin/sh\n',
      link: '-> new',
      gone: null,
      ignored: 'i',
    });
    const found = await makeHistory({ limits: LIMITS }).capture(repository.root, pointOf('x'));
    if (found.status !== 'captured') throw new Error(found.message);
    const { tree, head } = found;
    const status = repository.git('status', '--porcelain');
    repository.commit({ later: 'l\n', 'a.txt': 'later\n' });
    return { repository, folder, worktrees, order: { ...order, files: { tree, head } }, status, head };
  }

  it('has exactly these, not committed, on the commit that was checked out then', async () => {
    const { repository, folder, worktrees, order, status, head } = await captured();
    const tree = new TestRepository((await worktrees.add(order)).root);
    expect(tree.git('rev-parse', 'HEAD').trim()).toBe(head);
    expect(tree.git('status', '--porcelain')).toBe(status);
    expect([tree.read('a.txt'), tree.read('new'), tree.read('link')]).toEqual([
      'changed\r\n',
      '#!/bin/sh\n',
      '#!/bin/sh\n',
    ]);
    expect([existsSync(tree.path('later')), existsSync(tree.path('ignored'))]).toEqual([false, false]);
    // captures leave it out, and so it is as in the commit
    expect(tree.read('big.bin')).toHaveLength(60);
    expect(readdirSync(join(folder, '.files'))).toEqual([]);
    expect(repository.git('branch', '--show-current')).toBe('main\n');
  });

  it('begins at what is checked out where that commit is gone or not known', async () => {
    for (const head of [null, '0'.repeat(40)]) {
      const { repository, worktrees, order } = await captured();
      const tree = new TestRepository(
        (await worktrees.add({ ...order, files: { ...order.files, head } })).root,
      );
      expect(tree.git('rev-parse', 'HEAD')).toBe(repository.git('rev-parse', 'HEAD'));
      expect([tree.read('a.txt'), existsSync(tree.path('later'))]).toEqual(['changed\r\n', false]);
    }
  });

  it('is refused with a code where they are gone, and on a branch that is there already', async () => {
    const { repository, worktrees, order } = await captured();
    const lost = { ...order, files: { ...order.files, tree: '1'.repeat(40) } };
    await expect(worktrees.add(lost)).rejects.toMatchObject({ code: 'CHECKPOINT_LOST' });
    repository.git('branch', 'there');
    await expect(worktrees.add({ ...order, branch: 'there' })).rejects.toMatchObject({
      code: 'WORKTREE_FAILED',
      message: 'the branch there is there already, with other files',
    });
    expect(await worktrees.threadIds()).toEqual([]);
  });

  it('is made anew after a crash in the middle of it', async () => {
    const { folder, worktrees, order, status } = await captured();
    const { root } = await worktrees.add(order);
    const text = new TestRepository(folder).read('t1.json');
    new TestRepository(folder).write({ 't1.json': text.replace('"isWhole":true', '"isWhole":false') });
    new TestRepository(root).write({ 'a.txt': 'half', new: null });
    expect((await worktrees.add(order)).root).toBe(root);
    expect(new TestRepository(root).git('status', '--porcelain')).toBe(status);
  });

  it('is removed with what it began with, but not with more', async () => {
    const { worktrees, order } = await captured();
    const tree = new TestRepository((await worktrees.add(order)).root);
    tree.write({ new: 'more\n', 'large.bin': 'y'.repeat(60) });
    expect(await worktrees.remove(threadId)).toMatchObject({
      outcome: 'kept',
      status: { uncommittedCount: 2, unpushedCount: 0 },
    });
    tree.write({ new: '#!/bin/sh\n', 'large.bin': null });
    expect(await worktrees.remove(threadId)).toEqual({ outcome: 'removed' });
  });

  it('is kept with what it began with where no capture has that any more', async () => {
    const { repository, worktrees, order } = await captured();
    await worktrees.add(order);
    await makeHistory().forget(repository.root, pointOf('x').threadId);
    expect(await worktrees.remove(threadId)).toMatchObject({
      outcome: 'kept',
      status: { uncommittedCount: 4 },
    });
  });

  it('can be made from another one, which may be removed first', async () => {
    const { repository, worktrees, order } = await captured();
    const cwd = (await worktrees.add(order)).root;
    const made = await worktrees.add({ ...order, cwd, threadId: threadIdSchema.parse('t2') });
    expect(made).toMatchObject({ source: repository.root, branch: 'threadchart/t2' });
    await worktrees.remove(threadId);
    expect(new TestRepository(made.root).read('a.txt')).toBe('changed\r\n');
    expect(await worktrees.remove(threadIdSchema.parse('t2'))).toEqual({ outcome: 'removed' });
    expect(repository.git('worktree', 'list').trim().split('\n')).toHaveLength(1);
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
