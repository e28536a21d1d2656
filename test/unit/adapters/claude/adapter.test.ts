import { afterEach, describe, expect, it } from 'vitest';
import { attachmentIdSchema } from '../../../../machines/domain/ids.ts';
import { FakeClaude, line } from '../../../helpers/fake-claude.ts';
import { until } from '../../../helpers/until.ts';

const fakes: FakeClaude[] = [];

function fake(script: object = {}): FakeClaude {
  const made = new FakeClaude(script);
  fakes.push(made);
  return made;
}

afterEach(async () => {
  for (const { adapter, harness } of fakes.splice(0)) {
    await adapter.dispose();
    expect(harness.defects).toEqual([]);
    expect(harness.rows.size).toBe(0);
  }
});

const INIT = {
  type: 'system',
  subtype: 'init',
  uuid: 'i1',
  session_id: 's',
  model: 'm',
  permissionMode: 'acceptEdits',
  capabilities: ['msg_lifecycle_v1'],
};
const life = (state: string, uuid = '$ID') =>
  line({ type: 'command_lifecycle', command_uuid: uuid, state, uuid: 'l' });
const STARTED = [life('queued'), life('started'), line(INIT)];
const result = (more: object = {}) =>
  line({ type: 'result', subtype: 'success', is_error: false, terminal_reason: 'completed', ...more });

describe('the start of claude', () => {
  it('reports what claude says of itself, and leaves no process', async () => {
    const claude = fake();
    claude.start();
    const { report } = await claude.harness.awaitInstance('process.started');
    expect(report).toEqual({
      version: '2.1.329',
      account: { label: 'API key', plan: null },
      loginRequired: false,
      models: [{ id: 'default', name: 'Default', isDefault: true, options: { effort: ['low'] } }],
      commands: [{ name: 'c', description: 'd' }],
    });
    await until(() => claude.harness.rows.size === 0);
    expect(claude.harness.instanceReports).toHaveLength(1);
  });

  it('asks for the version where the handshake does not tell it, and refuses one that is too old', async () => {
    const claude = fake({ initialize: [{ result: {} }], version: '2.0.14' });
    claude.start();
    const { failure } = await claude.harness.awaitInstance('process.failed');
    expect(failure).toMatchObject({ code: 'INSTANCE_UNAVAILABLE', retryable: false });
    expect(failure.message).toContain('2.0.14');
  });

  it('warns of a version that was not tested, and says who is not logged in', async () => {
    const hello = { claude_code_version: '9.0.0', account: { apiKeySource: 'none', tokenSource: 'none' } };
    const claude = fake({ initialize: [{ result: hello }] });
    claude.start();
    const { report } = await claude.harness.awaitInstance('process.started');
    expect(report).toMatchObject({ account: null, loginRequired: true });
    expect(claude.harness.warnings).toContainEqual(
      expect.objectContaining({ message: 'this version of claude has not been tested' }),
    );
  });

  it('says why claude did not start', async () => {
    const claude = fake({ initialize: [{ stderr: 'the configuration is broken\n', exit: 3 }] });
    claude.start();
    const { failure } = await claude.harness.awaitInstance('process.failed');
    expect(failure).toMatchObject({
      code: 'OPEN_FAILED',
      message: 'claude ended with code 3: the configuration is broken',
    });
  });
});

describe('a connection', () => {
  it('says what claude said when it does not begin', async () => {
    const said = { type: 'result', subtype: 'error_during_execution', is_error: true };
    const claude = fake({
      open: [{ raw: [line({ ...said, errors: ['the folder is not trusted'] })], exit: 1 }],
    });
    claude.start();
    await claude.harness.awaitInstance('process.started');
    const thread = claude.thread();
    thread.askToOpen();
    const { failure } = await claude.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({
      code: 'OPEN_FAILED',
      message: 'claude ended with code 1: the folder is not trusted',
    });
  });

  it('is lost with its process, alone', async () => {
    const claude = fake({ user: [{ raw: STARTED }, { raw: STARTED, stderr: 'out of memory\n', exit: 9 }] });
    const [one, two] = [await claude.open(), claude.thread()];
    await two.open();
    await two.start('first');
    two.send('second');
    const lost = await claude.harness.awaitReport(two.threadId, 'connection.lost');
    expect(lost.failure).toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('out of memory'),
    });
    expect(claude.harness.all(one.threadId, 'connection.lost')).toEqual([]);
    await one.start('still there');
    expect(claude.harness.instanceReports.map(({ type }) => type)).toEqual(['process.started']);
  });

  it('refuses a second process for a session, because claude would lose a branch of it', async () => {
    const claude = fake();
    const first = await claude.open();
    const second = claude.thread();
    second.nativeThreadId = first.nativeThreadId;
    second.askToOpen();
    const { failure } = await claude.harness.awaitReport(second.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({ code: 'OPEN_FAILED' });
    await first.close();
    await second.open();
  });

  it('is not opened with other settings than were asked for', async () => {
    const claude = fake({ initialize: [{ result: { current_permission_mode: 'bypassPermissions' } }] });
    claude.start();
    await claude.harness.awaitInstance('process.started');
    const thread = claude.thread();
    thread.askToOpen();
    const { failure } = await claude.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({ code: 'SETTINGS_NOT_APPLIED' });
    const offline = claude.thread({ policy: { network: false } });
    offline.askToOpen();
    const refused = await claude.harness.awaitReport(offline.threadId, 'connection.openFailed');
    expect(refused.failure).toMatchObject({ code: 'SETTINGS_NOT_APPLIED' });
  });
});

