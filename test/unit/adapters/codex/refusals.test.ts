import { describe, expect, it } from 'vitest';
import { askedIn } from '../../../../adapters/codex/approvals.ts';
import { REFUSALS, SILENT } from '../../../../adapters/codex/refusals.ts';
import { SERVER_REQUEST_METHODS } from '../../../../adapters/codex/wire.gen.ts';
import { connectionIdOf, threadIdSchema } from '../../../../machines/domain/ids.ts';
import { fakeCodex, line } from '../../../helpers/fake-codex.ts';
import { until } from '../../../helpers/until.ts';

const PERSON = {
  'item/commandExecution/requestApproval': { command: 'ls' },
  'item/fileChange/requestApproval': {},
  'item/permissions/requestApproval': { permissions: { network: { enabled: true } } },
  'item/tool/requestUserInput': { questions: [{ id: 'q', header: 'Q', question: 'Q?' }] },
  'mcpServer/elicitation/request': { serverName: 's', mode: 'url', url: 'https://example.org' },
};
const scope = {
  connectionId: connectionIdOf(threadIdSchema.parse('t'), 1),
  nativeRequestId: '0',
  rawRef: 'log:1',
  agent: null,
};

/** Codex asks once that its first prompt is there, and the answer is awaited. */
async function answered(method: string, params: object) {
  const asking = line({ id: 0, method, params: { threadId: 'n', turnId: 'T', itemId: 'i', ...params } });
  const codex = fakeCodex({ 'turn/start': [{ raw: [asking] }] });
  const thread = await codex.open();
  thread.send('hello');
  await until(() => codex.answers().length > 0);
  return { codex, thread, answer: codex.answers()[0] };
}

describe('a request that codex makes', () => {
  it('is for a person, or is refused: each that its generated types name', () => {
    const isForPerson = (method: string) => Object.hasOwn(PERSON, method);
    const place = { threadId: 'n', turnId: 'T', itemId: 'i' };
    const unasked = Object.entries(PERSON).filter(
      ([method, params]) => askedIn({ method, params: { ...place, ...params } }, scope) === null,
    );
    expect(unasked).toEqual([]);
    expect(Object.keys(PERSON).filter((method) => !REFUSALS.has(method))).toEqual([]);
    expect(SERVER_REQUEST_METHODS.filter((method) => !isForPerson(method) && !REFUSALS.has(method))).toEqual([
      // only with a login or an attestation that this client has not announced
      'account/chatgptAuthTokens/refresh',
      'attestation/generate',
    ]);
  });

  it.each([
    ['item/commandExecution/requestApproval', { decision: 'decline' }],
    ['item/fileChange/requestApproval', { decision: 'decline' }],
    ['item/permissions/requestApproval', { permissions: {}, scope: 'turn' }],
    ['item/tool/requestUserInput', { answers: {} }],
    ['mcpServer/elicitation/request', { action: 'decline' }],
    ['applyPatchApproval', { decision: { denied: { rejection: expect.any(String) } } }],
    ['execCommandApproval', { decision: { denied: { rejection: expect.any(String) } } }],
  ])('is refused and shown where %s has changed', async (method, result) => {
    const { codex, thread, answer } = await answered(method, { itemId: 7, questions: 7, serverName: 7 });
    expect(answer).toMatchObject({ id: 0, result });
    const shown = await codex.harness.awaitReport(thread.threadId, 'provider.itemCompleted');
    expect(shown.item.body).toEqual({ kind: 'unrecognized', method });
  });

  it.each([
    ['item/tool/call', { success: false, contentItems: [{ type: 'inputText' }] }],
    ['currentTime/read', { currentTimeAt: expect.any(Number) }],
  ])('is answered without a word where nobody has to know of %s', async (method, result) => {
    expect(SILENT.has(method)).toBe(true);
    const { codex, answer } = await answered(method, {});
    expect(answer).toMatchObject({ id: 0, result });
    expect(codex.harness.reports.filter(({ input }) => 'item' in input)).toEqual([]);
  });

  it('is answered with an error and shown where nobody knows it', async () => {
    const { codex, thread, answer } = await answered('no/such/method', {});
    expect(answer).toMatchObject({ id: 0, error: { code: -32_601 } });
    const shown = await codex.harness.awaitReport(thread.threadId, 'provider.itemCompleted');
    expect(shown.item.body).toEqual({ kind: 'unrecognized', method: 'no/such/method' });
  });

  it('is refused for a thread that is not open', async () => {
    const method = 'item/commandExecution/requestApproval';
    const { codex, thread, answer } = await answered(method, { threadId: 'other', command: 'ls' });
    expect(answer).toMatchObject({ id: 0, result: { decision: 'decline' } });
    expect(codex.harness.all(thread.threadId, 'provider.requestOpened')).toEqual([]);
  });
});
