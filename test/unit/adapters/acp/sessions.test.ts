/** How agents differ in opening, resuming and setting a session, played by a fake. */
import { describe, expect, it } from 'vitest';
import { chunk, DONE, fakeAcp, hello, type FakeAcp, type FakeStep } from '../../../helpers/fake-acp.ts';
import type { ProviderThread } from '../../../helpers/provider-thread.ts';
import { until } from '../../../helpers/until.ts';

const HISTORY: readonly FakeStep[] = [
  chunk('user_message_chunk', 'before'),
  chunk('agent_message_chunk', 'said before'),
  { update: { sessionUpdate: 'tool_call', toolCallId: 'c0', title: 'old', status: 'completed' } },
];
const GEMINI_MODES = {
  currentModeId: 'default',
  availableModes: [
    { id: 'default', name: 'Default' },
    { id: 'autoEdit', name: 'Auto Edit' },
  ],
};

async function resumed(agent: FakeAcp): Promise<ProviderThread> {
  await agent.start();
  const thread = agent.thread();
  thread.nativeThreadId = 'S';
  thread.askToOpen();
  return thread;
}

describe('load and resume', () => {
  it.each([
    ['opencode, claude, codex', { loadSession: true, sessionCapabilities: { resume: {} } }, 'session/resume'],
    ['gemini, copilot, codex zed', { loadSession: true }, 'session/load'],
  ])('%s: takes the way that repeats least', async (_, capabilities, method) => {
    const agent = await fakeAcp(hello(capabilities));
    const thread = await resumed(agent);
    const opened = await agent.harness.awaitReport(thread.threadId, 'connection.opened');
    expect(opened).toMatchObject({ resumed: true, nativeThreadId: 'S', capabilities: { resume: true } });
    expect(agent.sent(method)).toMatchObject([{ sessionId: 'S', cwd: agent.workspace, mcpServers: [] }]);
  });

  it('an agent that keeps nothing says so, and a resume fails', async () => {
    const agent = await fakeAcp(hello({}));
    const thread = await resumed(agent);
    const { failure } = await agent.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({ code: 'RESUME_FAILED' });
    const fresh = agent.thread();
    expect((await fresh.open()).capabilities.resume).toBe(false);
  });

  it.each([
    ['copilot', { code: -32_002, message: 'Session S not found' }],
    [
      'opencode',
      { code: -32_603, message: 'Internal error', data: { details: 'NotFoundError: no such session' } },
    ],
    [
      'gemini',
      {
        code: -32_603,
        message: 'Internal error',
        data: { details: 'No previous sessions found for this project.' },
      },
    ],
  ])('%s: does not know the session any more', async (_, error) => {
    const agent = await fakeAcp({ ...hello({ loadSession: true }), 'session/load': [[{ error }]] });
    const thread = await resumed(agent);
    const { failure } = await agent.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({ code: 'RESUME_FAILED', retryable: false });
  });

  it('an error that says nothing of the session does not forget it', async () => {
    const error = { code: -32_603, message: 'Internal error', data: { details: 'disk is full' } };
    const agent = await fakeAcp({ ...hello({ loadSession: true }), 'session/load': [[{ error }]] });
    const thread = await resumed(agent);
    const { failure } = await agent.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({ code: 'OPEN_FAILED' });
  });

  it.each([
    ['0.61.0', ' S'],
    ['0.62.0', 'S'],
  ])('gemini %s: is asked for a session as its version needs it', async (version, called) => {
    const agent = await fakeAcp(
      {
        ...hello({ loadSession: true }, { agentInfo: { name: 'gemini-cli', version } }),
        'session/load': [[{ result: { modes: GEMINI_MODES } }]],
        'session/set_mode': [[{ result: {} }]],
        'session/prompt': [[{ ...chunk('agent_message_chunk', 'new'), session: called }, DONE]],
      },
      { driver: 'gemini' },
    );
    const thread = await resumed(agent);
    const opened = await agent.harness.awaitReport(thread.threadId, 'connection.opened');
    expect(opened).toMatchObject({ resumed: true, nativeThreadId: 'S' });
    expect(await thread.turn('next')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('assistant_message').map(({ text }) => text)).toEqual(['new']);
    for (const method of ['session/load', 'session/set_mode', 'session/prompt'])
      expect(agent.sent(method)).toMatchObject([{ sessionId: called }]);
  });

  it.each([
    ['all but gemini: repeats the past, and answers then', [...HISTORY, { result: {} }]],
    ['gemini: answers, and repeats the past then', [{ result: {} }, ...HISTORY]],
  ])('%s: none of it is told again', async (_, steps) => {
    const prompt = [chunk('agent_message_chunk', 'new'), DONE];
    const agent = await fakeAcp({
      ...hello({ loadSession: true }),
      'session/load': [steps],
      'session/prompt': [prompt],
    });
    const thread = await resumed(agent);
    await agent.harness.awaitReport(thread.threadId, 'connection.opened');
    const ins = () => agent.harness.frames.filter(({ direction }) => direction === 'in').length;
    await until(() => ins() === 2 + steps.length);
    await thread.turn('next');
    expect(thread.items('assistant_message').map(({ text }) => text)).toEqual(['new']);
    expect([...thread.items('tool_call'), ...thread.items('user_message')]).toEqual([]);
  });
});

