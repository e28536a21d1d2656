/** Forks in working trees of their own, with the files of the turn that they go on from; with a real git. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GitWorktrees } from '../../adapters/git/worktrees.ts';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import type { WorkspaceHistory } from '../../machines/ports/workspace-history.ts';
import { makeStage } from '../helpers/checkpoint-stage.ts';
import { startCli, type CliStage } from '../helpers/cli-stage.ts';
import { makeHistory, TestRepository } from '../helpers/git-repository.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { threadId } from '../helpers/server-runs.ts';
import { until } from '../helpers/until.ts';
import { usingTempFolder } from '../helpers/using-temp-folder.ts';

type Asked = { readonly base?: string; readonly branch?: string; readonly setup?: string };

const worktreeOf = ({ view }: LiveThread) => view?.state?.worktree;
const becomes = (thread: LiveThread, status: string): Promise<unknown> =>
  thread.until(() => worktreeOf(thread)?.status === status, `a working tree that is ${status}`);
const treeOf = (thread: LiveThread): TestRepository =>
  new TestRepository(worktreeOf(thread)?.made?.root ?? '');

async function forkOf(
  stage: CliStage,
  { thread = stage.thread, turnId, ...worktree }: Asked & { thread?: LiveThread; turnId?: string } = {},
): Promise<LiveThread> {
  const fork = await thread.do({ type: 'thread.fork', worktree, ...(turnId && { turnId }) });
  return stage.follow(fork.threadId);
}

async function readyForkOf(stage: CliStage, asked: Parameters<typeof forkOf>[1] = {}): Promise<LiveThread> {
  const fork = await forkOf(stage, asked);
  await becomes(fork, 'ready');
  return fork;
}

const refusalOf = (thread: LiveThread, worktree: Asked): Promise<unknown> =>
  thread.do({ type: 'thread.fork', worktree }).then(
    () => null,
    (error: unknown) => (error as { code?: unknown }).code,
  );

describe('a fork with a working tree', () => {
  test('begins with the files that the turn left, and changes them for itself', async () => {
    const stage = await startCli();
    const one = await stage.turn({ a: 'two\n', b: 'new\n' });
    stage.repository.commit();
    await stage.turn({ a: 'three\n', b: null });
    const fork = await readyForkOf(stage, { turnId: one });
    const tree = treeOf(fork);
    expect(tree.root).toBe(join(stage.server.config.data, 'worktrees', fork.threadId));
    expect([tree.read('a'), tree.read('b')]).toEqual(['two\n', 'new\n']);
    // as the turn left them: changed and not committed
    expect(tree.git('status', '--porcelain')).toBe(' M a\n?? b\n');
    expect(worktreeOf(fork)?.request).toMatchObject({
      filesOf: { threadId: stage.thread.threadId, turnId: one },
    });
    await stage.turn({ a: 'mine\n' }, fork);
    expect(tree.read('a')).toBe('mine\n');
    expect(stage.repository.read('a')).toBe('three\n');
    expect(fork.facts('checkpoint.captured').at(-1)?.changes).toMatchObject({
      fileCount: 1,
      files: [{ path: 'a' }],
    });
    expect(fork.view?.state?.row.cwd).toBe(tree.root);
    await fork.expectSameView();
  });

  test('begins at a base that is named, whatever the turn left', async () => {
    const stage = await startCli({ checkpoints: false });
    await stage.thread.turn('hello');
    stage.repository.write({ a: 'not committed\n' });
    const fork = await readyForkOf(stage, { base: 'main', branch: 'topic' });
    expect(treeOf(fork).read('a')).toBe('one\n');
    expect(worktreeOf(fork)).toMatchObject({ made: { branch: 'topic' }, request: { base: 'main' } });
  });

  test('is set up before its first prompt, which waits', async () => {
    const stage = await startCli();
    await stage.turn({ a: 'two\n' });
    const fork = await forkOf(stage, { setup: 'cp "$THREADCHART_SOURCE/a" copied' });
    await fork.submit('hello');
    await fork.until(() => fork.facts('turn.ended').length === 1, 'the end of the turn');
    expect(treeOf(fork).read('copied')).toBe('two\n');
  });

  test('of a fork that has one begins with the files of that, and outlives it', async () => {
    const stage = await startCli();
    await stage.turn({ a: 'two\n' });
    const first = await readyForkOf(stage);
    await stage.turn({ a: 'three\n' }, first);
    const second = await readyForkOf(stage, { thread: first });
    expect(treeOf(second).read('a')).toBe('three\n');
    expect(worktreeOf(second)?.made?.source).toBe(stage.repository.root);
    treeOf(first).write({ a: 'two\n' });
    await first.do({ type: 'thread.delete' });
    await until(() => !existsSync(treeOf(first).root));
    expect(treeOf(second).git('status', '--porcelain')).toBe(' M a\n');
  });

  test('is refused where the files are not known, unless a base is named', async () => {
    const uncaptured = await startCli({ checkpoints: false });
    await uncaptured.thread.turn('hello');
    expect(await refusalOf(uncaptured.thread, {})).toBe('CHECKPOINT_MISSING');
    expect(await refusalOf(uncaptured.thread, { base: 'HEAD' })).toBeNull();
    const elsewhere = await startCli({ cwd: usingTempFolder() });
    await elsewhere.turn();
    expect(await refusalOf(elsewhere.thread, {})).toBe('CHECKPOINT_MISSING');
  });

  test('says so where the files are gone when it is tried again', async () => {
    const stage = await startCli();
    await stage.turn({ a: 'two\n' });
    stage.repository.git('branch', 'there');
    const fork = await forkOf(stage, { branch: 'there' });
    await becomes(fork, 'failed');
    const { repository, thread, server } = stage;
    repository.git('branch', '-D', '-q', 'there');
    for (const ref of repository.git('for-each-ref', '--format=%(refname)', 'refs/threadchart').split('\n'))
      if (ref !== '') repository.git('update-ref', '-d', ref);
    repository.git('gc', '-q', '--prune=now');
    const says = (message: string): Promise<unknown> =>
      fork.until(() => {
        const { lastError } = fork.view?.state?.row ?? {};
        return lastError?.code === 'WORKTREE_FAILED' && lastError.message.includes(message);
      }, message);
    await fork.submit('hello');
    await says('has no tree');
    await thread.do({ type: 'thread.delete' });
    await thread.fact('thread.deleted');
    await server.running().runtime.purge([threadIdSchema.parse(thread.threadId)]);
    await fork.do({ type: 'queue.resume' });
    await says('are gone: fork again, with a base');
  });

  test('is removed with what it began with, and with nothing else', async () => {
    const stage = await startCli();
    await stage.turn({ a: 'two\n' });
    const [changed, same] = [await readyForkOf(stage), await readyForkOf(stage)];
    await stage.turn({ a: 'mine\n' }, changed);
    for (const fork of [same, changed]) await fork.do({ type: 'thread.delete' });
    await until(() => !existsSync(treeOf(same).root));
    // a server that stops waits for what it has begun
    await stage.server.restart();
    expect(treeOf(changed).read('a')).toBe('mine\n');
  });

  test('tells its parent where the files are', async () => {
    const stage = await startCli();
    await stage.turn({ a: 'two\n' });
    const fork = await readyForkOf(stage);
    await stage.turn({ a: 'mine\n' }, fork);
    await fork.do({ type: 'thread.mergeBack' });
    await stage.thread.turn('go on');
    const [told] = stage.thread.items('transfer');
    const { root = '', branch = '' } = worktreeOf(fork)?.made ?? {};
    expect(told?.text).toContain(`in a git working tree of their own, ${root}, on the branch ${branch}:`);
  });
});

/** Captures of the end of a turn wait, but for what asks for them again. */
function gated(history: WorkspaceHistory) {
  const asked: string[] = [];
  const open = Promise.withResolvers<void>();
  const capture: WorkspaceHistory['capture'] = async (cwd, point) => {
    const isAgain = asked.includes(point.name);
    asked.push(point.name);
    if (point.name.endsWith('/after') && !isAgain) await open.promise;
    return history.capture(cwd, point);
  };
  const held = new Proxy(history, {
    get: (target, name) => {
      if (name === 'capture') return capture;
      const method: unknown = Reflect.get(target, name, target);
      return typeof method === 'function' ? (method.bind(target) as unknown) : method;
    },
  });
  return { history: held, open: () => open.resolve() };
}

test('a fork does not wait for the capture that its turn ends with, and has the same files', async () => {
  const { history, open } = gated(makeHistory());
  const folder = usingTempFolder();
  const worktrees = new GitWorktrees({ folder, env: { PATH: process.env['PATH'] } });
  const stage = await makeStage({ history, worktrees });
  const turnId = await stage.begin();
  stage.repository.write({ a: 'two\n' });
  stage.run.provider.session(stage.run.provider.connectionIds.at(-1)!).goOn();
  stage.run.settle();
  await stage.run.do({ type: 'thread.fork', newThreadId: 'f1', worktree: {} });
  const made = await until(() => {
    stage.run.settle();
    return stage.server.journal.threadState(threadId('f1'))?.worktree?.made;
  });
  expect(stage.row(turnId)).toMatchObject({ status: 'capturing', after: null });
  expect(new TestRepository(made.root).read('a')).toBe('two\n');
  open();
  await stage.rest();
  expect(stage.row(turnId)).toMatchObject({ status: 'captured', fileCount: 1 });
  expect(stage.row(turnId)?.after?.head).toBe(stage.repository.git('rev-parse', 'HEAD').trim());
  await worktrees.remove(threadIdSchema.parse('f1'), { force: true });
});
