import { describe, expect, test } from 'vitest';
import { attachmentIdSchema } from '../../machines/domain/ids.ts';
import { overlap } from '../../server/runtime/shared-folder.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const IMAGE = attachmentIdSchema.parse('a'.repeat(64));
const submitting = (text: string, more = {}) => ({ type: 'turn.submit', text, ...more });

const lastError = (run: RuntimeRun) => run.snapshot().thread.lastError;
const handed = (run: RuntimeRun): string[] =>
  run.world.performed.flatMap((effect) => (effect.type === 'turn.start' ? [effect.prompt.text] : []));

describe('a folder that has vanished', () => {
  test('refuses whatever would begin a prompt, and nothing else', async () => {
    const goneFolders = new Set<string>();
    const { run } = await startThread({ goneFolders });
    await run.submit('fail');
    goneFolders.add('/work');
    const before = run.entries().length;
    expect(await run.refusal(submitting('again'))).toBe('WORKSPACE_NOT_FOUND');
    expect(await run.refusal(submitting('again', { mode: 'queue' }))).toBe('WORKSPACE_NOT_FOUND');
    expect(await run.refusal({ type: 'turn.retry' })).toBe('WORKSPACE_NOT_FOUND');
    expect(await run.refusal({ type: 'queue.resume' })).toBe('WORKSPACE_NOT_FOUND');
    expect(run.entries()).toHaveLength(before);
    expect(await run.refusal({ type: 'thread.setTitle', title: 'x' })).toBeNull();
    expect(await run.refusal({ type: 'thread.stop' })).toBeNull();
    goneFolders.clear();
    expect(await run.refusal(submitting('again'))).toBeNull();
    expect(run.status).toBe('ready');
  });

  test('does not keep a running turn from being steered, interrupted and stopped', async () => {
    const goneFolders = new Set<string>();
    const { run } = await startThread({ goneFolders });
    await run.submit('one wait');
    goneFolders.add('/work');
    expect(await run.refusal(submitting('more', { mode: 'steer' }))).toBeNull();
    expect(await run.refusal({ type: 'turn.interrupt' })).toBeNull();
    expect(await run.refusal({ type: 'thread.delete' })).toBeNull();
  });

  test('fails the start of a prompt that waited in the queue', async () => {
    const goneFolders = new Set<string>();
    const { run } = await startThread({ goneFolders });
    await run.submit('ask');
    await run.submit('later', { mode: 'queue' });
    goneFolders.add('/work');
    const [request] = run.snapshot().requests;
    await run.do({ type: 'request.respond', requestId: request?.requestId, decision: 'accept' });
    expect(run.status).toBe('error');
    expect(lastError(run)).toMatchObject({ code: 'WORKSPACE_NOT_FOUND', retryable: false });
    expect(handed(run)).toEqual(['ask']);
  });

  test('fails the opening of a connection that was accepted before it vanished', async () => {
    const goneFolders = new Set<string>();
    const { run } = await startThread({ goneFolders });
    const outcome = run.send(submitting('hello'));
    run.tick();
    goneFolders.add('/work');
    run.settle();
    expect(await outcome).toHaveProperty('result');
    expect(run.status).toBe('error');
    expect(lastError(run)).toMatchObject({ code: 'WORKSPACE_NOT_FOUND' });
    expect(handed(run)).toEqual([]);
  });

  test('does not change what a repeated command is told', async () => {
    const goneFolders = new Set<string>();
    const { run } = await startThread({ goneFolders });
    const creating = { type: 'thread.create', threadId: 't2', cwd: '/other', instanceId: 'scripted' };
    const created = await run.do(creating, 'create-2');
    const submitted = await run.do(submitting('hello'), 'submit-1');
    goneFolders.add('/other').add('/work');
    expect(await run.do(creating, 'create-2')).toEqual({ ...created, duplicate: true });
    expect(await run.do(submitting('hello'), 'submit-1')).toEqual({ ...submitted, duplicate: true });
  });
});

describe('an image that has vanished', () => {
  test('refuses its prompt, and not the repetition of an accepted one', async () => {
    const attachments = new Set<string>([IMAGE]);
    const { run } = await startThread({ attachments });
    const prompt = submitting('look', { attachments: [IMAGE] });
    const accepted = await run.do(prompt, 'c1');
    attachments.clear();
    expect(await run.do(prompt, 'c1')).toEqual({ ...accepted, duplicate: true });
    expect(await run.refusal(prompt)).toBe('ATTACHMENT_NOT_FOUND');
    expect(await run.refusal({ ...prompt, mode: 'steer' })).toBe('TURN_NOT_ACTIVE');
  });
});

describe('two threads in one folder', () => {
  const notices = (run: RuntimeRun, id: string) =>
    run.snapshot(threadId(id)).items.filter((item) => item.body.kind === 'notice');

  async function beside(cwd: string): Promise<RuntimeRun> {
    const { run } = await startThread();
    await run.create({ threadId: 't2', cwd, title: 'second' });
    await run.submit('one wait');
    return run;
  }

  test.each(['/work', '/work/', '/work/deep/er', '/'])('that work at once in /work and %s', async (cwd) => {
    const run = await beside(cwd);
    await run.submit('hello', { threadId: 't2' });
    const [notice, ...more] = notices(run, 't2');
    expect(more).toEqual([]);
    expect(notice).toMatchObject({
      body: { kind: 'notice', tone: 'info', topic: 'workspace.shared' },
      text: 'Another thread works on the same files: t1 in /work.',
      status: 'completed',
    });
    expect(notice?.turnId).toBe(run.snapshot(threadId('t2')).turn?.turnId);
    expect(notices(run, 't1')).toEqual([]);
    expect(run.snapshot(threadId('t2')).thread.status).toBe('ready');
  });

  test('are told once of each other', async () => {
    const run = await beside('/work');
    for (const text of ['one', 'two', 'three']) await run.submit(text, { threadId: 't2' });
    expect(notices(run, 't2')).toHaveLength(1);
    await run.create({ threadId: 't3' });
    await run.submit('ask', { threadId: 't3' });
    await run.submit('four', { threadId: 't2' });
    expect(notices(run, 't2').map((item) => item.text.split(': ')[1])).toEqual([
      't1 in /work.',
      't3 in /work.',
    ]);
    expect(notices(run, 't3')[0]?.text).toContain('t1 in /work.');
  });

  test('are not told where one rests, or the folders lie apart', async () => {
    const run = await beside('/workshop');
    await run.submit('hello', { threadId: 't2' });
    await run.create({ threadId: 't3' });
    await run.do({ type: 'turn.interrupt' });
    await run.submit('hello', { threadId: 't3' });
    expect([...notices(run, 't2'), ...notices(run, 't3')]).toEqual([]);
  });

  test('name three of many', async () => {
    const { run } = await startThread();
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      await run.create({ threadId: id, title: `title of ${id}` });
      await run.submit('wait', { threadId: id });
    }
    await run.submit('hello');
    expect(notices(run, 't1')[0]?.text).toBe(
      'Another thread works on the same files: a "title of a" in /work, b "title of b" in /work, ' +
        'c "title of c" in /work and 2 more.',
    );
  });
});

test.each([
  ['/a', '/a', true],
  ['/a', '/a/b', true],
  ['/a/b/', '/a', true],
  ['/', '/a', true],
  ['/a', '/ab', false],
  ['/a/b', '/a/c', false],
])('%s and %s overlap: %s', (one, other, expected) => {
  expect(overlap(one, other)).toBe(expected);
  expect(overlap(other, one)).toBe(expected);
});