describe('fork', () => {
  const fork = { nativeThreadId: 'S', nativeTurnId: null };

  it('opencode, claude, codex: begins a session with the history of another', async () => {
    const script = {
      ...hello({ sessionCapabilities: { fork: {} } }),
      'session/fork': [[...HISTORY, { result: { sessionId: 'F' } }]],
    };
    const agent = await fakeAcp(script, { driver: 'opencode-acp' });
    await agent.start();
    const thread = agent.thread();
    thread.fork = fork;
    const opened = await thread.open();
    expect(opened).toMatchObject({ nativeThreadId: 'F', resumed: false, capabilities: { fork: 'now' } });
    expect(agent.sent('session/fork')).toMatchObject([{ sessionId: 'S', cwd: agent.workspace }]);
    await thread.turn('go');
    expect(thread.items('assistant_message')).toEqual([]);
  });

  it.each([
    ['one that is too old for it', {}, fork],
    ['all, at an earlier turn', { sessionCapabilities: { fork: {} } }, { ...fork, nativeTurnId: 'T' }],
  ])('%s: refuse to', async (_, capabilities, asked) => {
    const agent = await fakeAcp(hello(capabilities), { driver: 'opencode-acp' });
    await agent.start();
    const thread = agent.thread();
    thread.fork = asked;
    thread.askToOpen();
    const { failure } = await agent.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({ code: 'CAPABILITY_UNSUPPORTED' });
  });
});

describe('what is told beside turns', () => {
  it('copilot: tells the commands of a session before its id', async () => {
    const commands = [{ name: 'plan', description: 'plans' }];
    const early = { update: { sessionUpdate: 'available_commands_update', availableCommands: commands } };
    const agent = await fakeAcp({
      'session/new': [[{ ...early, session: 'N' }, { result: { sessionId: 'N' } }]],
    });
    await agent.open();
    const reports = agent.harness.instanceReports.filter(({ type }) => type === 'instance.reported');
    expect(reports).toMatchObject([{ report: { commands } }]);
  });

  it('claude, codex: titles after the answer and news of the account are nothing', async () => {
    const prompt = [
      DONE,
      { update: { sessionUpdate: 'session_info_update', title: 'a title' } },
      { notify: { method: '_auth/status_update', params: { ok: true } } },
      { update: { sessionUpdate: 'future_news', word: 'hello' } },
    ];
    const agent = await fakeAcp({ 'session/prompt': [prompt] });
    const thread = await agent.open();
    await thread.turn('go');
    const { item } = await thread.item('unrecognized');
    expect(item).toMatchObject({ body: { method: 'future_news' }, text: expect.stringContaining('hello') });
    expect(thread.items('unrecognized')).toHaveLength(1);
    expect(agent.harness.warnings).toEqual([]);
  });

  it('tells plans, notices, compactions and what is in the context', async () => {
    const updates = [
      { sessionUpdate: 'plan', entries: [{ content: 'one', status: 'in_progress', priority: 'high' }] },
      { sessionUpdate: 'notice', severity: 'error', title: 'careful', description: 'now' },
      { sessionUpdate: 'compaction_update', compactionId: 'k', status: 'in_progress' },
      { sessionUpdate: 'compaction_update', compactionId: 'k', status: 'completed' },
      { sessionUpdate: 'usage_update', used: 7, size: 100 },
    ];
    const usage = {
      inputTokens: 10,
      outputTokens: 5,
      cachedReadTokens: 2,
      thoughtTokens: 1,
      totalTokens: 18,
    };
    const answer = { result: { stopReason: 'end_turn', usage } };
    const agent = await fakeAcp({ 'session/prompt': [[...updates.map((update) => ({ update })), answer]] });
    const thread = await agent.open();
    await thread.turn('go');
    const { harness, threadId } = thread;
    expect(harness.all(threadId, 'provider.planReported')).toMatchObject([
      { steps: [{ text: 'one', status: 'running' }] },
    ]);
    expect(thread.items('notice')).toMatchObject([{ body: { tone: 'error' }, text: 'careful\nnow' }]);
    expect(thread.items('compaction')).toMatchObject([{ status: 'completed' }]);
    expect(harness.all(threadId, 'provider.usageReported').at(-1)?.usage).toEqual({
      inputTokens: 10,
      cachedInputTokens: 2,
      outputTokens: 5,
      reasoningTokens: 1,
      contextTokens: 7,
      contextWindow: 100,
    });
  });

  it('gemini: usage stands in _meta', async () => {
    const quota = { token_count: { input_tokens: 20, output_tokens: 10 } };
    const agent = await fakeAcp({
      'session/prompt': [[{ result: { stopReason: 'end_turn', _meta: { quota } } }]],
    });
    const thread = await agent.open();
    await thread.turn('go');
    const [report] = agent.harness.all(thread.threadId, 'provider.usageReported');
    expect(report?.usage).toMatchObject({ inputTokens: 20, outputTokens: 10 });
  });
});

