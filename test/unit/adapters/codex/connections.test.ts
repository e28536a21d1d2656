import { describe, expect, it } from 'vitest';
import { fakeCodex, onThread, threadAnswer } from '../../../helpers/fake-codex.ts';
import { until } from '../../../helpers/until.ts';

describe('the settings of a thread', () => {
  const readOnly = { result: threadAnswer({ sandbox: { type: 'readOnly' } }) };

  it('are said again in another way when codex did not take them', async () => {
    const codex = fakeCodex({ 'thread/resume': [readOnly, { result: threadAnswer({}) }] });
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
    const codex = fakeCodex({ 'thread/resume': [readOnly] });
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
    const codex = fakeCodex({
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
    const codex = fakeCodex({
      'thread/resume': [{ result: threadAnswer({ thread: { id: 'n', status: { type: 'active' } } }) }],
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
    const codex = fakeCodex({
      'thread/resume': [{ result: threadAnswer({ thread: { id: 'n', status: { type: 'active' } } }) }],
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
    const codex = fakeCodex({ 'thread/resume': [archived, { result: threadAnswer({}) }] });
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
    const codex = fakeCodex({ 'turn/start': [{ raw: [unloaded] }] });
    const thread = await codex.open();
    thread.send('hello');
    const { failure } = await codex.harness.awaitReport(thread.threadId, 'connection.lost');
    expect(failure.code).toBe('CONNECTION_LOST');
    await thread.close();
    expect(codex.harness.all(thread.threadId, 'connection.lost')).toHaveLength(1);
  });

  it('says that a close failed, and is still there', async () => {
    const error = { code: -32_603, message: 'cannot' };
    const codex = fakeCodex({ 'thread/unsubscribe': [{ error }, { result: {} }] });
    const thread = await codex.open();
    codex.adapter.perform({ type: 'connection.close', connectionId: thread.connectionId });
    const { failure } = await codex.harness.awaitReport(thread.threadId, 'connection.closeFailed');
    expect(failure).toMatchObject({ code: 'CLOSE_FAILED', message: 'thread/unsubscribe: cannot (-32603)' });
    await thread.close();
  });

  it('says nothing of an opening that the end of the process cut short: the instance does', async () => {
    const codex = fakeCodex({ 'thread/start': [{ exit: 1 }] });
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
    const codex = fakeCodex();
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
