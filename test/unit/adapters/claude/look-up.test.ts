import { expect, it } from 'vitest';
import { outcomeIn } from '../../../../adapters/claude/look-up.ts';

const user = (uuid: string, content: unknown = 'text') => ({ type: 'user', uuid, message: { content } });
const assistant = (stop_reason: string | null, more: object = {}) => ({
  type: 'assistant',
  message: { stop_reason, content: [] },
  ...more,
});
const RESULT = user('r', [{ type: 'tool_result' }]);

it('finds a prompt by the uuid that it was given', () => {
  const entries = [user('a'), assistant('end_turn'), user('b'), assistant('tool_use'), RESULT];
  expect(outcomeIn(entries, 'a')).toEqual({ found: 'completed', failure: null });
  expect(outcomeIn(entries, 'b')).toEqual({ found: 'interrupted', failure: null });
  expect(outcomeIn(entries, 'c')).toEqual({ found: 'absent', failure: null });
});

it('takes the last reply of the turn for its end, over results', () => {
  const entries = [user('a'), assistant('tool_use'), RESULT, assistant('end_turn'), user('b')];
  expect(outcomeIn(entries, 'a').found).toBe('completed');
  expect(outcomeIn(entries, 'b').found).toBe('interrupted');
});

it('reads why a turn failed', () => {
  const content = [{ type: 'text', text: 'API Error: 529' }];
  const failed = { isApiErrorMessage: true, error: 'overloaded', apiErrorStatus: 529 };
  const entries = [user('a'), { ...assistant('stop_sequence'), ...failed, message: { content } }];
  expect(outcomeIn(entries, 'a')).toMatchObject({
    found: 'failed',
    failure: { code: 'PROVIDER_OVERLOADED', message: 'API Error: 529' },
  });
});

it('takes a prompt with an image for a prompt', () => {
  const entries = [user('a'), user('b', [{ type: 'image' }, { type: 'text' }]), assistant('end_turn')];
  expect(outcomeIn(entries, 'a').found).toBe('interrupted');
  expect(outcomeIn(entries, 'b').found).toBe('completed');
});
