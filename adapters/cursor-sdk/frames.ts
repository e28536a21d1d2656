/** Where the frames of a session's process go. */
import { byNative } from '../../machines/domain/input.ts';
import type { LoggedMessage } from '../shared/json-rpc-process.ts';
import { errorItem, outcomeOf, unrecognizedFrame } from './translate.ts';
import type { Session } from './sessions.ts';
import { endedSchema, updateNoticeSchema, type RunEnd } from './wire.ts';

export function takeNotification(session: Session, { method, params, rawRef }: LoggedMessage): void {
  const { transcript } = session;
  const update = method === 'update' ? updateNoticeSchema.safeParse(params).data : undefined;
  if (update !== undefined) {
    return session.reportAll(...transcript.take(update.update, { nativeTurnId: update.runId, rawRef }));
  }
  const ended = method === 'ended' ? endedSchema.safeParse(params).data : undefined;
  if (ended !== undefined) return endTurn(session, ended, rawRef);
  const { connectionId, turn } = session;
  const scope = { connectionId, turn: byNative(turn?.nativeTurnId ?? null), rawRef };
  session.report(unrecognizedFrame(method, params, scope));
}

function endTurn(
  session: Session,
  { runId: nativeTurnId, result }: { readonly runId: string; readonly result: RunEnd },
  rawRef: string,
): void {
  const { connectionId, transcript, turn } = session;
  const end = outcomeOf(result);
  session.reportAll(...transcript.end({ nativeTurnId, rawRef }, end.outcome));
  const ref = byNative(nativeTurnId);
  if (end.failure !== null) session.report(errorItem(end.failure, { connectionId, turn: ref, rawRef }));
  session.report({ type: 'provider.turnEnded', connectionId, ...ref, ...end });
  if (turn?.nativeTurnId === nativeTurnId) session.turn = null;
}
