/** Agents that take a model only when they are started: the configuration says where it stands in their arguments. */
import { afterEach, describe, expect, it } from 'vitest';
import { FakeAcp, type FakeScript } from '../../../helpers/fake-acp.ts';

let fake: FakeAcp | null = null;

afterEach(async () => {
  await fake?.dispose();
  expect(fake?.harness.defects).toEqual([]);
  fake = null;
});

const ARGS = ['--first', '--model={model}', '--last'];
const script: FakeScript = {
  'session/prompt': [
    [
      { update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: '$ARGS' } } },
      { result: { stopReason: 'end_turn' } },
    ],
  ],
};
const keepsNothing = {
  protocolVersion: 1,
  agentInfo: { name: 'fake', version: '1.0.0' },
  agentCapabilities: { loadSession: false },
  authMethods: [],
};

describe('a model in the arguments of an instance', () => {
  it.each([
    ['other', '--first --model=other --last'],
    [null, '--first --last'],
  ])('is that of the thread: %s', async (model, said) => {
    fake = await FakeAcp.make(script, { args: ARGS });
    const thread = await fake.open({ model });
    await thread.turn('go');
    expect(thread.items('assistant_message').map(({ text }) => text)).toEqual([said]);
    expect(fake.sent('session/set_model')).toEqual([]);
  });

  it('is changed by a resume, where the agent keeps its sessions', async () => {
    fake = await FakeAcp.make(script, { args: ARGS });
    expect(fake.adapter.capabilities).toMatchObject({ modelSwitch: 'byResume' });
    const opened = await (await fake.open({ model: 'one' })).opened();
    expect(opened.capabilities).toMatchObject({ resume: true, modelSwitch: 'byResume' });
  });

  it('is not changed at all where it keeps none', async () => {
    fake = await FakeAcp.make({ ...script, initialize: [[{ result: keepsNothing }]] }, { args: ARGS });
    const opened = await (await fake.open({ model: 'one' })).opened();
    expect(opened.capabilities).toMatchObject({ resume: false, modelSwitch: false });
  });

  it('is none that a turn can change: the turn is refused', async () => {
    fake = await FakeAcp.make(script, { args: ARGS });
    const thread = await fake.open({ model: 'one' });
    thread.settings = { ...thread.settings, model: 'two' };
    thread.send('go');
    const { failure } = await fake.harness.awaitReport(thread.threadId, 'provider.turnRefused');
    expect(failure.code).toBe('SETTINGS_NOT_APPLIED');
  });
});
