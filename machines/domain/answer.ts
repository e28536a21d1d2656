/** Whether answers fit the questions that they are for, and what is kept of them. */
import { z } from 'zod';
import { WITHHELD, type Answer, type Question, type RequestBody } from './request.ts';

type Answers = Extract<Answer, { answers: unknown }>['answers'];

/** The first question whose answer does not fit, and what it would need; `null`: all fit. */
export function answerGap(
  questions: readonly Question[],
  answers: Answers,
): { readonly questionId: string; readonly why: string } | null {
  for (const question of questions) {
    const { questionId } = question;
    const why = gapOf(question, answers[questionId] ?? []);
    if (why !== null) return { questionId, why };
  }
  return null;
}

/** The answer as it is kept and shown; the same one where nothing in it is secret. */
export function keptAnswer(body: RequestBody, answer: Answer): Answer {
  if (body.kind !== 'question' || !('answers' in answer)) return answer;
  const secrets = new Set(
    body.questions.flatMap(({ secret, questionId }) => (secret === true ? [questionId] : [])),
  );
  return Object.keys(answer.answers).some((id) => secrets.has(id))
    ? withheld(answer, (id) => secrets.has(id))
    : answer;
}

/** Without what was typed, for the questions that are named. */
export const withheld = (
  { answers }: { readonly answers: Answers },
  isSecret: (questionId: string) => boolean,
): { readonly answers: Answers } => ({
  answers: Object.fromEntries(
    Object.entries(answers).map(([id, texts]) => [id, isSecret(id) ? texts.map(() => WITHHELD) : texts]),
  ),
});

function gapOf(question: Question, texts: readonly string[]): string | null {
  const { minAnswers = 0, maxAnswers = Infinity } = question;
  if (texts.length < minAnswers) return `at least ${minAnswers} answers are needed`;
  if (texts.length > maxAnswers) return `at most ${maxAnswers} answers are taken`;
  for (const text of texts) {
    const gap = optionGap(question, text) ?? formatGap(question, text) ?? boundGap(question, text);
    if (gap !== null) return gap;
  }
  return null;
}

function optionGap({ options, allowsText }: Question, text: string): string | null {
  if (allowsText || options.length === 0 || options.some(({ label }) => label === text)) return null;
  return 'it is none of the options';
}

const FORMATS = {
  number: z.string().trim().min(1).transform(Number).pipe(z.number()),
  integer: z.string().trim().min(1).transform(Number).pipe(z.int()),
  email: z.email(),
  uri: z.url(),
  date: z.iso.date(),
  'date-time': z.iso.datetime({ offset: true }),
} as const;

function formatGap({ format }: Question, text: string): string | null {
  return format === undefined || FORMATS[format].safeParse(text).success ? null : `it is no ${format}`;
}

function boundGap(question: Question, text: string): string | null {
  const { minimum = -Infinity, maximum = Infinity, minLength = 0, maxLength = Infinity } = question;
  const isNumber = question.format === 'number' || question.format === 'integer';
  if (isNumber && (Number(text) < minimum || Number(text) > maximum))
    return `it is not within ${minimum} and ${maximum}`;
  const { length } = text;
  return length < minLength || length > maxLength
    ? `it has not ${minLength} to ${maxLength} characters`
    : null;
}
