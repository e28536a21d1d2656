import { afterEach, describe, expect, it } from 'vitest';
import { attachmentIdSchema, requestIdOf } from '../../../../machines/domain/ids.ts';
import { FakeCodex, line, type FakeScript } from '../../../helpers/fake-codex.ts';
import { until } from '../../../helpers/until.ts';

const fakes: FakeCodex[] = [];

function fake(script: FakeScript = {}): FakeCodex {
  const made = new FakeCodex(script);
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

const answer = (more: object) => ({
  thread: { id: 'n', status: { type: 'idle' } },
  model: 'm',
  cwd: '/',
  approvalPolicy: 'on-request',
  approvalsReviewer: 'user',
  sandbox: { type: 'workspaceWrite' },
  ...more,
});
const onThread = (method: string, params: object = {}) =>
  line({ method, params: { threadId: 'n', ...params } });

describe('the start of codex', () => {
  it('reports what codex says of itself', async () => {
    const codex = fake();
    codex.start();
    const { report } = await codex.harness.awaitInstance('process.started');
    expect(report).toEqual({
      version: '0.169.0',
      account: null,
      loginRequired: true,
      commands: [{ name: 's', description: 'd' }],
    });
  });

  it('refuses a codex that is too old, and ends it', async () => {
    const codex = fake({ initialize: [{ result: { userAgent: 'threadchart/0.98.0 (x)' } }] });
    codex.start();
    const { failure } = await codex.harness.awaitInstance('process.failed');
    expect(failure).toMatchObject({ code: 'INSTANCE_UNAVAILABLE', retryable: false });
    expect(failure.message).toContain('0.98.0');
    await until(() => codex.harness.rows.size === 0);
  });

  it('warns of a codex that was not tested', async () => {
    const codex = fake({ initialize: [{ result: { userAgent: 'threadchart/7.0.0 (x)' } }] });
    await codex.open();
    expect(codex.harness.warnings).toContainEqual(
      expect.objectContaining({ message: 'this version of codex has not been tested' }),
    );
  });

  it('tells what a codex said that ended at once', async () => {
    const codex = fake({ initialize: [{ stderr: 'config.toml is broken\n', exit: 2 }] });
    codex.start();
    const { failure } = await codex.harness.awaitInstance('process.failed');
    expect(failure).toMatchObject({
      code: 'OPEN_FAILED',
      retryable: true,
      message: 'codex app-server ended with code 2: config.toml is broken',
    });
    expect(codex.harness.instanceReports).toHaveLength(1);
  });

  it('tells of a handshake that was refused', async () => {
    const codex = fake({ initialize: [{ error: { code: -32_600, message: 'no' } }] });
    codex.start();
    expect((await codex.harness.awaitInstance('process.failed')).failure.code).toBe('OPEN_FAILED');
  });

  it('does without catalogues that codex refuses', async () => {
    const error = { code: -32_601, message: 'unknown method' };
    const codex = fake({
      'model/list': [{ error }],
      'skills/list': [{ error }],
      'account/read': [{ error }],
    });
    codex.start();
    expect((await codex.harness.awaitInstance('process.started')).report).toEqual({ version: '0.169.0' });
  });

  it('is given up by a stop that overtakes it', async () => {
    const codex = fake({ initialize: [{}] });
    codex.start();
    await until(() => codex.sent('initialize').length > 0);
    codex.adapter.perform({ type: 'process.stop', instanceId: codex.instanceId, force: true });
    await codex.harness.awaitInstance('process.stopped');
    expect(codex.harness.instanceReports.map(({ type }) => type)).toEqual(['process.stopped']);
  });
});

describe('the settings of a thread', () => {
  const readOnly = { result: answer({ sandbox: { type: 'readOnly' } }) };

  it('are said again in another way when codex did not take them', async () => {
    const codex = fake({ 'thread/resume': [readOnly, { result: answer({}) }] });
    codex.start();
    await codex.harness.awaitInstance('process.started');
    const thread = codex.thread();
    thread.nativeThreadId = 'n';
    expect(await thread.open()).toMatchObject({ resumed: true, nativeThreadId: 'n', model: 'm' });
    expect(codex.sent('thread/settings/update')).toMatchObject([
      { sandboxPolicy: { type: 'workspaceWrite' } },
    ]);
  });

  it('fail the opening when codex never takes them, and the thread is let go', async () => {
    const codex = fake({ 'thread/resume': [readOnly] });
    codex.start();
    await codex.harness.awaitInstance('process.started');
    const thread = codex.thread();
    thread.nativeThreadId = 'n';
    thread.askToOpen();
    const { failure } = await codex.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({ code: 'SETTINGS_NOT_APPLIED', retryable: false });
    expect(failure.message).toContain('sandbox: asked for workspaceWrite, got "readOnly"');
    await until(() => codex.sent('thread/unsubscribe').length > 0);
  });

  it('fail the opening of a new thread too, which cannot be read back', async () => {
    const codex = fake({
      'thread/start': [readOnly],
      'thread/resume': [{ error: { code: -32_600, message: 'no rollout found for thread id n' } }],
    });
    codex.start();
    await codex.harness.awaitInstance('process.started');
    const thread = codex.thread();
    thread.askToOpen();
    const { failure } = await codex.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure.code).toBe('SETTINGS_NOT_APPLIED');
  });
});

