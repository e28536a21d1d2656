/** Threads in git working trees of their own, on a whole server with a real git. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import { makeRepository, TestRepository } from '../helpers/git-repository.ts';
import { LiveThread } from '../helpers/live-thread.ts';
import { startServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';
import { usingTempFolder } from '../helpers/using-temp-folder.ts';

type Asked = NonNullable<Parameters<typeof LiveThread.create>[1]['worktree']>;

async function stage(worktree: Asked = {}, folder = '') {
  const server = await startServer();
  const repository = makeRepository();
  repository.commit({ 'a.txt': 'a\n', 'packages/p/x': 'x\n' });
  const client = await server.client();
  const cwd = repository.path(folder);
  const thread = await LiveThread.create(client, { cwd, instanceId: 'scripted', worktree });
  return { server, repository, thread };
}

const worktreeOf = ({ view }: LiveThread) => view?.state?.worktree;
const becomes = (thread: LiveThread, status: string): Promise<unknown> =>
  thread.until(() => worktreeOf(thread)?.status === status, `a working tree that is ${status}`);

/** A process that says by a file that it runs, and is killed with its group or not at all. */
const lasting = (folder: string): string => `sleep 60 & echo $! > ${folder}/pid; wait`;
const pidIn = (folder: string): Promise<number> =>
  until(() => (existsSync(join(folder, 'pid')) ? Number(readFileSync(join(folder, 'pid'), 'utf8')) : 0));
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a thread with a working tree', () => {
  it('works in the same subfolder of it, and a prompt that came before waits for it', async () => {
    const { server, repository, thread } = await stage({ base: 'HEAD', branch: 'topic' }, 'packages/p');
    await thread.submit('hello');
    await thread.until(() => thread.facts('turn.ended').length === 1, 'the end of the turn');
    const root = join(server.config.data, 'worktrees', thread.threadId);
    expect(worktreeOf(thread)).toMatchObject({
      status: 'ready',
      made: { root, cwd: join(root, 'packages/p'), branch: 'topic', source: repository.root },
    });
    expect(thread.view?.state?.row.cwd).toBe(join(root, 'packages/p'));
    expect(thread.facts('turn.ended')).toMatchObject([{ outcome: 'completed' }]);
    expect(new TestRepository(root).read('a.txt')).toBe('a\n');
  });

  it('shows the output of its setup command as it comes', async () => {
    const gate = usingTempFolder();
    const setup = `echo $THREADCHART_SOURCE; pwd; until [ -e ${gate}/go ]; do sleep 0.02; done; echo set up >&2`;
    const { repository, thread } = await stage({ setup });
    await thread.until(
      () => (thread.items('command')[0]?.text.split('\n').length ?? 0) > 2,
      'its first words',
    );
    const root = thread.items('command')[0]?.text.split('\n')[1] ?? '';
    expect(thread.items('command')).toMatchObject([
      { status: 'open', turnId: null, text: `${repository.root}\n${root}\n` },
    ]);
    new TestRepository(gate).write({ go: '' });
    await becomes(thread, 'ready');
    expect(thread.items('command')).toMatchObject([
      { status: 'completed', body: { command: setup, exitCode: 0 } },
    ]);
    expect(thread.items('command')[0]?.text).toMatch(/\nset up\n$/);
    await thread.expectSameView();
  });

  it('says why it could not be made, and the next prompt tries again', async () => {
    const { repository, thread } = await stage({ base: 'later' });
    await becomes(thread, 'failed');
    expect(thread.view?.state?.row).toMatchObject({
      status: 'error',
      lastError: {
        code: 'WORKTREE_FAILED',
        message: `the repository at ${repository.root} has no commit later`,
      },
    });
    repository.git('tag', 'later');
    await thread.submit('hello');
    await thread.until(() => thread.facts('turn.ended').length === 1, 'the end of the turn');
    expect(worktreeOf(thread)).toMatchObject({ status: 'ready', failure: null });
    expect(thread.view?.state?.row).toMatchObject({ status: 'ready', lastError: null });
  });

  it('fails with its setup command, which runs again with the next prompt', async () => {
    const folder = usingTempFolder();
    const { thread } = await stage({ setup: `echo tried; [ -e ${folder}/ok ]` });
    await thread.submit('hello');
    await becomes(thread, 'failed');
    expect(thread.view?.state?.row.lastError).toMatchObject({
      code: 'WORKTREE_SETUP_FAILED',
      message: 'the setup command of the working tree exited with 1',
    });
    expect(thread.view?.state?.queue).toMatchObject({ status: 'held', reason: 'failed' });
    new TestRepository(folder).write({ ok: '' });
    await thread.do({ type: 'queue.resume' });
    await thread.until(() => thread.facts('turn.ended').length === 1, 'the end of the turn');
    expect(thread.items('command').map(({ status, text }) => [status, text])).toEqual([
      ['failed', 'tried\n'],
      ['completed', 'tried\n'],
    ]);
  });

  it.each(['thread.stop', 'thread.delete'] as const)(
    'ends its setup with its children on %s',
    async (type) => {
      const folder = usingTempFolder();
      const { thread } = await stage({ setup: lasting(folder) });
      const pid = await pidIn(folder);
      await thread.do({ type });
      await until(() => !isAlive(pid));
    },
  );

  it('is set up again by the next run of the server', async () => {
    const folder = usingTempFolder();
    const { server, thread } = await stage({ setup: `[ -e ${folder}/pid ] || { ${lasting(folder)}; }` });
    await thread.submit('hello');
    const pid = await pidIn(folder);
    await server.restart();
    await until(() => !isAlive(pid));
    await thread.until(() => thread.facts('turn.ended').length === 1, 'the end of the turn');
    expect(thread.items('command').map(({ status }) => status)).toEqual(['failed', 'completed']);
    await thread.expectSameView();
  });
});

describe('the working tree of a deleted thread', () => {
  it('is removed', async () => {
    const { server, repository, thread } = await stage();
    await becomes(thread, 'ready');
    await thread.do({ type: 'thread.delete' });
    await until(() => !existsSync(join(server.config.data, 'worktrees', `${thread.threadId}.json`)));
    expect(repository.git('worktree', 'list').trim().split('\n')).toHaveLength(1);
  });

  it('is kept while work would be lost, and goes with the purge once it is saved', async () => {
    const { server, thread } = await stage();
    await becomes(thread, 'ready');
    const tree = new TestRepository(worktreeOf(thread)?.made?.root ?? '');
    tree.write({ new: 'work\n' });
    await thread.do({ type: 'thread.delete' });
    // a server that stops waits for what it has begun
    await server.restart();
    expect(tree.read('new')).toBe('work\n');
    tree.write({ new: null });
    await server.running().runtime.purge([threadIdSchema.parse(thread.threadId)]);
    await server.restart();
    expect(existsSync(tree.root)).toBe(false);
  });
});
