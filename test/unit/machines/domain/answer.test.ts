import { describe, expect, it } from 'vitest';
import { answerGap, keptAnswer } from '../../../../machines/domain/answer.ts';
import { questionSchema } from '../../../../machines/domain/request.ts';

function gap(question: object, ...texts: string[]): string | null {
  const asked = { questionId: 'q', header: '', question: '', options: [], ...question };
  return answerGap([questionSchema.parse(asked)], texts.length === 0 ? {} : { q: texts })?.why ?? null;
}
const options = [{ label: 'red' }, { label: 'blue' }];

it.each([
  ['a text to a question without bounds', {}, ['anything']],
  ['no answer', {}, []],
  ['several answers', {}, ['a', 'b', 'c']],
  ['an option', { options, allowsText: false }, ['blue']],
  ['a text beside options', { options }, ['green']],
  ['a number', { format: 'number', minimum: 0, maximum: 1 }, ['0.5']],
  ['an integer', { format: 'integer' }, ['-7']],
  ['an address', { format: 'email' }, ['a@example.org']],
  ['a link', { format: 'uri' }, ['https://example.org/x']],
  ['a day', { format: 'date' }, ['2026-02-28']],
  ['a time', { format: 'date-time' }, ['2026-02-28T10:00:00+01:00']],
])('takes %s', (_, question, texts) => {
  expect(gap(question, ...texts)).toBe(null);
});

it.each([
  ['too few', { minAnswers: 1 }, [], 'at least 1 answers are needed'],
  ['too many', { maxAnswers: 1 }, ['a', 'b'], 'at most 1 answers are taken'],
  ['none of the options', { options, allowsText: false }, ['green'], 'it is none of the options'],
  ['no number', { format: 'number' }, ['much'], 'it is no number'],
  ['nothing for a number', { format: 'number' }, [' '], 'it is no number'],
  ['a fraction', { format: 'integer' }, ['1.5'], 'it is no integer'],
  ['no address', { format: 'email' }, ['a'], 'it is no email'],
  ['no link', { format: 'uri' }, ['somewhere'], 'it is no uri'],
  ['a day that is not', { format: 'date' }, ['2026-02-30'], 'it is no date'],
  ['no time', { format: 'date-time' }, ['soon'], 'it is no date-time'],
  ['too small', { format: 'number', minimum: 2 }, ['1'], 'it is not within 2 and Infinity'],
  ['too large', { format: 'integer', maximum: 2 }, ['3'], 'it is not within -Infinity and 2'],
  ['too short', { minLength: 2 }, ['a'], 'it has not 2 to Infinity characters'],
  ['too long', { maxLength: 2 }, ['abc'], 'it has not 0 to 2 characters'],
] as const)('does not take %s', (...[, question, texts, why]) => {
  expect(gap(question, ...texts)).toBe(why);
});

it('names the first question that is not answered as it should be', () => {
  const question = (questionId: string) =>
    questionSchema.parse({ questionId, header: '', question: '', options: [], format: 'number' });
  const questions = [question('a'), question('b')];
  expect(answerGap(questions, { a: ['1'], b: ['x'] })).toEqual({ questionId: 'b', why: 'it is no number' });
});

describe('what is kept of an answer', () => {
  const question = (questionId: string, more: object = {}) =>
    questionSchema.parse({ questionId, header: '', question: '', options: [], ...more });
  const body = {
    kind: 'question',
    questions: [question('open'), question('hidden', { secret: true })],
  } as const;

  it('is everything but what was typed in secret', () => {
    const answer = { answers: { open: ['a', 'b'], hidden: ['c', 'd'] } };
    expect(keptAnswer({ ...body, questions: [...body.questions] }, answer)).toEqual({
      answers: { open: ['a', 'b'], hidden: ['[secret]', '[secret]'] },
    });
  });

  it.each([{ answers: { open: ['a'] } }, { answers: {} }, { decision: 'cancel' as const }])(
    'is the answer itself where nothing is secret: %j',
    (answer) => {
      expect(keptAnswer({ ...body, questions: [...body.questions] }, answer)).toBe(answer);
      expect(keptAnswer({ kind: 'command', command: 'ls' }, answer)).toBe(answer);
    },
  );
});