describe('a connection', () => {
  it('ends what still runs in a thread that it resumes', async () => {
    const codex = fake({
      'thread/resume': [{ result: answer({ thread: { id: 'n', status: { type: 'active' } } }) }],
      'thread/turns/list': [{ result: { data: [{ id: 'old', status: 'interrupted', items: [] }] } }],
    });
    codex.start();
    await codex.harness.awaitInstance('process.started');
    const thread = codex.thread();
    thread.nativeThreadId = 'n';
    await thread.open();
    expect(codex.sent('turn/interrupt')).toEqual([{ threadId: 'n', turnId: 'old' }]);
    expect(codex.sent('thread/backgroundTerminals/clean')).toEqual([{ threadId: 'n' }]);
  });

  it('opens although what ran has ended by itself in between', async () => {
    const codex = fake({
      'thread/resume': [{ result: answer({ thread: { id: 'n', status: { type: 'active' } } }) }],
      'thread/turns/list': [{ result: { data: [{ id: 'old', status: 'interrupted', items: [] }] } }],
      'turn/interrupt': [{ error: { code: -32_600, message: 'no active turn to interrupt' } }],
    });
    codex.start();
    await codex.harness.awaitInstance('process.started');
    const thread = codex.thread();
    thread.nativeThreadId = 'n';
    expect(await thread.open()).toMatchObject({ resumed: true });
  });

  it('takes out of the archive what somebody has put there', async () => {
    const archived = { error: { code: -32_600, message: 'session n is archived. Run `codex unarchive n`' } };
    const codex = fake({ 'thread/resume': [archived, { result: answer({}) }] });
    codex.start();
    await codex.harness.awaitInstance('process.started');
    const thread = codex.thread();
    thread.nativeThreadId = 'n';
    expect(await thread.open()).toMatchObject({ resumed: true });
    expect(codex.sent('thread/unarchive')).toEqual([{ threadId: 'n' }]);
  });

  it('is lost when codex unloads its thread, once', async () => {
    const unloaded =
      onThread('thread/status/changed', { status: { type: 'notLoaded' } }) + onThread('thread/closed');
    const codex = fake({ 'turn/start': [{ raw: [unloaded] }] });
    const thread = await codex.open();
    thread.send('hello');
    const { failure } = await codex.harness.awaitReport(thread.threadId, 'connection.lost');
    expect(failure.code).toBe('CONNECTION_LOST');
    await thread.close();
    expect(codex.harness.all(thread.threadId, 'connection.lost')).toHaveLength(1);
  });

  it('says that a close failed, and is still there', async () => {
    const error = { code: -32_603, message: 'cannot' };
    const codex = fake({ 'thread/unsubscribe': [{ error }, { result: {} }] });
    const thread = await codex.open();
    codex.adapter.perform({ type: 'connection.close', connectionId: thread.connectionId });
    const { failure } = await codex.harness.awaitReport(thread.threadId, 'connection.closeFailed');
    expect(failure).toMatchObject({ code: 'CLOSE_FAILED', message: 'thread/unsubscribe: cannot (-32603)' });
    await thread.close();
  });

  it('says nothing of an opening that the end of the process cut short: the instance does', async () => {
    const codex = fake({ 'thread/start': [{ exit: 1 }] });
    codex.start();
    await codex.harness.awaitInstance('process.started');
    const thread = codex.thread();
    thread.askToOpen();
    await codex.harness.awaitInstance('process.exited');
    expect(codex.harness.reports).toEqual([]);
    thread.askToOpen();
    const { failure } = await codex.harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure.code).toBe('OPEN_FAILED');
  });

  it('is refused while codex does not run, and everything else with it', async () => {
    const codex = fake();
    const thread = codex.thread();
    thread.askToOpen();
    await codex.harness.awaitReport(thread.threadId, 'connection.openFailed');
    const sent = thread.send('hello');
    thread.steer(sent, 'left');
    thread.interrupt(sent);
    thread.kill();
    await thread.settle(sent, 'failed');
    await thread.close();
    const { threadId } = thread;
    const look = {
      threadId,
      turnId: sent.key.turnId,
      attempt: 1,
      nativeThreadId: 'n',
      clientMessageId: 'x.1',
    };
    codex.adapter.perform({ type: 'turn.lookUp', ...look });
    expect(codex.harness.reports.map(({ input }) => input.type)).toEqual([
      'connection.openFailed',
      'provider.turnRefused',
      'provider.steerRefused',
      'provider.interruptRefused',
      'connection.closed',
      'provider.turnLookedUp',
    ]);
    expect(codex.harness.instanceReports).toEqual([
      { type: 'instance.workDone', threadId, connectionId: null },
    ]);
  });
});

