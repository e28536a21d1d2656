import type { Session } from './sessions.ts';
import * as wire from './wire.ts';
import type { Frame } from './wire.ts';

/**
 * codex 0.169.0 begins a review under another turn id than it says everything else of it, its end too. `true`: the frame
 * is that other beginning, which must not become a turn of its own: nothing would end it.
 */
export function isOtherStart(session: Pick<Session, 'reviewTurnId'>, { method, params }: Frame): boolean {
  if (method === 'item/started') {
    const { data } = wire.itemNoticeSchema.safeParse(params);
    if (data?.item.type === 'enteredReviewMode') session.reviewTurnId = data.turnId;
    return false;
  }
  if (session.reviewTurnId === null) return false;
  const { data } = wire.turnNoticeSchema.safeParse(params);
  if (method === 'turn/completed' && data?.turn.id === session.reviewTurnId) session.reviewTurnId = null;
  return method === 'turn/started' && data?.turn.rootTurnId === session.reviewTurnId;
}
