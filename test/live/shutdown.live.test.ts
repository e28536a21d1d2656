import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { openText, runEscalated } from '../model-endpoint/codex-tools.ts';
import { byUserText } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';

const PATIENT = { config: { drainMs: 60_000 } };
const CLEAN = { code: EXIT_CODES.ok, signal: null };
const slow = () => [text('at first '), gate('slow'), text('at last')];

/** The server has heard the signal: it takes no commands any more. */
async function isDraining(thread: LiveThread): Promise<void> {
  const refusal = (): Promise<unknown> =>
    thread.submit('too late').then(
      () => null,
      ({ code }: { code: unknown }) => code,
    );
  await thread.until(async () => (await refusal()) === 'SHUTTING_DOWN', 'the refusal');
}

describe.skipIf(requireAgent('codex') === null)('a server that is asked to end', () => {
  it('lets a running turn come to its end', async () => {
    const server = await startLiveServer(byUserText({ go: slow, 'go on': () => [text('and on')] }), PATIENT);
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('go');
    await server.endpoint.gate('slow').reached;
    const exit = server.stop('SIGTERM');
    await isDraining(thread);
    server.endpoint.gate('slow').release();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(await exit).toEqual(CLEAN);
    expect(await server.processes()).toEqual([]);
    await server.start();
    await thread.until(() => thread.synchronizedCount > 1, 'the return of the client');
    expect(thread.view?.state?.row).toMatchObject({ status: 'stopped', lastError: null });
    expect(thread.said).toBe('at first \nat last');
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('at last');
    await thread.expectEveryEventOnce();
    await thread.expectSameView();
  });

  it('ends at once at a second signal', async () => {
    const server = await startLiveServer(
      byUserText({ go: () => [...openText('at first '), gate('never')], 'go on': () => [text('and on')] }),
      PATIENT,
    );
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('go');
    await thread.until(() => thread.said === 'at first ', 'the first words');
    const exit = server.stop('SIGTERM');
    await isDraining(thread);
    await server.stop('SIGTERM');
    expect(await exit).toEqual(CLEAN);
    expect(await server.processes()).toEqual([]);
    await server.start();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'server-restarted' });
    await thread.reached('stopped');
    expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
    await thread.expectEveryEventOnce();
    await thread.expectSameView();
  });

  it('ends in an approval when the time for draining is over', async () => {
    const script = byUserText({ run: () => [runEscalated('touch made')] });
    const server = await startLiveServer(script, { config: { drainMs: 200 } });
    const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
    const { turnId = '' } = await thread.submit('run');
    const { requestId } = await thread.request();
    expect(await server.stop('SIGTERM')).toEqual(CLEAN);
    expect(await server.processes()).toEqual([]);
    await server.start();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'server-restarted' });
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'expired' }]);
    await thread.expectSameView();
  });

  it('leaves the data folder to nobody else before', async () => {
    const server = await startLiveServer(byUserText({ hello: () => [text('hi')] }));
    const thread = await server.thread();
    const other = await server.run('serve', '--port', '0', '--json');
    expect(other).toMatchObject({ code: EXIT_CODES.inUse, signal: null });
    expect(JSON.parse(other.out)).toMatchObject({ error: { code: 'STORE_LOCKED' } });
    expect(await thread.turn('hello')).toMatchObject({ outcome: 'completed' });
  });
});