describe('a turn', () => {
  it('says new settings before the prompt, and only those', async () => {
    const claude = fake({ user: [{ raw: [...STARTED, result()] }] });
    const thread = await claude.open();
    await thread.turn('one');
    thread.settings = {
      ...thread.settings,
      model: 'opus',
      options: { effort: 'low' },
      interactionMode: 'plan',
    };
    await thread.start('two');
    expect(claude.asked('set_model')).toEqual([{ subtype: 'set_model', model: 'opus' }]);
    expect(claude.asked('apply_flag_settings')).toMatchObject([{ settings: { effortLevel: 'low' } }]);
    expect(claude.asked('set_permission_mode')).toMatchObject([{ mode: 'plan' }]);
    expect(claude.sent('user').map(({ message }) => message)).toEqual([
      { role: 'user', content: 'one' },
      { role: 'user', content: 'two' },
    ]);
  });

  it('is refused where claude does not take its settings', async () => {
    const claude = fake({ set_model: [{ error: 'no such model' }] });
    const thread = await claude.open();
    const sent = thread.send('one', { model: 'nonsense' });
    const refused = await claude.harness.awaitReport(thread.threadId, 'provider.turnRefused');
    expect(refused).toMatchObject({ turnId: sent.key.turnId, failure: { code: 'SETTINGS_NOT_APPLIED' } });
    expect(refused.failure.message).toContain('no such model');
    expect(claude.sent('user')).toEqual([]);
  });

  it('is refused where an image of it is gone', async () => {
    const claude = fake();
    const thread = await claude.open();
    thread.send('look', { attachments: [attachmentIdSchema.parse('gone')] });
    const refused = await claude.harness.awaitReport(thread.threadId, 'provider.turnRefused');
    expect(refused.failure).toMatchObject({ code: 'ATTACHMENT_NOT_FOUND' });
  });

  it('takes back a prompt that claude has not begun', async () => {
    const claude = fake({ user: [{ raw: [life('queued')] }] });
    const thread = await claude.open();
    const sent = thread.send('one');
    const accepted = await claude.harness.awaitReport(thread.threadId, 'provider.turnAccepted');
    thread.interrupt(sent);
    await until(() => claude.asked('cancel_async_message').length > 0);
    expect(claude.asked('cancel_async_message')).toMatchObject([{ message_uuid: accepted.nativeTurnId }]);
    expect(claude.asked('interrupt')).toEqual([]);
  });

  it('says what claude has not understood, and what was not understood of claude', async () => {
    const unknown = line({ type: 'system', subtype: 'news', about: 'x' });
    const changed = line({ type: 'assistant', message: 'a string' });
    const asked = line({ type: 'control_request', request_id: 'r', request: { subtype: 'play_music' } });
    const claude = fake({ user: [{ raw: [...STARTED, unknown, changed, asked, 'no message\n', result()] }] });
    const thread = await claude.open();
    await thread.turn('one');
    expect(thread.items('unrecognized').map(({ body }) => body)).toMatchObject([
      { method: 'system/news' },
      { method: 'assistant' },
      { method: 'control_request' },
    ]);
    expect(claude.sent('control_response')).toMatchObject([
      {
        response: { subtype: 'error', request_id: 'r', error: 'play_music is not supported by this client' },
      },
    ]);
    expect(claude.harness.warnings).toContainEqual(
      expect.objectContaining({ message: 'claude sent a line that is no message' }),
    );
  });

  it('survives a line that is too long', async () => {
    const claude = fake({ user: [{ floodBytes: 17 * 1024 * 1024, raw: [...STARTED, result()] }] });
    const thread = await claude.open();
    expect(await thread.turn('one')).toMatchObject({ outcome: 'completed' });
    expect(claude.harness.warnings).toContainEqual(
      expect.objectContaining({ message: 'claude sent a line that is too long; it is lost' }),
    );
  });
});
