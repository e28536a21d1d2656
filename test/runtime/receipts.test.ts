import { describe, expect, test } from 'vitest';
import { startThread } from '../helpers/server-runs.ts';

const TITLE = { type: 'thread.setTitle', title: 'a' };

describe('the same command again', () => {
  test('has the first result, and nothing happens', async () => {
    const { run } = await startThread();
    const first = await run.submit('wait', {});
    const again = await run.do({ type: 'turn.submit', text: 'wait' }, 'e1-c2');
    expect(again).toEqual({ ...first, duplicate: true });
    expect(run.facts().filter((fact) => fact.type === 'turn.began')).toHaveLength(1);
  });

  test('has it inside of one tick, too', async () => {
    const { run } = await startThread();
    const commits = run.runtime.figures['commits'];
    const sent = [run.send(TITLE, 'c1'), run.send(TITLE, 'c1'), run.send({ ...TITLE, title: 'b' }, 'c1')];
    run.settle();
    const [first, second, third] = await Promise.all(sent);
    expect(first).toMatchObject({ result: { duplicate: false } });
    expect(second).toMatchObject({ result: { duplicate: true } });
    expect(third).toMatchObject({ error: { code: 'COMMAND_CONFLICT' } });
    expect(run.runtime.figures['commits']).toBe((commits ?? 0) + 1);
  });

  test('has it after a restart, and when it is written with its defaults', async () => {
    const { server, run } = await startThread();
    const first = await run.do({ type: 'turn.submit', text: 'hi' }, 'c1');
    const next = await server.crash();
    const again = await next.do({ type: 'turn.submit', text: 'hi', mode: 'start', attachments: [] }, 'c1');
    expect(again).toEqual({ ...first, duplicate: true });
    expect(await next.refusal({ type: 'turn.submit', text: 'ho' }, 'c1')).toBe('COMMAND_CONFLICT');
  });

  test('has it though the thread is deleted', async () => {
    const { run } = await startThread();
    const first = await run.do({ type: 'thread.delete' }, 'c1');
    expect(await run.do({ type: 'thread.delete' }, 'c1')).toEqual({ ...first, duplicate: true });
  });

  test('creates one thread, with the id that was made for it', async () => {
    const { run } = await startThread();
    const create = { type: 'thread.create', threadId: undefined, cwd: '/work', instanceId: 'scripted' };
    const first = await run.do(create, 'c1');
    const again = await run.do(create, 'c1');
    expect(again).toEqual({ ...first, duplicate: true });
    expect(run.journal.threadIds()).toHaveLength(2);
  });
});

describe('a refused command', () => {
  test('leaves no entry and no receipt, and its id stays free', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    const sequence = run.journal.lastSequence();
    expect(await run.refusal({ type: 'turn.submit', text: 'two' }, 'c1')).toBe('THREAD_BUSY');
    expect(run.journal.lastSequence()).toBe(sequence);
    expect(run.journal.receipt('c1' as never)).toBeNull();
    await run.do({ type: 'turn.interrupt' });
    expect(await run.do({ type: 'turn.submit', text: 'two' }, 'c1')).toMatchObject({ duplicate: false });
  });

  test('in a tick with others leaves those alone', async () => {
    const { run } = await startThread();
    const sent = [
      run.send({ type: 'turn.submit', text: 'wait' }),
      run.send({ type: 'turn.submit', text: 'too' }),
      run.send({ type: 'turn.submit', text: 'queued', mode: 'queue' }),
    ];
    run.settle();
    const [first, second, third] = await Promise.all(sent);
    expect(first).toHaveProperty('result');
    expect(second).toMatchObject({ error: { code: 'THREAD_BUSY' } });
    expect(third).toHaveProperty('result');
    expect(run.snapshot().queue.entries).toHaveLength(1);
  });
});
