/** Files of the workspace around turns, and the way back, in a real repository. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeStage } from '../helpers/checkpoint-stage.ts';
import { threadId } from '../helpers/server-runs.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { THREAD } from '../helpers/start-runtime.ts';

const PAGE = { limit: 50, text: false };

describe('a checkpoint', () => {
  test('says what the turn changed, with kinds and counts', async () => {
    const stage = await makeStage();
    const turn = await stage.turn({ a: 'two\nlines\n', b: 'new\n' });
    expect(stage.row(turn)).toMatchObject({ status: 'captured', fileCount: 2, restored: false });
    expect(stage.item('checkpoint')).toMatchObject({
      turnId: turn,
      status: 'completed',
      body: {
        fileCount: 2,
        additions: 3,
        deletions: 1,
        files: [
          { path: 'a', kind: 'modified', additions: 2, deletions: 1 },
          { path: 'b', kind: 'added', additions: 1, deletions: 0 },
        ],
      },
    });
  });

  test('of a turn that changed nothing has no item', async () => {
    const stage = await makeStage();
    const turn = await stage.turn();
    expect(stage.row(turn)).toMatchObject({ status: 'captured', fileCount: 0 });
    expect(stage.item('checkpoint')).toBeUndefined();
  });

  test('is missing with its reason where there is no repository', async () => {
    const stage = await makeStage();
    const folder = makeTempFolder();
    await stage.run.create({ threadId: 't2', cwd: folder.path });
    const turn = await stage.turn({}, 't2');
    folder.remove();
    const row = stage.row(turn, 't2');
    expect(row).toMatchObject({ status: 'missing', before: null, after: null });
    expect(row?.reason).toContain('is in no git repository');
    expect(stage.run.snapshot(threadId('t2')).items.map(({ body }) => body.kind)).not.toContain('notice');
    const diff = await stage.run.runtime.diffs.ofTurn(threadId('t2'), turn, PAGE);
    expect(diff).toMatchObject({ status: 'missing', reason: row?.reason, files: [] });
  });

  test('names turns of other threads that ran in the same repository meanwhile', async () => {
    const stage = await makeStage();
    await stage.run.create({ threadId: 't2', cwd: stage.repository.root });
    const first = await stage.begin();
    const second = await stage.begin('t2');
    stage.repository.write({ b: 'of one of them\n' });
    await stage.end('t2');
    await stage.end();
    expect(stage.row(first)?.overlaps).toEqual([{ threadId: 't2', turnId: second }]);
    expect(stage.row(second, 't2')?.overlaps).toEqual([{ threadId: THREAD, turnId: first }]);
    await stage.rollBack(null);
    await stage.rest();
    expect(stage.item('rollback')?.body).toMatchObject({
      restored: { fileCount: 0, conflicts: [{ path: 'b', reason: 'contested' }] },
    });
  });
});

describe('a diff', () => {
  test('of a turn and of the thread has pages, kinds and text', async () => {
    const stage = await makeStage();
    const one = await stage.turn({ a: 'two\n', b: 'new\n' });
    stage.repository.write({ 'of-a-person': 'x\n' });
    await stage.turn({ b: null, c: 'third\n' });
    const { diffs } = stage.run.runtime;
    const first = await diffs.ofTurn(threadId(THREAD), one, { ...PAGE, limit: 1 });
    expect(first).toMatchObject({ status: 'captured', fileCount: 2, files: [{ path: 'a' }], next: '1' });
    const rest = await diffs.ofTurn(threadId(THREAD), one, { limit: 1, cursor: '1', text: true });
    expect(rest).toMatchObject({ files: [{ path: 'b', kind: 'added' }], next: null });
    expect(rest.diff).toContain('+new');
    const whole = await diffs.ofThread(threadId(THREAD), PAGE);
    expect(whole.files.map(({ path, kind }) => [path, kind])).toEqual([
      ['a', 'modified'],
      ['c', 'added'],
    ]);
  });
});

describe('a rollback', () => {
  test('puts back files and marks what comes later', async () => {
    const stage = await makeStage();
    const one = await stage.turn({ a: 'two\n' });
    const two = await stage.turn({ a: 'three\n', b: 'new\n' });
    const query = { turnId: one, files: true, conversation: true, force: [] };
    const plan = await stage.run.runtime.diffs.plan(threadId(THREAD), query);
    expect(plan).toEqual({
      turnIds: [two],
      restore: [
        { path: 'a', remains: true },
        { path: 'b', remains: false },
      ],
      restoreCount: 2,
      conflicts: [],
      conflictCount: 0,
    });
    expect(stage.repository.read('a')).toBe('three\n');
    await stage.rollBack(one);
    await stage.rest();
    expect(stage.repository.read('a')).toBe('two\n');
    expect(existsSync(stage.repository.path('b'))).toBe(false);
    expect([stage.turnRow(one)?.status, stage.turnRow(two)?.status]).toEqual(['completed', 'rolledBack']);
    const marked = stage.run.snapshot().items.filter(({ rolledBack }) => rolledBack === true);
    expect(new Set(marked.map(({ turnId }) => turnId))).toEqual(new Set([two]));
    expect(stage.run.snapshot()).toMatchObject({ thread: { status: 'ready', lastError: null } });
    expect(stage.row(two)?.restored).toBe(true);
    expect(await stage.run.refusal({ type: 'checkpoint.rollback', turnId: two })).toBe('TURN_NOT_FOUND');
    expect(await stage.run.refusal({ type: 'checkpoint.rollback', turnId: one })).toBe(
      'NOTHING_TO_ROLL_BACK',
    );
  });

  test('goes back to the start of the thread', async () => {
    const stage = await makeStage();
    await stage.turn({ a: 'two\n' });
    await stage.turn({ a: 'three\n' });
    await stage.rollBack(null);
    await stage.rest();
    expect(stage.repository.read('a')).toBe('one\n');
    expect(stage.run.runtime.threads.peek(threadId(THREAD))?.context).toMatchObject({
      session: null,
      opening: { type: 'resume' },
    });
  });

  test('leaves alone what others changed since, unless it is forced', async () => {
    const stage = await makeStage();
    await stage.turn({ a: 'two\n', b: 'new\n' });
    stage.repository.write({ b: 'a person wrote this\n', c: 'this too\n' });
    await stage.rollBack(null);
    await stage.rest();
    expect(stage.repository.read('a')).toBe('one\n');
    expect(stage.repository.read('b')).toBe('a person wrote this\n');
    expect(stage.repository.read('c')).toBe('this too\n');
    expect(stage.item('rollback')?.body).toMatchObject({
      restored: { fileCount: 1, conflictCount: 1, conflicts: [{ path: 'b', reason: 'changed-since' }] },
    });
    await stage.turn({ a: 'two\n' });
    stage.repository.write({ a: 'a person again\n' });
    await stage.rollBack(null, { force: ['a'] });
    await stage.rest();
    expect(stage.repository.read('a')).toBe('one\n');
  });

  test('of the conversation leaves the files, and of the files the conversation', async () => {
    const stage = await makeStage();
    const one = await stage.turn({ a: 'two\n' });
    const two = await stage.turn({ a: 'three\n' });
    await stage.rollBack(one, { files: false });
    await stage.rest();
    expect(stage.repository.read('a')).toBe('three\n');
    expect(stage.turnRow(two)?.status).toBe('rolledBack');
    await stage.rollBack(null, { conversation: false });
    await stage.rest();
    expect(stage.repository.read('a')).toBe('one\n');
    expect(stage.turnRow(one)?.status).toBe('completed');
  });

  test('is refused where the files of a turn are not known', async () => {
    const stage = await makeStage();
    const folder = makeTempFolder();
    await stage.run.create({ threadId: 't2', cwd: folder.path });
    await stage.turn({}, 't2');
    folder.remove();
    const back = { type: 'checkpoint.rollback', threadId: 't2', turnId: null };
    expect(await stage.run.refusal(back)).toBe('CHECKPOINT_MISSING');
    expect(await stage.run.refusal({ ...back, files: false })).toBeNull();
  });

  test('waits for the running turn', async () => {
    const stage = await makeStage();
    await stage.begin();
    expect(await stage.run.refusal({ type: 'checkpoint.rollback', turnId: null })).toBe('THREAD_BUSY');
    await stage.end();
  });

  test('lets a prompt wait, which begins afterwards', async () => {
    const stage = await makeStage();
    await stage.turn({ a: 'two\n' });
    await stage.rollBack(null);
    const { queueEntryId } = await stage.run.submit('hello');
    expect(queueEntryId).toBeDefined();
    await stage.rest();
    expect(stage.repository.read('a')).toBe('one\n');
    expect(stage.run.snapshot().turn).toMatchObject({ turnId: queueEntryId, status: 'completed' });
  });
});

describe('an edit', () => {
  test('takes the latest prompt back and runs the new text in its place', async () => {
    const stage = await makeStage();
    const one = await stage.turn({ a: 'two\n' });
    const two = await stage.turn({ a: 'three\n' });
    const { turnId } = await stage.run.do({ type: 'turn.edit', text: 'better' });
    await stage.rest();
    expect(stage.repository.read('a')).toBe('two\n');
    expect([stage.turnRow(one)?.status, stage.turnRow(two)?.status]).toEqual(['completed', 'rolledBack']);
    expect(stage.run.snapshot().turn).toMatchObject({ turnId, status: 'completed', ordinal: 3 });
    const messages = stage.run.snapshot().items.filter(({ body }) => body.kind === 'user_message');
    expect(messages.at(-1)).toMatchObject({ text: 'better', turnId });
  });

  test('is refused in a thread without a prompt', async () => {
    const stage = await makeStage();
    expect(await stage.run.refusal({ type: 'turn.edit', text: 'x' })).toBe('NOTHING_TO_ROLL_BACK');
  });
});
