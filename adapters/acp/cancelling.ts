/** How a turn is told to stop, and what it asked is settled. */
import { requestIdOf } from '../../machines/domain/ids.ts';
import type { Answer } from '../../machines/domain/request.ts';
import { replyTo, type OpenRequest } from './approvals.ts';
import type { Session } from './sessions.ts';

/** The agent has to answer the prompt then; what it asks is no longer for anybody to answer. */
export function cancelTurn(session: Session): void {
  const { turn, process, transcript } = session;
  if (turn === null) return;
  turn.isCancelled = true;
  // not handed over yet: that follows when it is
  if (transcript.turn.nativeTurnId !== turn.nativeTurnId) return;
  transcript.interrupted();
  process.notify('session/cancel', { sessionId: session.calledId });
  settleRequests(session);
}

/** Nobody answers any more what is still open; the agent waits for a word all the same. */
export function settleRequests(session: Session): void {
  const { connectionId } = session;
  session.requests.removeWhere((request) => {
    session.process.respond(request.nativeId, replyTo(request.form, { decision: 'cancel' }));
    const requestId = requestIdOf(connectionId, String(request.nativeId));
    session.report({ type: 'provider.requestResolved', connectionId, requestId, owner: 'turn' });
    return true;
  });
}

/** `kept`: what logs may have of it. */
export function sendAnswer(
  { transcript, process }: Session,
  { nativeId, form }: OpenRequest,
  { answer, kept = answer }: { readonly answer: Answer; readonly kept?: Answer },
): void {
  const isNo = 'decision' in answer && (answer.decision === 'decline' || answer.decision === 'cancel');
  if (isNo && form.kind === 'permission') transcript.declined(form.toolCallId);
  process.respond(nativeId, replyTo(form, answer), replyTo(form, kept));
}
