import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import { LiveThread } from '../helpers/live-thread.ts';
import { runCommand } from '../model-endpoint/codex-tools.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { gate, reasoning, text } from '../model-endpoint/step.ts';

const WORDS = Array.from({ length: 150 }, (_, index) => `word ${index} `).join('');

describe.skipIf(requireAgent('codex') === null)('a client of the server', () => {
  it('misses nothing when its connection breaks in the middle of a stream, again and again', async () => {
    const script: Script = ({ turnToolOutputs }) =>
      turnToolOutputs.length === 0
        ? [reasoning('let me see'), text(WORDS, { chunkLength: 8, delayMs: 3 }), runCommand('echo done')]
        : [text(WORDS, { chunkLength: 8, delayMs: 3 })];
    const server = await startLiveServer(script);
    const steady = await server.thread({ runtimeMode: 'full-access' });
    const shaky = new LiveThread(await server.connect(), steady.threadId);
    await shaky.until(() => shaky.synchronizedCount === 1, 'the first view');
    const { turnId = '' } = await steady.submit('talk');
    let dropCount = 0;
    for (let next = 10; shaky.facts('turn.ended').length === 0; next = shaky.events.length + 15) {
      await shaky.until(
        () => shaky.events.length >= next || shaky.facts('turn.ended').length > 0,
        `${next} events`,
      );
      shaky.client.drop();
      dropCount += 1;
    }
    expect(dropCount).toBeGreaterThan(5);
    expect(await steady.ended(turnId)).toMatchObject({ outcome: 'completed' });
    for (const thread of [shaky, steady]) {
      await thread.reached('ready');
      expect(thread.said).toBe(`${WORDS}\n${WORDS}`);
      expect(thread.resyncs).toEqual([]);
      await thread.expectEveryEventOnce();
      await thread.expectSameView();
    }
  });

  it('is shown what happened while it was away', async () => {
    const script = byUserText({ go: () => [text('before '), gate('away'), text('after')] });
    const server = await startLiveServer(script);
    const thread = await server.thread();
    const other = await server.connect();
    await thread.submit('go');
    await server.endpoint.gate('away').reached;
    // killed before its turn has begun it would be starting still, and asking codex what became of the prompt
    await thread.reached('running');
    await server.stop('SIGKILL');
    await server.start();
    const { threads } = await other.call('orchestration.listThreads', {});
    expect(threads).toMatchObject([{ id: thread.threadId, status: 'stopped', activeTurnId: null }]);
    await thread.reached('stopped');
    await thread.expectEveryEventOnce();
  });

  it('sees in the list of threads what their own subscriptions show', async () => {
    const server = await startLiveServer(
      byUserText({ go: () => [gate('go'), text('gone')], stay: () => [text('stayed')] }),
    );
    const client = await server.connect();
    const rows = new Map<string, string[]>();
    client.subscribeShell({
      onView: ({ threads }) => {
        for (const { id, status } of threads.values()) {
          const known = rows.get(id) ?? [];
          if (known.at(-1) !== status) rows.set(id, [...known, status]);
        }
      },
    });
    const [one, two] = [await server.thread({ client }), await server.thread({ client })];
    const { turnId = '' } = await one.submit('go');
    await server.endpoint.gate('go').reached;
    expect(await two.turn('stay')).toMatchObject({ outcome: 'completed' });
    server.endpoint.gate('go').release();
    expect(await one.ended(turnId)).toMatchObject({ outcome: 'completed' });
    for (const thread of [one, two]) {
      await thread.reached('ready');
      await thread.until(() => rows.get(thread.threadId)?.at(-1) === 'ready', 'the row');
      expect(rows.get(thread.threadId)).toEqual(['ready', 'starting', 'running', 'ready']);
    }
    const { providers } = await client.call('providers.list', {});
    expect(providers).toMatchObject([
      { instanceId: 'codex', available: true, state: 'ready', version: '0.169.0' },
    ]);
  });
});
