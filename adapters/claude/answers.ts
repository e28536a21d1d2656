/** How the answer of a person gets to claude. */
import type { Answer } from '../../machines/domain/request.ts';
import { declineAnswer } from '../shared/decline.ts';
import type { EffectOf } from '../shared/effects.ts';
import { replyTo } from './approvals.ts';
import type { OpenRequest } from './open-requests.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';

/** Claude does not say that it has an answer: it counts as delivered when it is written. */
export function answerRequest(run: Run, effect: EffectOf<'request.answer'>): void {
  const { connectionId, requestId } = effect;
  const session = run.sessions.of(connectionId);
  const request = session?.requests.remove(requestId) ?? null;
  if (session === null || request === null) return declineAnswer(run.host, effect);
  sendAnswer(session, request, effect.answer);
  session.report({ type: 'provider.requestResolved', connectionId, requestId, owner: 'turn' });
}

export function refuseRequest(run: Run, { connectionId, requestId }: EffectOf<'request.refuse'>): void {
  const session = run.sessions.of(connectionId);
  const request = session?.requests.remove(requestId) ?? null;
  if (session !== null && request !== null) sendAnswer(session, request, { decision: 'decline' });
}

function sendAnswer(session: Session, { nativeId, toolUseId, form }: OpenRequest, answer: Answer): void {
  const isNo = 'decision' in answer && (answer.decision === 'decline' || answer.decision === 'cancel');
  if (isNo) session.transcript.declined(toolUseId);
  session.process.answer(nativeId, replyTo(form, answer));
}
