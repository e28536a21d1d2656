import { expect, it } from 'vitest';
import { isOurs, nextMessageId, partIdOf, timeOfSession } from '../../../../adapters/opencode/message-ids.ts';

const FORM = /^msg_[0-9a-f]{12}[0-9A-Za-z]{14}$/;
const BEFORE = 'msg_1fec68704001k27bMiYjmmHmNx';

it('makes ids in the form of opencode that come after what is there', () => {
  const id = nextMessageId(BEFORE, 'turn.1');
  expect(id).toMatch(FORM);
  expect(id > BEFORE).toBe(true);
  expect(nextMessageId(id, 'turn.2') > id).toBe(true);
});

it('makes the same id for the same prompt, so that it can be sent again', () => {
  expect(nextMessageId(BEFORE, 'turn.1')).toBe(nextMessageId(BEFORE, 'turn.1'));
  expect(nextMessageId(BEFORE, 'turn.1')).not.toBe(nextMessageId(BEFORE, 'turn.2'));
  expect(partIdOf('msg_1fec68704001k27bMiYjmmHmNx', 0)).toMatch(/^prt_1fec68704001[0-9A-Za-z]{14}$/);
  expect(partIdOf(BEFORE, 0)).not.toBe(partIdOf(BEFORE, 1));
});

it('finds a prompt by what it was, wherever it stands', () => {
  expect(isOurs(nextMessageId(BEFORE, 'turn.1'), 'turn.1')).toBe(true);
  expect(isOurs(nextMessageId('msg_ffffffffffffAAAAAAAAAAAAAA', 'turn.1'), 'turn.1')).toBe(true);
  expect(isOurs(nextMessageId(BEFORE, 'turn.1'), 'turn.10')).toBe(false);
});

it('knows the time of a session, whose ids descend', () => {
  // a session of 1.18.33, and the first message in it
  const first = timeOfSession('ses_e01397987ffesuiL98AI7o74q5');
  expect(first).toBe('msg_1fec68678001');
  expect(first < BEFORE).toBe(true);
  expect(nextMessageId(first, 'turn.1') < BEFORE).toBe(true);
  expect(timeOfSession('other')).toBe('');
  expect(nextMessageId('', 'turn.1')).toMatch(FORM);
});
