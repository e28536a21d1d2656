import { describe, expect, it } from 'vitest';
import { elicitationReply, elicited } from '../../../../adapters/codex/elicitation.ts';
import { elicitationSchema } from '../../../../adapters/codex/wire.ts';
import { answerGap } from '../../../../machines/domain/answer.ts';
import { requestBodySchema } from '../../../../machines/domain/request.ts';

const titled = [
  { const: 's', title: 'Small' },
  { const: 'l', title: 'Large' },
];
const PROPERTIES = {
  name: { type: 'string', title: 'Name', description: 'Who?', minLength: 2, maxLength: 9 },
  mail: { type: 'string', format: 'email' },
  age: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
  share: { type: 'number' },
  ok: { type: 'boolean', default: true },
  colour: { type: 'string', enum: ['r', 'g'], enumNames: ['Red', 'Green'] },
  plain: { type: 'string', enum: ['x', 'y'] },
  size: { type: 'string', oneOf: titled, default: 's' },
  tags: { type: 'array', minItems: 1, maxItems: 2, items: { anyOf: titled } },
  words: { type: 'array', items: { type: 'string', enum: ['x', 'y'] } },
};

const ask = (properties: object, more: object = {}) =>
  elicited(
    elicitationSchema.parse({
      threadId: 'n',
      turnId: null,
      serverName: 's',
      mode: 'form',
      message: 'Fill in',
      _meta: null,
      requestedSchema: { type: 'object', properties, required: ['name', 'tags'] },
      ...more,
    }),
  );

function form() {
  const asked = ask(PROPERTIES);
  const body = requestBodySchema.parse(asked?.body);
  if (asked === null || body.kind !== 'question') throw new Error('no questions were asked');
  return { ...asked, questions: body.questions };
}

describe('a form of an MCP server', () => {
  it('is asked field by field, with what each takes', () => {
    const { questions, decisions } = form();
    const choices = (...labels: string[]) => labels.map((label) => ({ label, description: '' }));
    expect(decisions).toEqual(['decline', 'cancel']);
    expect(questions).toEqual([
      {
        questionId: 'name',
        header: 'Name',
        question: 'Who?',
        options: [],
        allowsText: true,
        minAnswers: 1,
        maxAnswers: 1,
        minLength: 2,
        maxLength: 9,
      },
      expect.objectContaining({ questionId: 'mail', format: 'email', minAnswers: 0 }),
      expect.objectContaining({ format: 'integer', minimum: 1, maximum: 9, proposed: ['3'] }),
      expect.objectContaining({ questionId: 'share', header: 'share', format: 'number' }),
      expect.objectContaining({ options: choices('yes', 'no'), allowsText: false, proposed: ['yes'] }),
      expect.objectContaining({ questionId: 'colour', options: choices('Red', 'Green') }),
      expect.objectContaining({ questionId: 'plain', options: choices('x', 'y') }),
      expect.objectContaining({ options: choices('Small', 'Large'), proposed: ['Small'] }),
      expect.objectContaining({ questionId: 'tags', allowsText: false, minAnswers: 1, maxAnswers: 2 }),
      expect.objectContaining({ questionId: 'words', minAnswers: 0 }),
    ]);
    expect(questions.at(-1)).not.toHaveProperty('maxAnswers');
  });

  it('is answered with values of its types', () => {
    const { fields, questions } = form();
    const answers = {
      name: ['Bo'],
      mail: ['bo@example.org'],
      age: ['3'],
      share: ['0.5'],
      ok: ['no'],
      colour: ['Green'],
      plain: ['y'],
      size: ['Large'],
      tags: ['Small', 'Large'],
      words: ['x'],
    };
    expect(answerGap(questions, answers)).toBe(null);
    expect(elicitationReply(fields, { answers })).toEqual({
      action: 'accept',
      content: {
        name: 'Bo',
        mail: 'bo@example.org',
        age: 3,
        share: 0.5,
        ok: false,
        colour: 'g',
        plain: 'y',
        size: 'l',
        tags: ['s', 'l'],
        words: ['x'],
      },
      _meta: null,
    });
  });

  it('leaves out what was not answered', () => {
    const { fields } = form();
    const answers = { name: ['Bo'], tags: ['Small'], age: [], words: [] };
    expect(elicitationReply(fields, { answers })).toEqual({
      action: 'accept',
      content: { name: 'Bo', tags: ['s'] },
      _meta: null,
    });
  });

  it('may be declined or cancelled', () => {
    const { fields } = form();
    for (const decision of ['decline', 'cancel'] as const) {
      expect(elicitationReply(fields, { decision })).toEqual({
        action: decision,
        content: null,
        _meta: null,
      });
    }
  });

  it('is not asked where a field is of a kind that nobody could fill in', () => {
    expect(ask({ deep: { type: 'object', properties: {} } })).toBe(null);
    expect(ask(PROPERTIES, { mode: 'openai/userVerification' })).toBe(null);
    expect(ask(PROPERTIES, { mode: 'openaiForm' })?.body.kind).toBe('question');
  });

  it('is a page to visit in the other mode', () => {
    const asked = ask({}, { mode: 'url', url: 'https://example.org', requestedSchema: undefined });
    expect(asked).toEqual({
      body: { kind: 'tool', tool: 'elicitation', server: 's', url: 'https://example.org' },
      decisions: ['accept', 'decline', 'cancel'],
      fields: {},
    });
    expect(elicitationReply({}, { decision: 'accept' })).toMatchObject({ action: 'accept', content: null });
  });
});
