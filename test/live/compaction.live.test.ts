import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { byUserText, replies, type Script } from '../model-endpoint/script.ts';
import { gate, httpError, text, type Step } from '../model-endpoint/step.ts';

/** What the model says to prompts, and when it is asked for a summary. */
const script = (...summary: readonly (readonly Step[])[]): Script =>
  byUserText(
    { hi: replies([[text('hello')]]), more: replies([[text('and more')]]) },
    replies(summary.length === 0 ? [[text('a summary')]] : summary),
  );
const COMPACT = { type: 'thread.compact' } as const;

describe.skipIf(requireAgent('codex') === null)('a compaction by hand of codex', () => {
  it('is a turn of its own, and tells how full the context is afterwards', async () => {
    const server = await startLiveServer(script());
    const thread = await server.thread();
    await thread.turn('hi');
    const before = thread.facts('usage.updated').length;
    const { turnId = '' } = await thread.do(COMPACT);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed', started: true });
    await thread.reached('ready');
    expect(thread.facts('turn.began').at(-1)).toMatchObject({ turnId, origin: 'compaction', side: false });
    expect(thread.facts('turn.began')).toHaveLength(2);
    expect(thread.items('compaction')).toMatchObject([{ turnId, status: 'completed' }]);
    expect(thread.facts('usage.updated').length).toBeGreaterThan(before);
    expect(thread.view?.state?.usage?.contextTokens).toBeGreaterThan(0);
    expect(await thread.turn('more')).toMatchObject({ outcome: 'completed' });
    expect(thread.said).toBe('hello\nand more');
    await thread.expectSameView();
    await thread.expectEveryEventOnce();
  });

  it('is interrupted, and takes no message', async () => {
    const server = await startLiveServer(script([gate('summary'), text('a summary')]));
    const thread = await server.thread();
    await thread.turn('hi');
    const { turnId = '' } = await thread.do(COMPACT);
    await server.endpoint.gate('summary').reached;
    await expect(thread.do(COMPACT)).rejects.toMatchObject({ code: 'THREAD_BUSY' });
    await thread.submit('more', { mode: 'steer' });
    await thread.fact('queue.added', ({ entry }) => entry.failure?.code === 'STEER_REFUSED');
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    await thread.reached('interrupted');
    await thread.do({ type: 'queue.resume' });
    await thread.reached('ready');
    expect(thread.said).toContain('and more');
    await thread.expectSameView();
  });

  it('fails in the open where the model does', async () => {
    const server = await startLiveServer(script([httpError(400)]));
    const thread = await server.thread();
    await thread.turn('hi');
    const { turnId = '' } = await thread.do(COMPACT);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'failed' });
    await thread.reached('error');
    expect(await thread.turn('more')).toMatchObject({ outcome: 'completed' });
    await thread.expectSameView();
  });

  it('goes on with a conversation that is not open', async () => {
    const server = await startLiveServer(script());
    const thread = await server.thread();
    await thread.turn('hi');
    await thread.do({ type: 'thread.stop' });
    await thread.reached('stopped');
    const { turnId = '' } = await thread.do(COMPACT);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(await thread.turn('more')).toMatchObject({ outcome: 'completed' });
    await thread.expectSameView();
  });
});