describe('a turn', () => {
  it('is accepted before it starts, even when both come in one piece', async () => {
    const turn = { id: 'T', status: 'inProgress', items: [] };
    const codex = fake({
      'turn/start': [
        { raw: [`{"id":$ID,"result":{"turn":{"id":"T"}}}\n${onThread('turn/started', { turn })}`] },
      ],
    });
    const thread = await codex.open();
    await thread.start('hello');
    expect(codex.harness.reports.map(({ input }) => input.type)).toEqual([
      'connection.opened',
      'provider.turnAccepted',
      'provider.turnStarted',
    ]);
  });

  it('is refused with what codex said', async () => {
    const error = { code: -32_600, message: 'thread not found: n' };
    const codex = fake({ 'turn/start': [{ error }] });
    const thread = await codex.open();
    const { key } = thread.send('hello');
    expect(await codex.harness.awaitReport(thread.threadId, 'provider.turnRefused')).toMatchObject({
      turnId: key.turnId,
      attempt: 1,
      failure: { code: 'START_REFUSED', message: 'turn/start: thread not found: n (-32600)' },
    });
  });

  it('is the next that begins where a compaction was asked for, before the answer or after it', async () => {
    const started = onThread('turn/started', { turn: { id: 'T', status: 'inProgress', items: [] } });
    const codex = fake({ 'thread/compact/start': [{ raw: [`${started}{"id":$ID,"result":{}}\n`] }] });
    const thread = await codex.open();
    const key = thread.compact();
    const { type: _, ...start } = await codex.harness.awaitReport(thread.threadId, 'provider.turnStarted');
    expect(codex.harness.reports.slice(1).map(({ input }) => input)).toEqual([
      { type: 'provider.turnAccepted', ...key, nativeTurnId: 'T' },
      { type: 'provider.turnStarted', ...start },
    ]);
    expect(codex.sent('thread/compact/start')).toEqual([{ threadId: 'n' }]);
  });

  it('of a compaction is refused with what codex said', async () => {
    const codex = fake({ 'thread/compact/start': [{ error: { code: -32_600, message: 'not now' } }] });
    const thread = await codex.open();
    const { turnId } = thread.compact();
    expect(await codex.harness.awaitReport(thread.threadId, 'provider.turnRefused')).toMatchObject({
      turnId,
      failure: { code: 'START_REFUSED', message: 'thread/compact/start: not now (-32600)' },
    });
  });

  it('is refused where an image is not stored any more', async () => {
    const codex = fake();
    const thread = await codex.open();
    const attachmentId = attachment('a');
    thread.send('look', { attachments: [attachmentId] });
    const { failure } = await codex.harness.awaitReport(thread.threadId, 'provider.turnRefused');
    expect(failure.code).toBe('ATTACHMENT_NOT_FOUND');
    expect(codex.sent('turn/start')).toEqual([]);
    codex.harness.attachments.set(attachmentId, '/a.png');
    thread.send('look', { attachments: [attachmentId] });
    expect(codex.sent('turn/start')).toMatchObject([
      { input: [{ type: 'text' }, { type: 'localImage', path: '/a.png' }] },
    ]);
  });

  it('is interrupted as whatever runs when codex never named it', async () => {
    const codex = fake({
      'turn/start': [{}],
      'thread/turns/list': [{ result: { data: [{ id: 'unnamed', status: 'interrupted', items: [] }] } }],
    });
    const thread = await codex.open();
    thread.interrupt(thread.send('hello'));
    await until(() => codex.sent('turn/interrupt').length > 0);
    expect(codex.sent('turn/interrupt')).toEqual([{ threadId: 'n', turnId: 'unnamed' }]);
  });

  it('leaves plan mode by naming the default one', async () => {
    const codex = fake();
    const thread = await codex.open({ interactionMode: 'plan' });
    thread.send('plan');
    await codex.harness.awaitReport(thread.threadId, 'provider.turnAccepted');
    thread.settings = { ...thread.settings, interactionMode: 'default' };
    const { turnId } = thread.send('do').key;
    await codex.harness.awaitReport(
      thread.threadId,
      'provider.turnAccepted',
      (report) => report.turnId === turnId,
    );
    thread.send('go on');
    const modes = codex
      .sent('turn/start')
      .map((params) => Reflect.get(Object(params), 'collaborationMode')?.mode);
    expect(modes).toEqual(['plan', 'default', undefined]);
  });

  it('is settled although what it left running cannot be ended', async () => {
    const no = { error: { code: -32_603, message: 'no' } };
    const codex = fake({ 'thread/backgroundTerminals/list': [no], 'thread/list': [no] });
    const thread = await codex.open();
    const sent = thread.send('hello');
    await thread.settle({ ...sent, key: { ...sent.key, nativeTurnId: 'T' } }, 'failed');
    await until(() => codex.harness.warnings.length >= 2);
    expect(codex.harness.warnings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'what a turn left running could not be ended',
        'sub-agents could not be ended',
      ]),
    );
  });

  it('leaves no command behind when codex never named it', async () => {
    const codex = fake();
    const thread = await codex.open();
    await thread.settle(thread.send('hello'), 'failed');
    expect(codex.sent('thread/backgroundTerminals/clean')).toEqual([{ threadId: 'n' }]);
  });
});

