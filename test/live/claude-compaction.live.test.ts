import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { gate, httpError, text, type Step } from '../model-endpoint/step.ts';

/** What the model says to prompts, and each time that it is asked for a summary. */
const script = (...summary: readonly Step[]): Script => {
  const asked = (): readonly Step[] =>
    summary.length === 0 ? [text('<summary>in short</summary>')] : summary;
  const prompts = byUserText({ hi: () => [text('hello')], more: () => [text('and more')] });
  return (request) => (request.userText.includes('summary') ? asked() : prompts(request));
};
const COMPACT = { type: 'thread.compact' } as const;
const claude = { claude: { retryCount: 0 } };

describe.skipIf(requireAgent('claude') === null)('a compaction by hand of claude', () => {
  it('is a turn of its own, and the conversation goes on with the summary', async () => {
    const server = await startLiveServer(script(), claude);
    const thread = await server.thread();
    await thread.turn('hi');
    const { turnId = '' } = await thread.do(COMPACT);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed', started: true });
    await thread.reached('ready');
    expect(thread.facts('turn.began').at(-1)).toMatchObject({ turnId, origin: 'compaction', side: false });
    expect(thread.items('compaction')).toMatchObject([{ turnId, status: 'completed' }]);
    expect(thread.items('user_message')).toHaveLength(1);
    expect(await thread.turn('more')).toMatchObject({ outcome: 'completed' });
    expect(thread.said).toBe('hello\nand more');
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('in short');
    await thread.expectSameView();
    await thread.expectEveryEventOnce();
  });

  it('is interrupted, and takes no message', async () => {
    const server = await startLiveServer(script(gate('summary'), text('a summary')), claude);
    const thread = await server.thread();
    await thread.turn('hi');
    const { turnId = '' } = await thread.do(COMPACT);
    await server.endpoint.gate('summary').reached;
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
    const server = await startLiveServer(script(httpError(400)), claude);
    const thread = await server.thread();
    await thread.turn('hi');
    const { turnId = '' } = await thread.do(COMPACT);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'failed' });
    await thread.reached('error');
    expect(thread.items('compaction')).toMatchObject([{ status: 'failed' }]);
    expect(await thread.turn('more')).toMatchObject({ outcome: 'completed' });
    await thread.expectSameView();
  });

  it('goes on with a conversation that is not open', async () => {
    const server = await startLiveServer(script(), claude);
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
