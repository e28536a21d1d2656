import { expect, it } from 'vitest';
import { fakeCodex, type FakeCodex, type FakeScript } from '../../../helpers/fake-codex.ts';
import type { ProviderThread } from '../../../helpers/provider-thread.ts';

const forked = (sandbox = 'workspaceWrite') => ({
  result: {
    thread: { id: 'new', status: { type: 'idle' } },
    model: 'm',
    cwd: '/',
    approvalPolicy: 'on-request',
    approvalsReviewer: 'user',
    sandbox: { type: sandbox },
  },
});
const refused = (message: string) => ({ error: { code: -32_600, message } });

/** A thread that is to begin as a fork of `old`, after its turn `T`. */
async function fork(script: FakeScript): Promise<{ codex: FakeCodex; thread: ProviderThread }> {
  const codex = fakeCodex(script);
  codex.start();
  await codex.harness.awaitInstance('process.started');
  const thread = codex.thread();
  thread.fork = { nativeThreadId: 'old', nativeTurnId: 'T' };
  return { codex, thread };
}

it('a fork is asked for with the settings, and is a conversation of its own', async () => {
  const { codex, thread } = await fork({ 'thread/fork': [forked()] });
  expect(await thread.open()).toMatchObject({ resumed: false, nativeThreadId: 'new', model: 'm' });
  expect(codex.sent('thread/fork')).toEqual([
    expect.objectContaining({
      threadId: 'old',
      lastTurnId: 'T',
      excludeTurns: true,
      sandbox: 'workspace-write',
    }),
  ]);
  expect([...codex.sent('thread/start'), ...codex.sent('thread/resume')]).toEqual([]);
});

it('a fork whose settings were not taken has them said again', async () => {
  const { codex, thread } = await fork({
    'thread/fork': [forked('readOnly')],
    'thread/resume': [forked()],
  });
  await thread.open();
  expect(codex.sent('thread/settings/update')).toMatchObject([{ threadId: 'new' }]);
});

it('what is forked is taken out of the archive first', async () => {
  const { codex, thread } = await fork({
    'thread/fork': [refused('session old is archived. Run `codex unarchive old`'), forked()],
  });
  expect(await thread.open()).toMatchObject({ nativeThreadId: 'new' });
  expect(codex.sent('thread/unarchive')).toEqual([{ threadId: 'old' }]);
});

it.each([
  ['no rollout found for thread id old', 'RESUME_FAILED'],
  ['turn not found: T', 'RESUME_FAILED'],
  ['Server overloaded; retry later.', 'OPEN_FAILED'],
])('a fork that codex refuses with "%s" fails as %s', async (message, code) => {
  const { codex, thread } = await fork({ 'thread/fork': [refused(message)] });
  thread.askToOpen();
  const { failure } = await codex.harness.awaitReport(thread.threadId, 'connection.openFailed');
  expect(failure).toMatchObject({ code });
  expect(failure.message).toContain(message);
});
