import { expect, it } from 'vitest';
import { elicitationReply, elicitedIn } from '../../../../adapters/claude/elicitation.ts';
import { connectionIdOf, threadIdSchema } from '../../../../machines/domain/ids.ts';
import { byNative } from '../../../../machines/domain/input.ts';

const scope = {
  connectionId: connectionIdOf(threadIdSchema.parse('t'), 1),
  nativeRequestId: 'r',
  rawRef: 'log:1',
  turn: byNative('turn'),
};
const asked = { mcp_server_name: 'tiny', message: 'Fill in' };
const FORM = { type: 'object', properties: { count: { type: 'integer' } } };

it('asks what a form asks', () => {
  const { report, form } = elicitedIn({ ...asked, mode: 'form', requested_schema: FORM }, scope) ?? {};
  expect(report?.request).toMatchObject({
    body: { kind: 'question', questions: [{ questionId: 'count', format: 'integer' }] },
    decisions: ['decline', 'cancel'],
    reason: 'Fill in',
  });
  const fields = form?.kind === 'elicitation' ? form.fields : {};
  expect(elicitationReply(fields, { answers: { count: ['3'] } })).toEqual({
    action: 'accept',
    content: { count: 3 },
  });
  expect(elicitationReply(fields, { decision: 'cancel' })).toEqual({ action: 'cancel' });
});

it.each([
  ['a page', { mode: 'url', url: 'https://example.org/' }],
  ['an empty form', { mode: 'form', requested_schema: { type: 'object', properties: {} } }],
  ['nothing', {}],
])('asks for leave where there is %s', (_, more) => {
  const { report } = elicitedIn({ ...asked, ...more }, scope) ?? {};
  expect(report?.request).toMatchObject({
    body: { kind: 'tool', server: 'tiny', ...('url' in more && { url: more.url }) },
    decisions: ['accept', 'decline', 'cancel'],
  });
  expect(elicitationReply({}, { decision: 'accept' })).toEqual({ action: 'accept' });
});

it('has no words for a form that cannot be read', () => {
  expect(elicitedIn({ ...asked, mode: 'form', requested_schema: 'none' }, scope)).toBeNull();
});
