/** How the answer of a person gets to the agent. */
import { declineAnswer } from '../shared/decline.ts';
import type { EffectOf } from '../shared/effects.ts';
import { cancelTurn, sendAnswer } from './cancelling.ts';
import type { Run } from './run.ts';

/** Agents do not say that they have an answer: it counts as delivered when it is written. */
export function answerRequest(run: Run, effect: EffectOf<'request.answer'>): void {
  const { connectionId, requestId, answer } = effect;
  const session = run.sessions.of(connectionId);
  const request = session?.requests.remove(requestId) ?? null;
  if (session === null || request === null) return declineAnswer(run.host, effect);
  sendAnswer(session, request, effect);
  session.report({ type: 'provider.requestResolved', connectionId, requestId, owner: 'turn' });
  // the protocol knows no answer that ends the turn
  if ('decision' in answer && answer.decision === 'cancel') cancelTurn(session);
}

export function refuseRequest(run: Run, { connectionId, requestId }: EffectOf<'request.refuse'>): void {
  const session = run.sessions.of(connectionId);
  const request = session?.requests.remove(requestId) ?? null;
  if (session !== null && request !== null) sendAnswer(session, request, { answer: { decision: 'decline' } });
}
