/** What one thread tells another: the next entry of the same transaction. No chart tells of such yet; one is made to. */
import { RESUME } from '../../machines/domain/opening.ts';
import { describe, expect, test } from 'vitest';
import type { Drawn } from '../../machines/charts.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import { LiveCharts } from '../../machines/live.ts';
import { CAPABILITIES, SETTINGS } from '../helpers/inputs.ts';
import { sabotage } from '../helpers/sabotage.ts';
import { startThread, threadId } from '../helpers/server-runs.ts';

const NEW = threadId('new');
const titled = (title: string): ThreadInput => ({ type: 'thread.setTitle', title });

/** Inputs with this title make the chart tell another thread. */
function tells(title: string, to: string, input: ThreadInput): void {
  sabotage(LiveCharts, 'send', (_, [event], send) => {
    const drawn = send(event) as Drawn;
    if ((event as { title?: string }).title === title) {
      drawn.effects.push({ type: 'tellThread', threadId: threadId(to), input });
    }
    return drawn;
  });
}
const CREATE: ThreadInput = {
  type: 'thread.create',
  threadId: NEW,
  settings: { ...SETTINGS, instanceId: 'scripted' as never, title: 'made' },
  capabilities: CAPABILITIES,
  lineage: null,
  opening: RESUME,
};

describe('a thread that tells another one', () => {
  test('makes it by the first word, and only once', async () => {
    const { server, run } = await startThread();
    tells('fork', 'new', CREATE);
    await run.do({ type: 'thread.setTitle', title: 'fork' });
    expect(run.snapshot(NEW).thread).toMatchObject({ title: 'made', status: 'ready' });
    await run.do({ type: 'thread.setTitle', title: 'fork' });
    expect(run.entries(NEW).map(({ outcome }) => outcome)).toEqual(['applied', 'ignored']);
    const next = await server.crash();
    await next.submit('hi', { threadId: 'new' });
    expect(next.snapshot(NEW).items).toHaveLength(2);
  });

  test('does not bring a deleted one back', async () => {
    const { run } = await startThread();
    await run.create({ threadId: 'new' });
    await run.do({ type: 'thread.delete', threadId: 'new' });
    tells('fork', 'new', CREATE);
    await run.do({ type: 'thread.setTitle', title: 'fork' });
    expect(await run.refusal({ type: 'turn.submit', text: 'x', threadId: 'new' })).toBe('THREAD_DELETED');
  });

  test('tells nobody where there is none', async () => {
    const { run } = await startThread();
    tells('hello', 'new', titled('told'));
    await run.do({ type: 'thread.setTitle', title: 'hello' });
    expect(run.runtime.threads.peek(NEW)).toBeNull();
    expect(run.journal.loadThread(NEW).version).toBe(0);
  });

  test('is told back in the same transaction', async () => {
    const { run } = await startThread();
    await run.create({ threadId: 't2' });
    tells('one', 't2', titled('two'));
    tells('two', 't1', titled('three'));
    const commits = run.runtime.figures['commits'] ?? 0;
    await run.do({ type: 'thread.setTitle', title: 'one' });
    expect(run.runtime.figures['commits']).toBe(commits + 1);
    expect(run.snapshot().thread.title).toBe('three');
    expect(run.snapshot(threadId('t2')).thread.title).toBe('two');
  });

  test('does nothing at all where the telling has no end', async () => {
    const { server, run } = await startThread();
    tells('round', 't1', titled('round'));
    const before = run.snapshot();
    expect(await run.refusal({ type: 'thread.setTitle', title: 'round' })).toBe('INTERNAL');
    server.failedCount = 1;
    expect(run.snapshot()).toEqual(before);
    await run.submit('hi');
    expect(run.status).toBe('ready');
  });
});
