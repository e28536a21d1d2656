/** How a connection that is a process is closed and killed. */
import type { Failure } from '../../machines/domain/error.ts';
import { threadIdOf, type ConnectionId } from '../../machines/domain/ids.ts';
import type { AnySession, SessionsRun } from './process-sessions.ts';
import { failureOfRequest } from './request-failures.ts';

export async function closeConnection<S extends AnySession>(
  run: SessionsRun<S>,
  connectionId: ConnectionId,
): Promise<void> {
  const session = run.sessions.of(connectionId);
  const closed = { type: 'connection.closed', connectionId } as const;
  if (session === null) return run.host.report(threadIdOf(connectionId), closed);
  session.phase = 'closing';
  try {
    if (session.hasProcess) await run.sessions.end(session, false);
    session.leaveCarried(null);
    session.report(closed);
    run.sessions.remove(session);
  } catch (error) {
    session.report({
      type: 'connection.closeFailed',
      connectionId,
      failure: failureOfRequest('CLOSE_FAILED', error),
    });
  }
}

/** Nothing more is reported; what still runs is ended behind the scenes. */
export function killConnection<S extends AnySession>(run: SessionsRun<S>, connectionId: ConnectionId): void {
  const session = run.sessions.of(connectionId);
  if (session !== null) drop(run, session);
}

/** Takes a session out, and ends its process if it has one. */
export function drop<S extends AnySession>(run: SessionsRun<S>, session: S): void {
  session.leaveCarried(null);
  run.sessions.remove(session);
  if (session.hasProcess) letGo(run, session);
}

export function letGo<S extends AnySession>(run: SessionsRun<S>, session: S): void {
  run.sessions
    .end(session, true)
    .catch((error: unknown) =>
      run.host.warn('a process of an agent could not be ended', { error: String(error) }),
    );
}

export function reportOpenFailed(session: AnySession, cause: Failure): void {
  session.report({ type: 'connection.openFailed', connectionId: session.connectionId, failure: cause });
}

/** What the end of a process means for its connection. */
export interface Ending {
  readonly lost: Failure;
  /** Where it was not open yet. */
  readonly unopened: Failure;
}

/** Nothing is said of an end that was asked for; it is over when everything of it is gone. */
export function takeExit<S extends AnySession>(
  run: SessionsRun<S>,
  session: S,
  { lost, unopened }: Ending,
): void {
  if (session.phase === 'gone' || session.phase === 'closing') return;
  const { connectionId, phase } = session;
  session.leaveCarried(lost);
  if (phase === 'open') session.report({ type: 'connection.lost', connectionId, failure: lost });
  else reportOpenFailed(session, unopened);
  run.sessions.remove(session);
  letGo(run, session);
}
