/** Threads that branch off, come back and change their agent: `fork`, `merge`, `switch`. */
import { describe, expect, test } from 'vitest';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { startCli, type CliStage } from '../helpers/cli-stage.ts';
import { TestRepository } from '../helpers/git-repository.ts';
import type { LiveThread } from '../helpers/live-thread.ts';

const { ok, refused, usage } = EXIT_CODES;
const TWO = { instances: ['scripted', 'other'].map((instanceId) => ({ instanceId, driver: 'scripted' })) };

const codeOf = async (stage: CliStage, ...argv: string[]) => {
  const { code, err } = await stage.run(...argv);
  return [code, /\((\w+)\)\n$/.exec(err)?.[1]];
};
const saidBy = async (stage: CliStage, threadId: string): Promise<string[]> => {
  const { snapshot } = await stage.thread.client.call('orchestration.getThreadProjection', { threadId });
  return snapshot.items.filter(({ body }) => body.kind === 'assistant_message').map(({ text }) => text);
};
const readyTreeOf = (thread: LiveThread) =>
  thread.until(() => thread.view?.state?.worktree?.made, 'a working tree');
/** What the agent was handed last. */
const handed = ({ server }: CliStage): string =>
  server.world.performed
    .flatMap((effect) => (effect.type === 'turn.start' ? [effect.prompt.text] : []))
    .at(-1) ?? '';

describe('fork', () => {
  test('prints the id of a thread that goes on from the newest completed turn', async () => {
    const stage = await startCli();
    await stage.thread.turn('apple');
    const { code, out, err } = await stage.run('fork', stage.thread.threadId);
    expect([code, err]).toEqual([ok, '']);
    const fork = out.trim();
    expect(fork).not.toBe(stage.thread.threadId);
    expect(await saidBy(stage, fork)).toEqual(['apple']);
    const sent = await stage.run('send', 'pear', '--thread', fork);
    expect(sent).toMatchObject({ code: ok, out: 'pear\n' });
    expect(handed(stage)).toContain('apple');
    expect(await saidBy(stage, stage.thread.threadId)).toEqual(['apple']);
    const list = await stage.json<{ id: string; parentId: string | null }>('ls');
    expect(list.find(({ id }) => id === fork)?.parentId).toBe(stage.thread.threadId);
  });

  test('takes an earlier turn, another agent, a model and a title', async () => {
    const stage = await startCli({}, TWO);
    const { turnId } = await stage.thread.turn('apple');
    await stage.thread.turn('pear');
    const flags = ['--turn', turnId, '--instance', 'other', '--model', 'm', '--title', 'another way'];
    const [made] = await stage.json<{ threadId: string; duplicate: boolean }>(
      'fork',
      stage.thread.threadId,
      ...flags,
    );
    expect(made).toMatchObject({ duplicate: false });
    const fork = await stage.follow(made?.threadId ?? '');
    expect(fork.view?.state?.row).toMatchObject({ instanceId: 'other', model: 'm', title: 'another way' });
    expect(await saidBy(stage, fork.threadId)).toEqual(['apple']);
    await fork.turn('plum');
    expect(handed(stage)).toContain('apple');
    expect(handed(stage)).not.toContain('pear');
  });

  test('--worktree gives it files of its own, which a diff brings back', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    const one = await stage.turn({ a: 'two\n' });
    await stage.turn({ b: 'later\n' });
    const made = await stage.run('fork', threadId, '--turn', one, '--worktree', '--setup', 'echo > built');
    expect(made).toMatchObject({ code: ok, err: '' });
    const fork = await stage.follow(made.out.trim());
    await readyTreeOf(fork);
    const tree = new TestRepository(fork.view?.state?.row.cwd ?? '');
    expect([tree.read('a'), tree.read('built')]).toEqual(['two\n', '\n']);
    await stage.turn({ a: 'mine\n' }, fork);
    expect(stage.repository.read('a')).toBe('two\n');
    stage.repository.write({ 'fork.diff': (await stage.run('diff', fork.threadId)).out });
    stage.repository.git('apply', 'fork.diff');
    expect([stage.repository.read('a'), stage.repository.read('b')]).toEqual(['mine\n', 'later\n']);
  });

  test('--base and --branch say where its working tree begins', async () => {
    const stage = await startCli({ checkpoints: false });
    await stage.thread.turn('apple');
    const { threadId } = stage.thread;
    expect(await codeOf(stage, 'fork', threadId, '--worktree')).toEqual([refused, 'CHECKPOINT_MISSING']);
    const made = await stage.run('fork', threadId, '--base', 'main', '--branch', 'topic');
    const fork = await stage.follow(made.out.trim());
    expect(await readyTreeOf(fork)).toMatchObject({ branch: 'topic' });
  });

  test('is refused with the code where nothing can go on', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    expect(await codeOf(stage, 'fork', threadId)).toEqual([refused, 'NO_COMPLETED_TURN']);
    const failed = await stage.thread.turn('fail');
    const at = (turnId: string) => codeOf(stage, 'fork', threadId, '--turn', turnId);
    expect(await at(failed.turnId)).toEqual([refused, 'TURN_NOT_COMPLETED']);
    expect(await at('nothing')).toEqual([refused, 'TURN_NOT_FOUND']);
    expect(await at('no id!')).toEqual([usage, 'INVALID_PARAMS']);
    expect(await codeOf(stage, 'fork', 'nobody')).toEqual([refused, 'THREAD_NOT_FOUND']);
    await stage.thread.turn('apple');
    const nowhere = await stage.run('fork', threadId, '--instance', 'nowhere', '--json');
    expect([nowhere.code, JSON.parse(nowhere.out)]).toMatchObject([
      refused,
      { error: { code: 'INSTANCE_NOT_FOUND', message: expect.stringContaining('nowhere') as string } },
    ]);
  });
});