describe('a request of codex', () => {
  const asking = (id: number, method: string, params: object = {}) =>
    line({ id, method, params: { threadId: 'n', turnId: 'T', itemId: 'i', ...params } });
  const COMMAND = 'item/commandExecution/requestApproval';

  it('is told as resolved only while it is open, and takes one answer', async () => {
    const resolved = onThread('serverRequest/resolved', { requestId: 0 });
    const codex = fake({
      'turn/start': [{ raw: [asking(0, COMMAND, { command: 'ls' })] }, { raw: [resolved, resolved] }],
    });
    const thread = await codex.open();
    thread.send('hello');
    const request = await thread.request();
    expect(request.requestId).toBe(requestIdOf(thread.connectionId, '0'));
    thread.answer(request, { decision: 'accept' });
    thread.answer(request, { decision: 'decline' });
    await codex.harness.awaitReport(thread.threadId, 'provider.requestUndeliverable');
    expect(codex.answers()).toEqual([{ id: 0, result: { decision: 'accept' } }]);
    thread.send('again');
    await thread.resolved(request.requestId);
    await thread.close();
    expect(codex.harness.all(thread.threadId, 'provider.requestResolved')).toHaveLength(1);
  });
});

describe('what codex says of its account', () => {
  it('is reported when it changes', async () => {
    const limits = (usedPercent: number) =>
      line({
        method: 'account/rateLimits/updated',
        params: { rateLimits: { limitId: 'codex', primary: { usedPercent } } },
      });
    const account = { type: 'chatgpt', email: 'a@b.c', planType: 'plus' };
    const codex = fake({
      'account/read': [
        { result: { account: null, requiresOpenaiAuth: true } },
        { result: { account, requiresOpenaiAuth: true } },
      ],
      'account/rateLimits/read': [
        { result: { rateLimits: { limitId: 'codex', primary: { usedPercent: 5 } } } },
      ],
      'turn/start': [{ raw: [limits(1), limits(1), line({ method: 'account/updated', params: {} })] }],
    });
    const thread = await codex.open();
    thread.send('hello');
    await codex.harness.awaitInstance('instance.reported', 2);
    const rateLimit = (usedPercent: number) => ({ name: 'codex (primary)', usedPercent, resetsAt: null });
    expect(codex.harness.instanceReports.slice(1)).toEqual([
      { type: 'instance.reported', report: { rateLimits: [rateLimit(1)] } },
      {
        type: 'instance.reported',
        report: {
          account: { label: 'a@b.c', plan: 'plus' },
          loginRequired: false,
          rateLimits: [rateLimit(5)],
        },
      },
    ]);
  });
});

