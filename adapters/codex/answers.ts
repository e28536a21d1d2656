/** How the answer of a person gets to codex. */
import { refusalOf, replyTo } from './approvals.ts';
import { declineAnswer } from '../shared/decline.ts';
import type { EffectOf } from '../shared/effects.ts';
import type { Run } from './run.ts';

/** codex acknowledges an answer by `serverRequest/resolved`; until then the request is kept. */
export function answerRequest(run: Run, effect: EffectOf<'request.answer'>): void {
  const request = run.requests.get(effect.requestId);
  const isWritten =
    request !== null && run.server.respond(request.nativeId, replyTo(request.form, effect.answer));
  if (!isWritten) declineAnswer(run.host, effect);
}

export function refuseRequest(run: Run, { requestId }: EffectOf<'request.refuse'>): void {
  const request = run.requests.remove(requestId);
  if (request !== null) run.server.respond(request.nativeId, refusalOf(request.form));
}
