/** `threadchart answer`: a decision for an approval, or the text of an answer to a question. */
import { RuntimeError } from '../../machines/domain/error.ts';
import { decisionSchema, type RequestRow } from '../../machines/domain/request.ts';
import type { GivenCommand } from '../client/client.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export interface AnswerArguments {
  readonly threadId: string;
  readonly requestId: string;
  /** One decision, or one answer for each question in their order. */
  readonly answers: readonly string[];
}

export function answerCommand(
  { threadId, requestId, answers }: AnswerArguments,
  flags: ClientFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const { snapshot } = await client.call('orchestration.getThreadProjection', { threadId, limit: 1 });
    const request = snapshot.requests.find((each) => each.requestId === requestId);
    const answer = request?.body.kind === 'question' ? answersOf(request, answers) : decisionOf(answers);
    const command: GivenCommand = { type: 'request.respond', threadId, requestId, ...answer };
    const result = await client.dispatch(command);
    terminal.print(`answered ${requestId}`, result);
    return EXIT_CODES.ok;
  });
}

function decisionOf(answers: readonly string[]) {
  const decision = decisionSchema.safeParse(answers.length === 1 ? answers[0] : null);
  if (decision.success) return { decision: decision.data };
  throw new RuntimeError('INVALID_PARAMS', `expected one of ${decisionSchema.options.join(', ')}`);
}

function answersOf({ body }: RequestRow, answers: readonly string[]) {
  const questions = body.kind === 'question' ? body.questions : [];
  if (questions.length !== answers.length) {
    throw new RuntimeError('INVALID_PARAMS', `expected ${questions.length} answers, one for each question`);
  }
  return {
    answers: Object.fromEntries(
      questions.map(({ questionId }, index) => [questionId, [answers[index] ?? '']]),
    ),
  };
}
