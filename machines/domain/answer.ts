/** Whether answers fit the questions that they are for. */
import { z } from 'zod';
import type { Answer, Question } from './request.ts';

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