describe('the lines of codex', () => {
  const delta = (text: string) =>
    onThread('item/agentMessage/delta', { turnId: 'T', itemId: 'i', delta: text });

  it('may be cut anywhere, be broken or be no messages', async () => {
    const [head, tail] = [delta('añ😀').slice(0, 90), delta('añ😀').slice(90)];
    const codex = fake({
      'turn/start': [{ raw: [head, tail, 'no json\n', '[]\n\n', '{"id":99,"result":{}}\n', delta('b')] }],
    });
    const thread = await codex.open();
    thread.send('hello');
    await until(() => thread.streamed() === 'añ😀b');
    const lost = codex.harness.warnings.filter(
      ({ message }) => message === 'codex sent a line that is no message',
    );
    expect(lost.map(({ details }) => Reflect.get(Object(details), 'reason'))).toEqual([
      'not a JSON object',
      'not a JSON object',
      'an answer to nothing',
    ]);
  });

  it('are bounded: one that is too long is lost and told, and the next one is read', async () => {
    const codex = fake({ 'turn/start': [{ floodBytes: 17 * 1024 * 1024, raw: [delta('after')] }] });
    const thread = await codex.open();
    thread.send('hello');
    await until(() => thread.streamed() === 'after');
    expect(codex.harness.warnings.map(({ message }) => message)).toEqual([
      'codex sent a line that is too long; it is lost',
    ]);
  });

  it('are never more than 32 requests without an answer', async () => {
    const codex = fake({ 'turn/start': [{}] });
    const thread = await codex.open();
    for (let count = 0; count < 40; count += 1) thread.send('hello');
    expect(codex.sent('turn/start')).toHaveLength(32);
  });
});

describe('warnings of codex', () => {
  it('go to the log where no thread is there to show them', async () => {
    const notices = [
      line({ method: 'configWarning', params: { summary: 'no sandbox', details: null } }),
      line({ method: 'brand/new', params: {} }),
      line({ method: 'remoteControl/status/changed', params: {} }),
      onThread('warning', { message: 'for the thread' }),
    ];
    const codex = fake({ 'turn/start': [{ raw: notices }] });
    const thread = await codex.open();
    thread.send('hello');
    const { item } = await codex.harness.awaitReport(thread.threadId, 'provider.itemCompleted');
    expect(item).toMatchObject({
      body: { kind: 'notice', topic: 'provider.warning' },
      text: 'for the thread',
    });
    expect(codex.harness.warnings.map(({ message }) => message)).toEqual([
      'codex warns',
      'codex sent something that belongs to no thread',
    ]);
  });
});

const attachment = (id: string) => attachmentIdSchema.parse(id);
