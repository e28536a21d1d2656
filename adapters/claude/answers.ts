/** How the answer of a person gets to claude. */
import type { ConnectionId } from '../../machines/domain/ids.ts';
import type { Answer } from '../../machines/domain/request.ts';
import { declineAnswer } from '../shared/decline.ts';
import type { EffectOf } from '../shared/effects.ts';
import { isClosed } from '../shared/request-failures.ts';
import { stop } from './agent-turns.ts';
import type { Agent, Speaker } from './agents.ts';
import { replyTo } from './approvals.ts';
import type { OpenRequest } from './open-requests.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';

/** Claude does not say that it has an answer: it counts as delivered when it is written. */
export function answerRequest(run: Run, effect: EffectOf<'request.answer'>): void {
  const { connectionId, requestId } = effect;
  const asking = askingOn(run, connectionId);
  const request = asking?.speaker.requests.remove(requestId) ?? null;
  if (asking === null || request === null) return declineAnswer(run.host, effect);
  sendAnswer(run, asking, { request, answer: effect.answer });
  asking.speaker.report({ type: 'provider.requestResolved', connectionId, requestId, owner: 'turn' });
}

export function refuseRequest(run: Run, { connectionId, requestId }: EffectOf<'request.refuse'>): void {
  const asking = askingOn(run, connectionId);
  const request = asking?.speaker.requests.remove(requestId) ?? null;
  if (asking !== null && request !== null) {
    sendAnswer(run, asking, { request, answer: { decision: 'decline' } });
  }
}

interface Asking {
  readonly session: Session;
  readonly speaker: Speaker;
  /** Set where the speaker is one. */
  readonly agent: Agent | null;
}

function askingOn(run: Run, connectionId: ConnectionId): Asking | null {
  const session = run.sessions.of(connectionId);
  if (session !== null) return { session, speaker: session, agent: null };
  const found = run.agentOn(connectionId);
  return found === null ? null : { ...found, speaker: found.agent };
}

interface Sent {
  readonly request: OpenRequest;
  readonly answer: Answer;
}

/** An answer that ends the turn of a sub-agent ends nothing of what began it. */
function sendAnswer(run: Run, { session, speaker, agent }: Asking, { request, answer }: Sent): void {
  const { nativeId, toolUseId, form } = request;
  const isCancel = 'decision' in answer && answer.decision === 'cancel';
  const isNo = isCancel || ('decision' in answer && answer.decision === 'decline');
  if (isNo) speaker.transcript.declined(toolUseId);
  const isOfAgent = isCancel && agent !== null;
  session.process.answer(nativeId, replyTo(form, isOfAgent ? { decision: 'decline' } : answer));
  if (!isOfAgent) return;
  stop({ session, agent }).catch((error: unknown) => {
    if (!isClosed(error)) run.host.warn('a sub-agent of claude could not be ended', { error: String(error) });
  });
}
