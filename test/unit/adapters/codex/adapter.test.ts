import { describe, expect, it } from 'vitest';
import { requestIdOf } from '../../../../machines/domain/ids.ts';
import { fakeCodex, line, onThread } from '../../../helpers/fake-codex.ts';
import { until } from '../../../helpers/until.ts';

describe('the start of codex', () => {
  it('reports what codex says of itself', async () => {
    const codex = fakeCodex();
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
    const codex = fakeCodex({ initialize: [{ result: { userAgent: 'threadchart/0.98.0 (x)' } }] });
    codex.start();
    const { failure } = await codex.harness.awaitInstance('process.failed');
    expect(failure).toMatchObject({ code: 'INSTANCE_UNAVAILABLE', retryable: false });
    expect(failure.message).toContain('0.98.0');
    await until(() => codex.harness.rows.size === 0);
  });

  it('warns of a codex that was not tested', async () => {
    const codex = fakeCodex({ initialize: [{ result: { userAgent: 'threadchart/7.0.0 (x)' } }] });
    await codex.open();
    expect(codex.harness.warnings).toContainEqual(
      expect.objectContaining({ message: 'this version of codex has not been tested' }),
    );
  });

  it('tells what a codex said that ended at once', async () => {
    const codex = fakeCodex({ initialize: [{ stderr: 'config.toml is broken\n', exit: 2 }] });
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
    const codex = fakeCodex({ initialize: [{ error: { code: -32_600, message: 'no' } }] });
    codex.start();
    expect((await codex.harness.awaitInstance('process.failed')).failure.code).toBe('OPEN_FAILED');
  });

  it('does without catalogues that codex refuses', async () => {
    const error = { code: -32_601, message: 'unknown method' };
    const codex = fakeCodex({
      'model/list': [{ error }],
      'skills/list': [{ error }],
      'account/read': [{ error }],
    });
    codex.start();
    expect((await codex.harness.awaitInstance('process.started')).report).toEqual({ version: '0.169.0' });
  });

  it('is given up by a stop that overtakes it', async () => {
    const codex = fakeCodex({ initialize: [{}] });
    codex.start();
    await until(() => codex.sent('initialize').length > 0);
    codex.adapter.perform({ type: 'process.stop', instanceId: codex.instanceId, force: true });
    await codex.harness.awaitInstance('process.stopped');
    expect(codex.harness.instanceReports.map(({ type }) => type)).toEqual(['process.stopped']);
  });
});

describe('a request of codex', () => {
  const asking = (id: number, method: string, params: object = {}) =>
    line({ id, method, params: { threadId: 'n', turnId: 'T', itemId: 'i', ...params } });
  const COMMAND = 'item/commandExecution/requestApproval';

  it('is told as resolved only while it is open, and takes one answer', async () => {
    const resolved = onThread('serverRequest/resolved', { requestId: 0 });
    const codex = fakeCodex({
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
    const codex = fakeCodex({
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
    const codex = fakeCodex({
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
    const codex = fakeCodex({ 'turn/start': [{ floodBytes: 17 * 1024 * 1024, raw: [delta('after')] }] });
    const thread = await codex.open();
    thread.send('hello');
    await until(() => thread.streamed() === 'after');
    expect(codex.harness.warnings.map(({ message }) => message)).toEqual([
      'codex sent a line that is too long; it is lost',
    ]);
  });

  it('are never more than 32 requests without an answer', async () => {
    const codex = fakeCodex({ 'turn/start': [{}] });
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
    const codex = fakeCodex({ 'turn/start': [{ raw: notices }] });
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
