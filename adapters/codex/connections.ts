/** How a thread's connection is opened, closed and killed. */
import { z } from 'zod';
import type { OpenConnection } from '../../machines/domain/effect.ts';
import { failure, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import { threadIdOf, type ConnectionId } from '../../machines/domain/ids.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import { failureOfRequest, isClosed, isTimeout } from '../shared/request-failures.ts';
import { within } from '../shared/within.ts';
import { CAPABILITIES } from './capabilities.ts';
import { letChildrenGo, sayGone } from './children.ts';
import { endAgents, endCommands, endRunningTurn } from './endings.ts';
import { isArchived, isUnknownThread, isUnknownTurn } from './failures.ts';
import { forkThread, resumeThread, settingsGap, startThread, updateSettings } from './requests.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';
import * as wire from './wire.ts';
import type { ThreadAnswer } from './wire.ts';

/** The two steps of a close together are shorter than the chart's own bound, so that a failure has a reason. */
const END_WAIT_MS = 3500;
const UNSUBSCRIBE_TIMEOUT_MS = 5000;
const CLEAN_UP_TIMEOUT_MS = 5000;

export async function openConnection(run: Run, effect: OpenConnection): Promise<void> {
  const { connectionId, threadId, resume, fork } = effect;
  run.opening.add(connectionId);
  try {
    const session = await openSession(run, effect);
    if (!run.opening.delete(connectionId)) return;
    run.report(session, {
      type: 'connection.opened',
      connectionId,
      nativeThreadId: session.nativeThreadId,
      resumed: resume !== null,
      capabilities: CAPABILITIES,
      model: session.model,
    });
  } catch (error) {
    const session = run.forget(connectionId);
    if (session !== null) letGo(run, session.nativeThreadId);
    // a process that ended is told of by the instance
    if (!run.opening.delete(connectionId) || isClosed(error)) return;
    run.host.report(threadId, {
      type: 'connection.openFailed',
      connectionId,
      failure: openFailure(fork?.nativeThreadId ?? resume, error),
    });
  }
}

async function openSession(run: Run, effect: OpenConnection): Promise<Session> {
  const { connectionId, threadId, settings } = effect;
  const answer = await begin(run, effect);
  const session = sessionOf({ connectionId, threadId }, answer);
  if (!run.opening.has(connectionId)) {
    letGo(run, session.nativeThreadId);
    return session;
  }
  run.sessions.add(session);
  if (answer.thread.status.type === 'active') await endRunningTurn(run, session.nativeThreadId);
  const gap = settingsGap(settings, answer);
  if (gap.length > 0) await mendSettings(run, session, { settings, gap });
  return session;
}

async function begin(run: Run, { resume, fork, settings, tools }: OpenConnection): Promise<ThreadAnswer> {
  const { server } = run;
  const answer = wire.threadAnswerSchema;
  const known = fork?.nativeThreadId ?? resume;
  if (known === null)
    return server.ask({ method: 'thread/start', params: startThread(settings, tools), answer });
  await run.lettingGo.gone(known);
  return takenOut(run, known, () =>
    fork === undefined
      ? server.ask({ method: 'thread/resume', params: resumeThread(known, settings, tools), answer })
      : server.ask({ method: 'thread/fork', params: forkThread(fork, settings, tools), answer }),
  );
}

/**
 * A conversation that somebody has archived at codex is taken out again. Archives are ours, and codex is not told of
 * them: 0.169.0 neither resumes nor forks what it has archived, and most of what is archived here has no connection, so
 * that a process would have to be started to say so.
 */
async function takenOut(run: Run, threadId: string, ask: () => Promise<ThreadAnswer>): Promise<ThreadAnswer> {
  return ask().catch(async (error: unknown) => {
    if (!isArchived(error)) throw error;
    await run.server.ask({ method: 'thread/unarchive', params: { threadId }, answer: z.unknown() });
    return ask();
  });
}

const sessionOf = (
  ids: Pick<Session, 'connectionId' | 'threadId'>,
  { thread, reasoningEffort, collaborationMode, ...settings }: ThreadAnswer,
): Session => ({
  ...ids,
  nativeThreadId: thread.id,
  model: settings.model,
  settings,
  asked: null,
  effort: reasoningEffort ?? null,
  mode: collaborationMode?.mode === 'plan' ? 'plan' : 'default',
  reviewTurnId: null,
  interrupted: null,
  compacting: null,
  parent: null,
});

/** Says the settings once more in the other way that codex has, and looks whether they are in effect now. */
async function mendSettings(
  run: Run,
  { nativeThreadId }: Session,
  { settings, gap }: { readonly settings: Settings; readonly gap: readonly string[] },
): Promise<void> {
  await run.server.ask({
    method: 'thread/settings/update',
    params: updateSettings(nativeThreadId, settings),
    answer: z.unknown(),
  });
  const answer = await run.server
    .ask({
      method: 'thread/resume',
      params: resumeThread(nativeThreadId, settings),
      answer: wire.threadAnswerSchema,
    })
    .catch((error: unknown) => {
      // a thread without a turn cannot be read back
      if (isUnknownThread(error)) return null;
      throw error;
    });
  const left = answer === null ? gap : settingsGap(settings, answer);
  if (left.length === 0) return;
  throw new RuntimeError('SETTINGS_NOT_APPLIED', `codex did not take the settings: ${left.join('; ')}`);
}

/** `known`: the conversation to go on with, or to begin with. */
function openFailure(known: string | null, error: unknown): Failure {
  if (error instanceof RuntimeError) return failure(error.code, error.message, { class: 'provider' });
  if (known !== null && (isUnknownThread(error) || isUnknownTurn(error)))
    return failureOfRequest('RESUME_FAILED', error);
  return failureOfRequest(isTimeout(error) ? 'OPEN_TIMED_OUT' : 'OPEN_FAILED', error);
}

/**
 * Background work ends with its connection, and so does what a turn has begun that was interrupted: a close comes before
 * that can be settled.
 */
export async function closeConnection(run: Run, connectionId: ConnectionId): Promise<void> {
  const session = run.sessions.of(connectionId);
  const threadId = threadIdOf(connectionId);
  if (session === null) {
    run.opening.delete(connectionId);
    return run.host.report(threadId, { type: 'connection.closed', connectionId });
  }
  try {
    await endWork(run, session);
    // the thread that has begun a sub-agent may go on with it, and that would be heard of no more
    if (session.parent !== null) return sayGone(run, session, null);
    letChildrenGo(run, session);
    await unsubscribe(run, session.nativeThreadId, UNSUBSCRIBE_TIMEOUT_MS);
    run.report(session, { type: 'connection.closed', connectionId });
    run.forget(connectionId);
  } catch (error) {
    if (isClosed(error)) return;
    run.report(session, {
      type: 'connection.closeFailed',
      connectionId,
      failure: failureOfRequest('CLOSE_FAILED', error),
    });
  }
}

/** Not before an interrupt has been answered, and not for ever. */
async function endWork(run: Run, { nativeThreadId, interrupted }: Session): Promise<void> {
  const ended = (interrupted ?? Promise.resolve())
    .then(() => Promise.all([endCommands(run, nativeThreadId), endAgents(run, nativeThreadId)]))
    .catch((error: unknown) =>
      run.host.warn('what runs in a thread could not be ended', { error: String(error) }),
    );
  await within(ended, END_WAIT_MS);
}

/** Nothing more is reported; what still runs is ended behind the scenes. */
export function killConnection(run: Run, connectionId: ConnectionId): void {
  run.opening.delete(connectionId);
  const session = run.sessions.of(connectionId);
  if (session === null) return;
  letChildrenGo(run, session);
  run.forget(connectionId);
  const { nativeThreadId, parent } = session;
  if (parent === null) letGo(run, nativeThreadId);
  else run.lettingGo.add(nativeThreadId, () => endWhatRuns(run, nativeThreadId));
}

/** Ends what runs in a thread that nobody holds any more, and takes no more of its frames. */
function letGo(run: Run, nativeThreadId: string): void {
  if (run.sessions.route(nativeThreadId) !== null) return;
  run.lettingGo.add(nativeThreadId, () => endAndUnsubscribe(run, nativeThreadId));
}

async function endAndUnsubscribe(run: Run, nativeThreadId: string): Promise<void> {
  await endWhatRuns(run, nativeThreadId);
  await unsubscribe(run, nativeThreadId, CLEAN_UP_TIMEOUT_MS);
}

async function endWhatRuns(run: Run, nativeThreadId: string): Promise<void> {
  const { thread } = await run.server.ask({
    method: 'thread/read',
    params: { threadId: nativeThreadId },
    answer: wire.threadReadSchema,
    timeoutMs: CLEAN_UP_TIMEOUT_MS,
  });
  if (thread.status.type === 'active') await endRunningTurn(run, nativeThreadId);
  else await Promise.all([endCommands(run, nativeThreadId), endAgents(run, nativeThreadId)]);
}

async function unsubscribe(run: Run, threadId: string, timeoutMs: number): Promise<void> {
  await run.server.ask({
    method: 'thread/unsubscribe',
    params: { threadId },
    answer: z.unknown(),
    timeoutMs,
  });
}
