/** How the answer of a person gets to opencode. */
import { z } from 'zod';
import type { Answer } from '../../machines/domain/request.ts';
import { declineAnswer } from '../shared/decline.ts';
import type { EffectOf } from '../shared/effects.ts';
import { answersIn, DECLINED, type OpenRequest } from './approvals.ts';
import { isClosed } from './failures.ts';
import { answerTo, dismiss, replyTo, type Call } from './requests.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';

const TIMEOUT_MS = 10_000;

/** opencode acknowledges an answer twice; the first word counts. */
export async function answerRequest(run: Run, effect: EffectOf<'request.answer'>): Promise<void> {
  const { requestId, connectionId, answer } = effect;
  const session = run.sessions.of(connectionId);
  const request = session?.requests.get(requestId);
  if (session === null || request === undefined) return declineAnswer(run.host, effect);
  if ('decision' in answer && answer.decision === 'acceptForSession') {
    session.grants = [...session.grants, ...request.grants];
  }
  try {
    await run.server.ask({
      ...callFor(request, session, answer),
      answer: z.unknown(),
      timeoutMs: TIMEOUT_MS,
    });
    run.resolve(session, requestId);
  } catch (error) {
    if (isClosed(error)) return;
    session.requests.delete(requestId);
    declineAnswer(run.host, effect);
  }
}

export async function refuseRequest(
  run: Run,
  { requestId, connectionId }: EffectOf<'request.refuse'>,
): Promise<void> {
  const session = run.sessions.of(connectionId);
  const request = session?.requests.get(requestId);
  if (session === null || request === undefined) return;
  session.requests.delete(requestId);
  await refuse(run, session, request);
}

/** Says no to what nobody answers any more. Never rejects. */
export async function refuse(
  run: Run,
  { directory }: Pick<Session, 'directory'>,
  request: OpenRequest,
): Promise<void> {
  const { kind, nativeId } = request;
  const call =
    kind === 'question'
      ? dismiss(nativeId, directory)
      : replyTo(nativeId, directory, { reply: 'reject', message: DECLINED });
  await run.server.ask({ ...call, answer: z.unknown(), timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    if (!isClosed(error))
      run.host.warn('a request of opencode could not be refused', { error: String(error) });
  });
}

function callFor(request: OpenRequest, { directory }: Session, answer: Answer): Call {
  const { kind, nativeId } = request;
  if (kind === 'question') {
    return 'answers' in answer
      ? answerTo(nativeId, directory, answersIn(request, answer))
      : dismiss(nativeId, directory);
  }
  const decision = 'decision' in answer ? answer.decision : 'decline';
  // opencode's own `always` would count for all sessions of the folder
  if (decision === 'accept' || decision === 'acceptForSession')
    return replyTo(nativeId, directory, { reply: 'once' });
  const message = decision === 'decline' ? { message: DECLINED } : {};
  return replyTo(nativeId, directory, { reply: 'reject', ...message });
}
