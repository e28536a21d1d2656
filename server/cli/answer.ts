/** `threadchart answer`: a decision for an approval, or the text of an answer to a question. */
import { RuntimeError } from '../../machines/domain/error.ts';
import { decisionSchema, type RequestRow } from '../../machines/domain/request.ts';
import type { Client, GivenCommand } from '../client/client.ts';
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
    terminal.wait(`the answer is on its way to ${snapshot.thread.instanceId}`);
    await arrived(client, threadId, requestId);
    terminal.wait(null);
    terminal.print(`answered ${requestId}`, result);
    return EXIT_CODES.ok;
  });
}

/** @throws {RuntimeError} ANSWER_UNDELIVERED, or REQUEST_CLOSED when the turn ended before it arrived */
async function arrived(client: Client, threadId: string, requestId: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const following = client.subscribeThread(threadId, {
    deltas: false,
    onError: reject,
    onView: ({ requests }) => {
      const request = [...requests.values()].find((each) => each.requestId === requestId);
      // one that is closed is in no snapshot
      if (request === undefined) resolve();
      else settle(request, resolve, reject);
    },
  });
  await promise.finally(() => following.end());
}

function settle(request: RequestRow, resolve: () => void, reject: (error: RuntimeError) => void): void {
  const { status, outcome, failure, requestId } = request;
  if (status === 'undeliverable') {
    const why = failure?.message ?? 'the provider did not take it';
    reject(new RuntimeError('ANSWER_UNDELIVERED', `the answer to ${requestId} did not arrive: ${why}`));
  } else if (status === 'closed' && outcome === 'expired') {
    reject(new RuntimeError('REQUEST_CLOSED', `the turn ended before the answer to ${requestId} arrived`));
  } else if (status === 'closed') {
    resolve();
  }
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
