/** Sub-agents as threads of their own: sessions that the connection of another session carries. */
import { failure, type Failure } from '../../machines/domain/error.ts';
import { carriedConnectionIdOf, childThreadIdOf } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import { TITLE_LENGTH } from '../../machines/domain/item.ts';
import { CHILD_LIMIT } from '../../machines/ports/provider.ts';
import { agentReports, type FoundAgent } from './agents.ts';
import { CAPABILITIES, ONLY_INTERRUPTED } from './capabilities.ts';
import type { Run } from './run.ts';
import type { Route, Session } from './sessions.ts';
import * as wire from './wire.ts';
import type { CodexTurn, Frame } from './wire.ts';

/** A frame tells of a sub-agent: its own frames are taken from now on. One that has a connection of its own keeps that. */
export function takeAgent(run: Run, { session, agent }: Route, found: FoundAgent): void {
  const { nativeThreadId, model: _, isReachable: __, ...place } = found;
  const isNew = agent === null && run.sessions.route(nativeThreadId) === null;
  if (isNew && run.sessions.carriedBy(rootOf(session)).length < CHILD_LIMIT) adopt(run, session, found);
  else run.sessions.adopt(nativeThreadId, { session, agent: place });
}

function adopt(run: Run, parent: Session, found: FoundAgent): void {
  const { nativeThreadId, model, isReachable, ...place } = found;
  const threadId = childThreadIdOf(rootOf(parent).threadId, nativeThreadId);
  const connectionId = carriedConnectionIdOf(parent.connectionId, threadId);
  const { begun } = place;
  const body = begun?.body.kind === 'subagent' ? { ...begun.body, threadId } : null;
  run.sessions.add({
    ...parent,
    connectionId,
    threadId,
    nativeThreadId,
    model: model ?? parent.model,
    effort: null,
    asked: null,
    reviewTurnId: null,
    interrupted: null,
    compacting: null,
    parent: { session: parent, place: { ...place, begun: begun && body && { ...begun, body } } },
  });
  run.report(parent, {
    type: 'provider.agentStarted',
    connectionId: parent.connectionId,
    ...byNative(place.nativeTurnId),
    itemId: place.itemId,
    title: (body?.title ?? '').slice(0, TITLE_LENGTH),
    child: {
      threadId,
      connectionId,
      nativeThreadId: isReachable ? nativeThreadId : null,
      capabilities: isReachable ? CAPABILITIES : ONLY_INTERRUPTED,
      model,
    },
  });
}

/** The session that has the connection of its own. */
const rootOf = (session: Session): Session =>
  session.parent === null ? session : rootOf(session.parent.session);

/** A sub-agent begins or ends a turn: its item in the thread that has begun it says so. */
export function tellParent(run: Run, { parent }: Session, { method, params, rawRef }: Told): void {
  if (parent === null) return;
  const turn = turnIn(method, params);
  if (turn === null) return;
  const { session, place: agent } = parent;
  const { connectionId } = session;
  for (const report of agentReports({ connectionId, rawRef, agent }, turn)) run.report(session, report);
}
type Told = Frame & { readonly rawRef: string };

function turnIn(method: string, params: unknown): CodexTurn | null {
  if (method !== 'turn/started' && method !== 'turn/completed') return null;
  const { data } = wire.turnNoticeSchema.safeParse(params);
  if (data === undefined) return null;
  if (method === 'turn/started') return { ...data.turn, status: 'inProgress' };
  return data.turn.status === 'inProgress' ? { ...data.turn, status: 'interrupted' } : data.turn;
}

/** Nothing carries them any more; `lost`: why, where nobody asked for that. */
export function letChildrenGo(run: Run, session: Session, lost: Failure | null = null): void {
  for (const child of run.sessions.carriedBy(session)) sayGone(run, child, lost);
}

/** codex is done with the thread, or it was to be let go: it can be taken up again. */
export function sayGone(run: Run, session: Session, lost: Failure | null): void {
  const { connectionId } = session;
  run.report(
    session,
    lost === null
      ? { type: 'connection.closed', connectionId }
      : { type: 'connection.lost', connectionId, failure: lost },
  );
  run.forget(connectionId);
}

export const unloaded = (nativeThreadId: string): Failure =>
  failure('CONNECTION_LOST', `codex has unloaded the thread ${nativeThreadId}`);
