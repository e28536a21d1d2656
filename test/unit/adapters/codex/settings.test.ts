/** Whether codex goes by the settings that a prompt asked for. */
import { expect, test } from 'vitest';
import type { Settings } from '../../../../machines/domain/settings.ts';
import { fakeCodex, line } from '../../../helpers/fake-codex.ts';

const IN_EFFECT = {
  model: 'm',
  cwd: '/',
  approvalPolicy: 'on-request',
  approvalsReviewer: 'user',
  sandboxPolicy: { type: 'workspaceWrite', networkAccess: false },
  collaborationMode: { mode: 'default' },
};
const ACCEPTED = '{"id":$ID,"result":{"turn":{"id":"T"}}}\n';

const ENDED = line({
  method: 'turn/completed',
  params: { threadId: 'n', turn: { id: 'T', status: 'completed' } },
});

/** A whole turn with these settings, in which codex says what it goes by; `null`: says nothing. */
async function noticeFor(settings: Partial<Settings>, inEffect: object | null, isLate = false) {
  const threadSettings = { ...IN_EFFECT, ...inEffect };
  const said = line({ method: 'thread/settings/updated', params: { threadId: 'n', threadSettings } });
  const begun = isLate ? [ACCEPTED, said] : [said, ACCEPTED];
  const raw = [...(inEffect === null ? [ACCEPTED] : begun), ENDED];
  const codex = fakeCodex({ 'turn/start': [{ raw }] });
  const thread = await codex.open();
  thread.settings = { ...thread.settings, ...settings };
  const { key } = thread.send('hello');
  await codex.harness.awaitReport(thread.threadId, 'provider.turnEnded');
  const notices = codex.harness.all(thread.threadId, 'provider.itemCompleted');
  expect(notices.length).toBeLessThan(2);
  const [notice] = notices;
  if (notice !== undefined) expect(notice).toMatchObject({ turnId: key.turnId, nativeTurnId: 'T' });
  return notice?.item ?? null;
}

test('what is as it was asked for is not spoken of', async () => {
  expect(await noticeFor({}, null)).toBe(null);
  const sandboxPolicy = { type: 'dangerFullAccess' };
  const changed = { model: 'x', approvalPolicy: 'never', sandboxPolicy };
  expect(await noticeFor({ model: 'x', runtimeMode: 'full-access' }, changed)).toBe(null);
  const full = { runtimeMode: 'full-access' } as const;
  expect(await noticeFor({ ...full, model: 'x' }, changed, true)).toBe(null);
  const network = { sandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };
  expect(await noticeFor({ policy: { network: true } }, network)).toBe(null);
});

test('what is otherwise is told in the turn', async () => {
  expect(await noticeFor({ runtimeMode: 'full-access' }, { approvalPolicy: 'never' })).toMatchObject({
    body: { kind: 'notice', tone: 'error', topic: 'settings.notApplied' },
    text: 'sandbox: asked for dangerFullAccess, got "workspaceWrite"',
  });
  expect(await noticeFor({ model: 'x' }, {})).toMatchObject({ text: 'model: asked for x, got "m"' });
  expect(await noticeFor({ policy: { network: true } }, {})).toMatchObject({
    text: 'network: asked for true, got false',
  });
});

test('what codex should have said and did not say is told too', async () => {
  expect(await noticeFor({ model: 'x' }, null)).toMatchObject({ text: 'model: asked for x, got "m"' });
});
