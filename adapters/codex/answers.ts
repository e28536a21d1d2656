/** How the answer of a person gets to codex. */
import { refusalOf, replyTo } from './approvals.ts';
import { declineAnswer } from '../shared/decline.ts';
import type { EffectOf } from '../shared/effects.ts';
import type { Run } from './run.ts';

/** codex acknowledges an answer by `serverRequest/resolved`; until then the request is kept. */
export function answerRequest(run: Run, effect: EffectOf<'request.answer'>): void {
  const { answer, kept = answer } = effect;
  const request = run.requests.get(effect.requestId);
  if (request === null) return declineAnswer(run.host, effect);
  const { nativeId, form } = request;
  const isWritten = run.server.respond(nativeId, replyTo(form, answer), replyTo(form, kept));
  if (!isWritten) declineAnswer(run.host, effect);
}

export function refuseRequest(run: Run, { requestId }: EffectOf<'request.refuse'>): void {
  const request = run.requests.remove(requestId);
  if (request !== null) run.server.respond(request.nativeId, refusalOf(request.form));
}