describe('merge', () => {
  test('lets the next prompt of the parent tell what the fork did', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    await stage.thread.turn('apple');
    const fork = (await stage.run('fork', threadId)).out.trim();
    expect(await codeOf(stage, 'merge', fork)).toEqual([refused, 'NOTHING_TO_MERGE']);
    await stage.run('send', 'pear', '--thread', fork);
    const merged = await stage.run('merge', fork);
    const told = `what ${fork} did goes along with the next prompt of its parent\n`;
    expect(merged).toEqual({ code: ok, out: told, err: '' });
    expect(await codeOf(stage, 'merge', fork)).toEqual([refused, 'NOTHING_TO_MERGE']);
    expect((await stage.run('send', 'plum', '--thread', threadId)).code).toBe(ok);
    expect(handed(stage)).toMatch(/pear[^]*plum/);
    await stage.run('send', 'cherry', '--thread', fork);
    expect((await stage.json('merge', fork))[0]).toMatchObject({ threadId: fork, duplicate: false });
  });

  test('is refused for a thread that is no fork, or not there', async () => {
    const stage = await startCli();
    await stage.thread.turn('apple');
    expect(await codeOf(stage, 'merge', stage.thread.threadId)).toEqual([refused, 'THREAD_NOT_FORKED']);
    expect(await codeOf(stage, 'merge', 'nobody')).toEqual([refused, 'THREAD_NOT_FOUND']);
  });
});

describe('switch', () => {
  test('goes on with another agent, which is told what was said', async () => {
    const stage = await startCli({}, TWO);
    const { threadId } = stage.thread;
    await stage.thread.turn('apple');
    const switched = await stage.run('switch', threadId, 'other', '--model', 'm');
    expect(switched).toEqual({ code: ok, out: `${threadId} goes on with other\n`, err: '' });
    await stage.thread.until(() => stage.thread.view?.state?.row.instanceId === 'other', 'the other agent');
    expect(stage.thread.view?.state?.row.model).toBe('m');
    const sent = await stage.run('send', 'pear', '--thread', threadId);
    expect(sent).toMatchObject({ code: ok, out: 'pear\n' });
    expect(handed(stage)).toMatch(/apple[^]*pear/);
    expect((await stage.json('switch', threadId, 'scripted'))[0]).toMatchObject({
      threadId,
      duplicate: false,
    });
  });

  test('is refused with the code where it cannot be', async () => {
    const stage = await startCli({}, TWO);
    const { threadId } = stage.thread;
    expect(await codeOf(stage, 'switch', threadId, 'nowhere')).toEqual([refused, 'INSTANCE_NOT_FOUND']);
    expect(await codeOf(stage, 'switch', 'nobody', 'other')).toEqual([refused, 'THREAD_NOT_FOUND']);
    await stage.begin();
    expect(await codeOf(stage, 'switch', threadId, 'other')).toEqual([refused, 'THREAD_BUSY']);
  });
});