const option = (id: string, category: string, values: readonly string[]) => ({
  id,
  name: id,
  category,
  type: 'select',
  currentValue: values[0],
  options: values.map((value) => ({ value, name: value })),
});

describe('models, modes and options', () => {
  it('opencode, copilot: sets config options, the model first, and only what differs', async () => {
    const configOptions = [
      option('model', 'model', ['small', 'big']),
      option('level', 'thought_level', ['low', 'high']),
      option('mode', 'mode', ['build', 'plan']),
    ];
    const agent = await fakeAcp({ 'session/new': [[{ result: { sessionId: 'S', configOptions } }]] });
    const thread = await agent.open({
      model: 'big',
      options: { effort: 'high' },
      interactionMode: 'plan',
    });
    expect(agent.sent('session/set_config_option')).toEqual([
      { sessionId: 'S', configId: 'model', value: 'big' },
      { sessionId: 'S', configId: 'level', value: 'high' },
      { sessionId: 'S', configId: 'mode', value: 'plan' },
    ]);
    thread.settings = { ...thread.settings, model: null, options: {}, interactionMode: 'default' };
    await thread.turn('go');
    expect(agent.sent('session/set_config_option').slice(3)).toEqual([
      { sessionId: 'S', configId: 'model', value: 'small' },
      { sessionId: 'S', configId: 'level', value: 'low' },
      { sessionId: 'S', configId: 'mode', value: 'build' },
    ]);
    const report = agent.harness.instanceReports.at(-1);
    expect(report).toMatchObject({
      report: {
        models: [{ id: 'small', isDefault: true, options: { effort: ['low', 'high'] } }, { id: 'big' }],
      },
    });
  });

  it('gemini, codex zed: sets modes, and models that are in no schema', async () => {
    const result = {
      sessionId: 'S',
      modes: {
        currentModeId: 'default',
        availableModes: ['default', 'autoEdit', 'yolo', 'plan'].map((id) => ({ id, name: id })),
      },
      models: {
        currentModelId: 'auto',
        availableModels: ['auto', 'pro'].map((modelId) => ({ modelId, name: modelId })),
      },
    };
    const agent = await fakeAcp({ 'session/new': [[{ result }]] }, { driver: 'gemini' });
    const thread = await agent.open({ model: 'pro', runtimeMode: 'auto-accept-edits' });
    expect(agent.sent('session/set_model')).toEqual([{ sessionId: 'S', modelId: 'pro' }]);
    expect(agent.sent('session/set_mode')).toEqual([{ sessionId: 'S', modeId: 'autoEdit' }]);
    thread.settings = { ...thread.settings, model: 'nope' };
    const sent = thread.send('go');
    const refused = await agent.harness.awaitReport(thread.threadId, 'provider.turnRefused');
    expect(refused).toMatchObject({
      turnId: sent.key.turnId,
      failure: { code: 'SETTINGS_NOT_APPLIED', message: 'the agent has no model nope; it has auto, pro' },
    });
  });

  it('codex: plans by an option beside its modes', async () => {
    const configOptions = [
      option('mode', 'mode', ['agent', 'read-only']),
      option('collaboration_mode', 'collaboration_mode', ['default', 'plan']),
    ];
    const agent = await fakeAcp(
      { 'session/new': [[{ result: { sessionId: 'S', configOptions } }]] },
      { driver: 'codex-acp' },
    );
    const thread = await agent.open({ interactionMode: 'plan' });
    const [opened] = agent.harness.all(thread.threadId, 'connection.opened');
    expect(opened?.capabilities.planMode).toBe(true);
    thread.settings = { ...thread.settings, interactionMode: 'default' };
    await thread.turn('go');
    expect(agent.sent('session/set_config_option')).toEqual([
      { sessionId: 'S', configId: 'collaboration_mode', value: 'plan' },
      { sessionId: 'S', configId: 'mode', value: 'read-only' },
      { sessionId: 'S', configId: 'collaboration_mode', value: 'default' },
    ]);
  });

  it('an agent without a mode for planning is not asked to plan', async () => {
    const agent = await fakeAcp({});
    await agent.start();
    const thread = agent.thread({ interactionMode: 'plan' });
    thread.askToOpen();
    const { failure } = await agent.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({ code: 'SETTINGS_NOT_APPLIED' });
  });
});
