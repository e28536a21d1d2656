import { chmodSync, existsSync, lstatSync, mkdirSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { GitHistory } from '../../../../adapters/git/index.ts';
import type { PlanRequest, RestorePlan, Step } from '../../../../machines/ports/workspace-history.ts';
import { threadIdSchema } from '../../../../machines/domain/ids.ts';
import {
  captureTree,
  makeHistory,
  makeRepository,
  type TestRepository,
} from '../../../helpers/git-repository.ts';

type Files = Readonly<Record<string, string | null>>;

/** A thread whose turns are edits. */
class Stage {
  readonly repository: TestRepository = makeRepository();
  readonly history: GitHistory = makeHistory();
  readonly steps: Step[] = [];

  async turn(files: Files): Promise<void> {
    const number = this.steps.length;
    const before = await captureTree(this.history, this.repository.root, `${number}/before`);
    this.repository.write(files);
    const after = await captureTree(this.history, this.repository.root, `${number}/after`);
    this.steps.push({ before, after });
  }

  plan(more: Partial<PlanRequest> = {}): Promise<RestorePlan> {
    return this.history.plan(this.repository.root, { steps: this.steps, ...more });
  }

  async rollback(more: Partial<PlanRequest> = {}): Promise<readonly string[]> {
    const plan = await this.plan(more);
    const { conflicts } = await this.history.restore(this.repository.root, plan);
    return [...plan.conflicts, ...conflicts].map(({ path, reason }) => `${path} ${reason}`);
  }

  isThere(name: string): boolean {
    return existsSync(this.repository.path(name));
  }
}

async function stageWith(files: Files): Promise<Stage> {
  const stage = new Stage();
  stage.repository.commit(files);
  return stage;
}

describe('a rollback of files', () => {
  it('puts back what the thread changed, added and removed, and nothing else', async () => {
    const stage = await stageWith({ 'edit.txt': 'a\n', 'gone.txt': 'g\n', 'mine.txt': 'm\n' });
    await stage.turn({ 'edit.txt': 'b\n', 'new/deep/x.txt': 'x\n' });
    stage.repository.write({ 'mine.txt': 'mine\n', 'also-mine.txt': 'm\n' });
    await stage.turn({ 'gone.txt': null, 'edit.txt': 'c\n' });
    expect(await stage.rollback()).toEqual([]);
    expect(stage.repository.read('edit.txt')).toBe('a\n');
    expect(stage.repository.read('gone.txt')).toBe('g\n');
    expect(stage.repository.read('mine.txt')).toBe('mine\n');
    expect(stage.repository.read('also-mine.txt')).toBe('m\n');
    expect(stage.isThere('new')).toBe(false);
  });

  it('leaves alone what somebody else changed since, unless it is forced', async () => {
    const stage = await stageWith({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
    await stage.turn({ 'a.txt': 'thread\n', 'b.txt': 'thread\n' });
    stage.repository.write({ 'a.txt': 'mine\n', 'b.txt': 'mine\n' });
    expect(await stage.rollback({ force: ['b.txt'] })).toEqual(['a.txt changed-since']);
    expect(stage.repository.read('a.txt')).toBe('mine\n');
    expect(stage.repository.read('b.txt')).toBe('b\n');
  });

  it('leaves alone what somebody else changed between two turns that did', async () => {
    const stage = await stageWith({ 'a.txt': 'a\n' });
    await stage.turn({ 'a.txt': 'b\n' });
    stage.repository.write({ 'a.txt': 'b and mine\n' });
    await stage.turn({ 'a.txt': 'c and mine\n' });
    expect(await stage.rollback()).toEqual(['a.txt changed-between']);
    expect(stage.repository.read('a.txt')).toBe('c and mine\n');
  });

  it('gives back what somebody else had written before the thread first touched it', async () => {
    const stage = await stageWith({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
    await stage.turn({ 'b.txt': 'thread\n' });
    stage.repository.write({ 'a.txt': 'mine\n' });
    await stage.turn({ 'a.txt': 'thread\n' });
    expect(await stage.rollback()).toEqual([]);
    expect(stage.repository.read('a.txt')).toBe('mine\n');
  });

  it('leaves alone what another thread changed at the same time', async () => {
    const stage = await stageWith({ 'a.txt': 'a\n' });
    await stage.turn({ 'a.txt': 'b\n' });
    expect(await stage.rollback({ contested: ['a.txt'] })).toEqual(['a.txt contested']);
    expect(await stage.rollback({ contested: ['a.txt'], force: ['a.txt'] })).toEqual([]);
    expect(stage.repository.read('a.txt')).toBe('a\n');
  });

  it('has nothing to do for what is as it was, whoever made it so', async () => {
    const stage = await stageWith({ 'a.txt': 'a\n' });
    await stage.turn({ 'a.txt': 'b\n' });
    stage.repository.write({ 'a.txt': 'a\n' });
    expect(await stage.plan()).toEqual({ restore: [], conflicts: [] });
  });

  it('does not write over what is not captured', async () => {
    const stage = await stageWith({});
    stage.repository.write({ 'a.log': 'old\n', 'b.log': 'old\n' });
    await stage.turn({ 'a.log': null, 'b.log': null });
    stage.repository.write({ '.gitignore': '*.log\n', 'a.log': 'precious\n', 'b.log': 'precious\n' });
    expect(await stage.rollback({ force: ['b.log'] })).toEqual(['a.log unseen']);
    expect(stage.repository.read('a.log')).toBe('precious\n');
    expect(stage.repository.read('b.log')).toBe('old\n');
  });

  it('keeps modes and symbolic links', async () => {
    const stage = await stageWith({ run: '#!/bin/sh\n', link: '-> run', 'plain.txt': 'p\n' });
    await stage.turn({ run: 'no more\n', link: 'a file\n', 'plain.txt': '-> run' });
    chmodSync(stage.repository.path('run'), 0o644);
    expect(await stage.rollback()).toEqual([]);
    expect(lstatSync(stage.repository.path('run')).mode & 0o111).not.toBe(0);
    expect(readlinkSync(stage.repository.path('link'))).toBe('run');
    expect(lstatSync(stage.repository.path('plain.txt')).isFile()).toBe(true);
  });

  it('lets a file take the place of a folder, and a folder that of a file', async () => {
    const stage = await stageWith({ a: 'file\n', 'b/c': 'in a folder\n', 'b/d/e': 'deep\n' });
    await stage.turn({ a: null, b: null });
    await stage.turn({ 'a/x/y': 'now a folder\n', b: 'now a file\n' });
    expect(await stage.rollback()).toEqual([]);
    expect(stage.repository.read('a')).toBe('file\n');
    expect(stage.repository.read('b/d/e')).toBe('deep\n');
  });

  it('does not empty a folder for a file while somebody else has one in it', async () => {
    const stage = await stageWith({ a: 'file\n' });
    await stage.turn({ a: null, 'a/x': 'thread\n' });
    stage.repository.write({ 'a/mine': 'mine\n' });
    expect(await stage.rollback()).toEqual(['a unseen']);
    expect(stage.repository.read('a/mine')).toBe('mine\n');
    expect(stage.isThere('a/x')).toBe(false);
  });

  it('does not follow a link out of the repository', async () => {
    const outside = makeRepository();
    const stage = await stageWith({ 'a/b': 'b\n' });
    await stage.turn({ 'a/b': null });
    stage.repository.write({ a: `-> ${outside.root}` });
    expect(await stage.rollback()).toEqual(['a/b unseen']);
    expect(existsSync(outside.path('b'))).toBe(false);
  });

  it('takes an empty folder for nothing', async () => {
    const stage = await stageWith({ a: 'file\n' });
    await stage.turn({ a: null });
    mkdirSync(stage.repository.path('a/empty/folders'), { recursive: true });
    expect(await stage.rollback()).toEqual([]);
    expect(stage.repository.read('a')).toBe('file\n');
  });

  it('may be repeated with the same plan, and planned again after it was cut short', async () => {
    const stage = await stageWith({ a: 'a\n', b: 'b\n', c: 'c\n' });
    await stage.turn({ a: 'A\n', b: null, c: 'C\n', d: 'D\n' });
    const plan = await stage.plan();
    const half = { ...plan, restore: plan.restore.slice(0, 2) };
    await stage.history.restore(stage.repository.root, half);
    expect((await stage.plan()).restore.map((each) => each.path)).toEqual(['c', 'd']);
    const other = makeHistory();
    const whole = { restored: ['a', 'b', 'c', 'd'], conflicts: [] };
    expect(await other.restore(stage.repository.root, plan)).toEqual(whole);
    expect(await other.restore(stage.repository.root, plan)).toEqual(whole);
    expect(stage.repository.git('status', '--porcelain')).toBe('');
  });

  it('leaves alone what has changed since the plan was made', async () => {
    const stage = await stageWith({ a: 'a\n', b: 'b\n' });
    await stage.turn({ a: 'A\n', b: 'B\n' });
    const plan = await stage.plan();
    stage.repository.write({ a: 'mine\n' });
    expect(await stage.history.restore(stage.repository.root, plan)).toEqual({
      restored: ['b'],
      conflicts: [{ path: 'a', reason: 'changed-since' }],
    });
    expect(stage.repository.read('a')).toBe('mine\n');
  });

  it('is refused with a code when a tree or the repository is gone', async () => {
    const stage = await stageWith({ a: 'a\n' });
    const lost = { before: '1'.repeat(40), after: '2'.repeat(40) };
    await expect(stage.plan({ steps: [lost] })).rejects.toMatchObject({ code: 'CHECKPOINT_LOST' });
    const plan = stage.history.plan('/nowhere', { steps: [] });
    await expect(plan).rejects.toMatchObject({ code: 'CHECKPOINT_LOST' });
  });
});

describe('what a thread leaves in a repository', () => {
  it('is gone when the thread is forgotten, and that of others is not', async () => {
    const { repository, history } = await stageWith({ a: 'a\n' });
    for (const thread of ['a', 'ab', 'a:b.lock']) {
      const threadId = threadIdSchema.parse(thread);
      await history.capture(repository.root, { threadId, name: 'x' });
    }
    await history.forget(repository.root, threadIdSchema.parse('a'));
    await history.forget(repository.root, threadIdSchema.parse('a'));
    await history.forget('/nowhere', threadIdSchema.parse('a'));
    expect(repository.git('for-each-ref', '--format=%(refname)')).toBe(
      'refs/heads/main\nrefs/threadchart/a%3Ab%2Elock/x\nrefs/threadchart/ab/x\n',
    );
  });
});
