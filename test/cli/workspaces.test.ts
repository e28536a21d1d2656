/** What a person sees of the files of a thread, and how they go back: `diff`, `rollback`, `worktree`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { startCli, type CliStage } from '../helpers/cli-stage.ts';
import { TestRepository } from '../helpers/git-repository.ts';
import { usingTempFolder } from '../helpers/using-temp-folder.ts';

const { ok, refused, usage } = EXIT_CODES;

describe('diff', () => {
  test('prints what the thread changed as a diff, and with --stat as a list', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    await stage.turn({ a: 'two\nlines\n' });
    await stage.turn({ b: 'new\n', old: 'x\n' });
    const whole = await stage.run('diff', threadId);
    expect(whole).toMatchObject({ code: ok, err: '' });
    expect(whole.out).toContain('-one\n+two\n+lines\n');
    expect(whole.out).toContain('+++ b/b\n');
    expect(await stage.run('diff', threadId, '--stat')).toEqual({
      code: ok,
      out: 'modified a +2 -1\nadded    b +1 -0\nadded    old +1 -0\n',
      err: '',
    });
  });

  test('is of one turn, or of one file', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    const one = await stage.turn({ a: 'two\n' });
    const two = await stage.turn({ b: 'x\n'.repeat(30), c: 'new\n' });
    await stage.turn({ b: null, d: 'x\n'.repeat(30) });
    expect((await stage.run('diff', threadId, '--turn', one, '--stat')).out).toBe('modified a +1 -1\n');
    expect((await stage.run('diff', threadId, 'c', '--turn', two, '--stat')).out).toBe('added    c +1 -0\n');
    const moved = await stage.run(
      'diff',
      threadId,
      '--turn',
      stage.thread.facts('turn.ended')[2]?.turnId ?? '',
      '--stat',
    );
    expect(moved.out).toBe('renamed  d (was b) +0 -0\n');
  });

  test('gives programs the list and the text, and the list alone with --stat', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    await stage.turn({ a: 'two\n' });
    const [page] = await stage.json('diff', threadId);
    expect(page).toMatchObject({
      status: 'captured',
      files: [{ path: 'a', kind: 'modified', additions: 1, deletions: 1 }],
      diff: expect.stringContaining('+two') as string,
      next: null,
    });
    expect((await stage.json('diff', threadId, '--stat'))[0]).toMatchObject({ fileCount: 1, diff: null });
  });

  test('says so where nothing was changed, is being captured or can be known', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    const still = await stage.turn();
    expect(await stage.run('diff', threadId)).toEqual({ code: ok, out: '', err: 'no file was changed\n' });
    const runs = await stage.begin();
    const capturing = await stage.run('diff', threadId, '--turn', runs);
    expect(capturing).toMatchObject({ code: ok, err: 'the files are still being captured\n' });
    await stage.end(runs);
    expect((await stage.run('diff', threadId, '--turn', still)).err).toBe('no file was changed\n');
    const elsewhere = await startCli({ cwd: usingTempFolder() });
    await elsewhere.turn({ a: 'x' });
    const missing = await elsewhere.run('diff', elsewhere.thread.threadId);
    expect(missing).toMatchObject({ code: ok, out: '' });
    expect(missing.err).toMatch(/^the files are not captured: .* is in no git repository\n$/);
  });

  test('refuses a thread and a turn that are not there', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    const nobody = await stage.run('diff', 'nobody');
    expect([nobody.code, nobody.err]).toEqual([refused, expect.stringContaining('(THREAD_NOT_FOUND)')]);
    const noTurn = await stage.run('diff', threadId, '--turn', 'nothing');
    expect([noTurn.code, noTurn.err]).toEqual([refused, expect.stringContaining('(TURN_NOT_FOUND)')]);
    const noId = await stage.run('diff', threadId, '--turn', 'no id!');
    expect([noId.code, noId.err]).toEqual([
      usage,
      'threadchart: no id! is no id of a turn (INVALID_PARAMS)\n',
    ]);
  });
});

describe('rollback', () => {
  test('--plan says what would happen, and nothing does', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    const one = await stage.turn({ a: 'two\n' });
    await stage.turn({ a: 'three\n', b: 'new\n', c: 'new\n' });
    stage.repository.write({ c: 'a person wrote this\n' });
    const plan = await stage.run('rollback', threadId, '--to', one, '--plan');
    const text = '1 turn would be rolled back\nput back a\nremove   b\nleft     c (changed-since)\n';
    expect(plan).toEqual({ code: ok, out: text, err: '' });
    const forced = await stage.run('rollback', threadId, '--plan', '--force', 'c');
    expect(forced.out).toBe('2 turns would be rolled back\nput back a\nremove   b\nremove   c\n');
    const [told] = await stage.json('rollback', threadId, '--to', one, '--plan');
    expect(told).toMatchObject({ turnIds: [expect.any(String)], restoreCount: 2, conflictCount: 1 });
    expect(stage.repository.read('a')).toBe('three\n');
    expect(stage.thread.facts('rollback.began')).toEqual([]);
  });

  test('--plan knows --conversation-only and --files-only', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    await stage.turn({ a: 'two\n' });
    const plan = async (flag: string) => (await stage.run('rollback', threadId, '--plan', flag)).out;
    expect(await plan('--conversation-only')).toBe('1 turn would be rolled back\n');
    expect(await plan('--files-only')).toBe('put back a\n');
  });

  test('goes back to a turn, with the files, and says what it left alone', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    const one = await stage.turn({ a: 'two\n' });
    await stage.turn({ a: 'three\n', b: 'new\n' });
    stage.repository.write({ b: 'a person wrote this\n' });
    const back = await stage.run('rollback', threadId, '--to', one);
    const left = 'left b (changed-since)\n';
    expect(back).toEqual({ code: ok, out: '1 turn rolled back, 1 file put back\n', err: left });
    expect([stage.repository.read('a'), stage.repository.read('b')]).toEqual([
      'two\n',
      'a person wrote this\n',
    ]);
    expect((await stage.run('diff', threadId, '--stat')).out).toBe('modified a +1 -1\n');
    const start = await stage.run('rollback', threadId, '--json');
    expect(JSON.parse(start.out)).toMatchObject({
      type: 'rollback.ended',
      turnIds: [one],
      restored: { fileCount: 1, conflictCount: 0 },
      failure: null,
    });
    expect([start.err, stage.repository.read('a')]).toEqual(['', 'one\n']);
    expect((await stage.run('diff', threadId)).err).toBe('no file was changed\n');
  });

  test('takes the conversation or the files alone', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    const one = await stage.turn({ a: 'two\n' });
    await stage.turn({ a: 'three\n' });
    const talk = await stage.run('rollback', threadId, '--to', one, '--conversation-only');
    expect(talk).toEqual({ code: ok, out: '1 turn rolled back\n', err: '' });
    expect(stage.repository.read('a')).toBe('three\n');
    const files = await stage.run('rollback', threadId, '--files-only');
    expect(files).toEqual({ code: ok, out: '1 file put back\n', err: '' });
    expect(stage.repository.read('a')).toBe('one\n');
    const both = await stage.run('rollback', threadId, '--files-only', '--conversation-only');
    expect(both.code).toBe(usage);
  });

  test('is refused with the code where it cannot be', async () => {
    const stage = await startCli();
    const { threadId } = stage.thread;
    const codeOf = async (...argv: string[]) => {
      const { code, err } = await stage.run('rollback', ...argv);
      return [code, /\((\w+)\)\n$/.exec(err)?.[1]];
    };
    expect(await codeOf(threadId)).toEqual([refused, 'NOTHING_TO_ROLL_BACK']);
    expect(await codeOf(threadId, '--to', 'nothing')).toEqual([refused, 'TURN_NOT_FOUND']);
    expect(await codeOf('nobody')).toEqual([refused, 'THREAD_NOT_FOUND']);
    expect(await codeOf('no id!')).toEqual([usage, 'INVALID_PARAMS']);
    const turn = await stage.begin();
    expect(await codeOf(threadId)).toEqual([refused, 'THREAD_BUSY']);
    await stage.end(turn);
    const elsewhere = await startCli({ cwd: usingTempFolder() });
    await elsewhere.turn();
    const missing = await elsewhere.run('rollback', elsewhere.thread.threadId, '--json');
    expect([missing.code, JSON.parse(missing.out)]).toMatchObject([
      refused,
      { error: { code: 'CHECKPOINT_MISSING', message: expect.stringContaining('files: false') as string } },
    ]);
  });
});

describe('worktree', () => {
  const root = ({ server, thread }: CliStage): string =>
    join(server.config.data, 'worktrees', thread.threadId);

  test('list says of each tree where it is and what would be lost', async () => {
    const none = await startCli();
    expect(await none.run('worktree', 'list')).toEqual({ code: ok, out: '', err: 'no working trees\n' });
    const stage = await startCli({ worktree: {} });
    const { threadId } = stage.thread;
    await stage.turn();
    const place = `${threadId}  ${root(stage)}  threadchart/${threadId}`;
    const clean = await stage.run('worktree', 'list');
    expect(clean).toEqual({ code: ok, out: `${place}  nothing that would be lost\n`, err: '' });
    await stage.turn({ new: 'work\n' });
    const unsaved = '1 file not committed, 0 commits on no other branch or remote';
    expect((await stage.run('worktree', 'list')).out).toBe(`${place}  ${unsaved}\n`);
    expect(await stage.json('worktree', 'list')).toMatchObject([
      { threadId, root: root(stage), source: stage.repository.root, uncommittedCount: 1, problem: null },
    ]);
  });

  test('remove keeps work that would be lost, and takes it with --force', async () => {
    const stage = await startCli({ worktree: {} });
    const { threadId } = stage.thread;
    await stage.turn({ new: 'work\n' });
    const kept = await stage.run('worktree', 'remove', threadId);
    expect([kept.code, kept.out]).toEqual([refused, '']);
    expect(kept.err).toContain('has 1 file not committed, 0 commits on no other branch or remote; --force');
    expect(kept.err).toContain('(WORKTREE_FAILED)');
    expect(new TestRepository(root(stage)).read('new')).toBe('work\n');
    const removed = await stage.run('worktree', 'remove', threadId, '--force');
    expect(removed).toEqual({ code: ok, out: `removed that of ${threadId}\n`, err: '' });
    expect(existsSync(root(stage))).toBe(false);
    const again = await stage.run('worktree', 'remove', threadId, '--json');
    expect([again.code, JSON.parse(again.out)]).toEqual([ok, { outcome: 'none' }]);
    expect((await stage.run('worktree', 'remove', 'no id!')).code).toBe(usage);
  });
});
