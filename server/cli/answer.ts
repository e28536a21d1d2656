/** `threadchart answer`: a decision for an approval, or the text of an answer to a question. */
import { RuntimeError, type Failure } from '../../machines/domain/error.ts';
import { decisionSchema, type RequestBody } from '../../machines/domain/request.ts';
import type { GivenCommand } from '../client/client.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { WholeEvents, type WholeEventsOptions } from './whole-events.ts';

type Asked = Extract<RequestBody, { kind: 'question' }>;

export interface AnswerArguments {
  readonly threadId: string;
  readonly requestId: string;
  /** One decision, or one answer for each question in their order; `-`: the next line of stdin. */
  readonly answers: readonly string[];
}

export function answerCommand(
  { threadId, requestId, answers }: AnswerArguments,
  flags: ClientFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const read = await client.call('orchestration.getThreadProjection', { threadId, limit: 1 });
    const { snapshot, version } = read;
    const request = snapshot.requests.find((each) => each.requestId === requestId);
    const answer =
      request?.body.kind === 'question'
        ? await answersOf(request.body, answers, terminal)
        : decisionOf(answers);
    const command: GivenCommand = { type: 'request.respond', threadId, requestId, ...answer };
    const result = await client.dispatch(command);
    terminal.wait(`the answer is on its way to ${snapshot.thread.instanceId}`);
    await arrived({ client, threadId, after: version }, requestId);
    terminal.wait(null);
    terminal.print(`answered ${requestId}`, result);
    return EXIT_CODES.ok;
  });
}

/** @throws {RuntimeError} ANSWER_UNDELIVERED, or REQUEST_CLOSED when the turn ended before it arrived */
async function arrived(where: WholeEventsOptions, requestId: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const events = new WholeEvents(
    { ...where, deltas: false },
    {
      onError: reject,
      onEvent: ({ fact }) => {
        if (!('requestId' in fact) || fact.requestId !== requestId) return;
        if (fact.type === 'request.undeliverable') reject(undelivered(requestId, fact.failure));
        else if (fact.type !== 'request.closed') return;
        else if (fact.outcome === 'expired') reject(tooLate(requestId));
        else resolve();
      },
    },
  );
  await promise.finally(() => events.end());
}

const undelivered = (requestId: string, { message }: Failure): RuntimeError =>
  new RuntimeError('ANSWER_UNDELIVERED', `the answer to ${requestId} did not arrive: ${message}`);

const tooLate = (requestId: string): RuntimeError =>
  new RuntimeError('REQUEST_CLOSED', `the turn ended before the answer to ${requestId} arrived`);

function decisionOf(answers: readonly string[]) {
  const decision = decisionSchema.safeParse(answers.length === 1 ? answers[0] : null);
  if (decision.success) return { decision: decision.data };
  throw new RuntimeError('INVALID_PARAMS', `expected one of ${decisionSchema.options.join(', ')}`);
}

/** What is typed is in no list of processes and in no history of a shell. */
async function answersOf({ questions }: Asked, given: readonly string[], terminal: Terminal) {
  if (questions.length !== given.length) {
    throw new RuntimeError('INVALID_PARAMS', `expected ${questions.length} answers, one for each question`);
  }
  const answers: Record<string, string[]> = {};
  for (const [index, { questionId, header, secret }] of questions.entries()) {
    const text = given[index] ?? '';
    answers[questionId] = [
      text === '-' ? await lineOf(terminal, `${header || questionId}: `, secret === true) : text,
    ];
  }
  return { answers };
}

/** @throws {RuntimeError} INVALID_PARAMS when there is none */
async function lineOf(terminal: Terminal, question: string, isSecret: boolean): Promise<string> {
  const line = await terminal.ask(question, new AbortController().signal, isSecret);
  if (line !== null) return line;
  throw new RuntimeError('INVALID_PARAMS', 'stdin has ended before all answers were read');
}
