import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { replyTo } from '../../../../adapters/claude/approvals.ts';
import { messageUuid, userMessage } from '../../../../adapters/claude/requests.ts';
import { turnIdSchema } from '../../../../machines/domain/ids.ts';
import { makeTempFolder } from '../../../helpers/temp-folder.ts';

const prompt = { turnId: turnIdSchema.parse('t'), text: 'look', attachments: [] };

it('makes the same uuid of a message again after a restart, and another one of each attempt', () => {
  expect(messageUuid('t.1')).toBe(messageUuid('t.1'));
  expect(messageUuid('t.1')).not.toBe(messageUuid('t.2'));
  expect(messageUuid('t.1')).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);
});

it('sends text as it is, and images before it', async () => {
  expect(await userMessage(prompt, [], 'u')).toMatchObject({ uuid: 'u', message: { content: 'look' } });
  const folder = makeTempFolder();
  onTestFinished(() => folder.remove());
  const jpeg = join(folder.path, 'image');
  writeFileSync(jpeg, Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
  expect(await userMessage(prompt, [jpeg], 'u')).toMatchObject({
    message: {
      content: [
        { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: '/9j/4A==' } },
        { type: 'text', text: 'look' },
      ],
    },
  });
  await expect(userMessage(prompt, ['/no/such/image'], 'u')).rejects.toThrow('ENOENT');
});

it('answers as claude wants it', () => {
  const input = { command: 'x' };
  const rules = [{ type: 'addRules', destination: 'localSettings' }];
  const permission = { kind: 'permission', toolUseId: 'u', input, rules } as const;
  expect(replyTo(permission, { decision: 'accept' })).toEqual({
    behavior: 'allow',
    updatedInput: input,
    toolUseID: 'u',
  });
  expect(replyTo(permission, { decision: 'acceptForSession' })).toMatchObject({
    updatedPermissions: [{ type: 'addRules', destination: 'session' }],
  });
  expect(replyTo(permission, { decision: 'decline' })).toMatchObject({ behavior: 'deny', toolUseID: 'u' });
  expect(replyTo(permission, { decision: 'cancel' })).toMatchObject({ behavior: 'deny', interrupt: true });
  const questions = [
    { question: 'Which?', header: 'h', options: [] },
    { question: 'How many?', header: 'h', options: [] },
  ];
  const form = { kind: 'answers', toolUseId: 'u', input, questions } as const;
  expect(replyTo({ ...form, questions }, { answers: { q1: ['red', 'blue'], q2: ['3'] } })).toMatchObject({
    behavior: 'allow',
    updatedInput: { command: 'x', answers: { 'Which?': 'red, blue', 'How many?': '3' } },
  });
});
