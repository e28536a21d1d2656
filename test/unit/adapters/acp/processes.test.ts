/** How agents differ in starting, logging in and ending, played by a fake. */
import { describe, expect, it } from 'vitest';
import { listMarked } from '../../../../adapters/shared/process-tree.ts';
import { chunk, fakeAcp, hello, type FakeAcp } from '../../../helpers/fake-acp.ts';
import { until } from '../../../helpers/until.ts';

/** Of the thread, once that which was asked what it is has gone. */
const onlyProcess = ({ harness: { rows } }: FakeAcp) =>
  until(() => (rows.size === 1 ? [...rows.values()][0] : undefined));

describe('processes', () => {
  it('gemini: does not end with its stdin, and is ended all the same', async () => {
    const agent = await fakeAcp(
      { 'session/prompt': [[chunk('agent_message_chunk', 'so far')]] },
      { staysOn: true },
    );
    const thread = await agent.open();
    await thread.start('go');
    const row = await onlyProcess(agent);
    await thread.close();
    expect(await listMarked(row.marker)).toEqual([]);
  });

  it('claude-agent-acp: leaves its CLI when it is killed, which is ended too', async () => {
    const agent = await fakeAcp({
      'session/prompt': [[{ child: 'trap "" HUP; sleep 300' }, chunk('agent_message_chunk', 'so far')]],
    });
    const thread = await agent.open();
    await thread.start('go');
    await until(() => thread.streamed() === 'so far');
    const row = await onlyProcess(agent);
    process.kill(row.pid ?? 0, 'SIGKILL');
    await agent.harness.awaitReport(thread.threadId, 'connection.lost');
    await until(async () => (await listMarked(row.marker)).length === 0);
  });

  it('says what is wrong with a start: no program, another protocol, a login', async () => {
    const agent = await fakeAcp({
      ...hello({}, { protocolVersion: 2 }),
    });
    agent.adapter.perform({ type: 'process.start', instanceId: agent.instanceId });
    const { failure } = await agent.harness.awaitInstance('process.failed');
    expect(failure).toMatchObject({
      code: 'INSTANCE_UNAVAILABLE',
      message: 'the agent speaks version 2 of ACP, and not 1',
    });
  });

  it('codex: wants a login that only a person can do', async () => {
    const error = { code: -32_000, message: 'Authentication required' };
    const agent = await fakeAcp({ ...hello({}), 'session/new': [[{ error }]] });
    await agent.start();
    const thread = agent.thread();
    thread.askToOpen();
    const { failure } = await agent.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({
      code: 'PROVIDER_UNAUTHORIZED',
      message: 'the agent wants a login (Log in: in a browser)',
    });
    expect(agent.sent('authenticate')).toEqual([]);
    expect(agent.harness.instanceReports.at(-1)).toMatchObject({ report: { loginRequired: true } });
  });

  it('gemini: is logged in by its key where there is one', async () => {
    const error = { code: -32_000, message: 'Authentication required' };
    const authMethods = [
      { id: 'oauth-personal', name: 'Log in with Google' },
      { id: 'gemini-api-key', name: 'Use Gemini API key' },
    ];
    const agent = await fakeAcp(
      { ...hello({}, { authMethods }), 'session/new': [[{ error }], [{ result: { sessionId: 'S' } }]] },
      { driver: 'gemini', env: { GEMINI_API_KEY: 'k' } },
    );
    await agent.open();
    expect(agent.sent('authenticate')).toEqual([{ methodId: 'gemini-api-key' }]);
  });
});
