/** What was not heard is asked for, and told as if it had been heard. Nothing is changed by it. */
import { requestIdOf } from '../../machines/domain/ids.ts';
import { isClosed } from './failures.ts';
import { ended } from './endings.ts';
import { takeEvent } from './frames.ts';
import { listPermissions, listQuestions, readMessages, readStatuses, type Place } from './requests.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';
import { SILENCE_MS } from './silence.ts';
import * as wire from './wire.ts';
import type { Frame } from './wire.ts';

const TIMEOUT_MS = 5_000;
/** A turn has a message per step. */
const MOST_MESSAGES = 100;

/** Events were lost: of every session with a turn. Never rejects. */
export async function catchUpAll(run: Run): Promise<void> {
  const running = run.sessions.all.filter(({ talk }) => talk.turn !== null);
  await Promise.all(running.map((session) => catchUp(run, session, session.talk.turn?.isStarted ?? false)));
  // sub-agents that only this has told of, too
  const awaited = run.sessions.all.filter(({ isAwaited }) => isAwaited);
  await Promise.all(awaited.map((session) => catchUp(run, session, true)));
}

/**
 * Looks how a session stands whose turn should not be silent. opencode 1.18.33 has a journal of its events for this
 * (`/sync/history`), but gives out that of all sessions that one does not name, of other people's too. `mayEnd`:
 * something must have run by now. Never rejects.
 */
export async function catchUp(run: Run, session: Session, mayEnd: boolean): Promise<void> {
  try {
    const isIdle = await readState(run, session);
    await readRequests(run, session);
    if (isIdle && mayEnd) finish(run, session);
    if (session.talk.turn !== null) session.silence.watch(SILENCE_MS);
  } catch (error) {
    if (!isClosed(error))
      run.host.warn('opencode did not say how a session stands', { error: String(error) });
  }
}

/** The state first: of a session that was idle by then the messages are final. */
async function readState(run: Run, session: Session): Promise<boolean> {
  const statuses = await run.server.ask({
    ...readStatuses(session),
    answer: wire.statusesSchema,
    timeoutMs: TIMEOUT_MS,
  });
  const { directory, nativeThreadId } = session;
  const places = [nativeThreadId, ...run.sessions.agentsOf(session)];
  for (const id of places) await readSession(run, session, { nativeThreadId: id, directory });
  return statuses[nativeThreadId] === undefined;
}

async function readSession(run: Run, session: Session, place: Place): Promise<void> {
  const { nativeThreadId: sessionID } = place;
  const messages = await run.server.ask({
    ...readMessages(place, MOST_MESSAGES),
    answer: wire.messagesSchema,
    timeoutMs: TIMEOUT_MS,
  });
  const { talk, isAwaited } = session;
  const since = talk.turn?.nativeTurnId ?? (isAwaited ? talk.newestId : undefined);
  if (since === undefined) return;
  for (const { info, parts } of messages.filter((message) => message.info.id >= since)) {
    hear(run, { type: 'message.updated', properties: { sessionID, info } });
    for (const part of parts) hear(run, { type: 'message.part.updated', properties: { sessionID, part } });
  }
}

async function readRequests(run: Run, session: Session): Promise<void> {
  const [permissions, questions] = await Promise.all([
    run.server.ask({ ...listPermissions(session), answer: wire.permissionsSchema, timeoutMs: TIMEOUT_MS }),
    run.server.ask({ ...listQuestions(session), answer: wire.questionsSchema, timeoutMs: TIMEOUT_MS }),
  ]);
  if (session.talk.turn === null) return;
  for (const properties of permissions) hearOf(run, session, { type: 'permission.asked', properties });
  for (const properties of questions) hearOf(run, session, { type: 'question.asked', properties });
  const { connectionId } = session;
  const waiting = new Set([...permissions, ...questions].map(({ id }) => requestIdOf(connectionId, id)));
  for (const requestId of session.requests.keys()) {
    if (!waiting.has(requestId)) run.resolve(session, requestId);
  }
}

/** Nothing runs: if the messages do not end the turn, nothing will. */
function finish(run: Run, session: Session): void {
  const { nativeThreadId: sessionID, talk, connectionId } = session;
  hear(run, { type: 'session.idle', properties: { sessionID } });
  const { turn } = talk;
  if (turn === null || !turn.isAccepted) return;
  const scope = { connectionId, rawRef: run.server.rawRef, talk, agent: null };
  for (const report of ended(turn, scope)) run.report(session, report);
  session.leaveRequests();
  session.silence.stop();
}

const hear = (run: Run, frame: Frame): void => takeEvent(run, { ...frame, rawRef: run.server.rawRef });

interface AskedFrame extends Frame {
  readonly properties: { readonly id: string; readonly sessionID: string };
}

/** What an ended turn has left open is listed for ever. */
function hearOf(run: Run, session: Session, frame: AskedFrame): void {
  const { id, sessionID } = frame.properties;
  const isMine = run.sessions.route(sessionID)?.session === session;
  if (isMine && !session.left.has(id)) hear(run, frame);
}
