/** How a thread's connection is opened, closed and killed. */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { OpenConnection } from '../../machines/domain/effect.ts';
import { failure, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import { threadIdOf, type ConnectionId } from '../../machines/domain/ids.ts';
import { isTimeout } from '../shared/request-failures.ts';
import { within } from '../shared/within.ts';
import { CAPABILITIES } from './capabilities.ts';
import { forked } from './forks.ts';
import { failureOfRequest, isClosed, isUnknown } from './failures.ts';
import { timeOfSession } from './message-ids.ts';
import { hasRules, rulesFor, unmetPolicy, type Rule } from './policy.ts';
import {
  abortSession,
  addRules,
  createSession,
  readMessages,
  readSession,
  readStatuses,
  type Place,
} from './requests.ts';
import { rollBack } from './rollbacks.ts';
import type { Run } from './run.ts';
import { Session } from './sessions.ts';
import * as wire from './wire.ts';
import type { SessionInfo } from './wire.ts';

/** The steps of a close together are shorter than the chart's own bound, so that a failure has a reason. */
const ABORTING_WAIT_MS = 2_000;
const ABORT_TIMEOUT_MS = 4_000;
const IDLE_TIMEOUT_MS = 3_000;
const IN_CLOSE = { timeoutMs: ABORT_TIMEOUT_MS } as const;
const IDLE_POLL_MS = 50;

export async function openConnection(run: Run, effect: OpenConnection): Promise<void> {
  const { connectionId, threadId, resume, fork } = effect;
  run.opening.add(connectionId);
  try {
    const session = await openSession(run, effect);
    if (!run.opening.delete(connectionId)) return;
    run.sessions.add(session);
    run.report(session, {
      type: 'connection.opened',
      connectionId,
      nativeThreadId: session.nativeThreadId,
      resumed: resume !== null,
      capabilities: CAPABILITIES,
      model: session.model,
    });
  } catch (error) {
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
  const { connectionId, threadId, resume, fork, settings } = effect;
  const unmet = unmetPolicy(settings.policy);
  if (unmet !== null) throw new RuntimeError('SETTINGS_NOT_APPLIED', unmet);
  const info = await begin(run, effect);
  const place = { nativeThreadId: info.id, directory: info.directory };
  const rules = await applyRules(run, place, { inEffect: info.permission, wanted: rulesFor(settings) });
  const model = settings.model ?? modelIn(info) ?? run.catalogue.defaultModel;
  return new Session({
    connectionId,
    threadId,
    ...place,
    model,
    rules,
    newestId: await newestIdOf(run, place, resume !== null || fork !== undefined),
    contextWindow: model === null ? null : (run.catalogue.contextWindows.get(model) ?? null),
    tokens: info.tokens ?? null,
    onSilence: (session) => run.catchUp(session),
  });
}

async function begin(run: Run, { resume, fork, rollback, settings }: OpenConnection): Promise<SessionInfo> {
  const known = fork?.nativeThreadId ?? resume;
  if (known === null) return run.server.ask({ ...createSession(settings), answer: wire.sessionSchema });
  if (!known.startsWith('ses_'))
    throw new RuntimeError('RESUME_FAILED', `${known} is no session of opencode`);
  await run.lettingGo.gone(known);
  const place = { nativeThreadId: known, directory: settings.cwd };
  if (fork !== undefined) return forked(run, place, fork.nativeTurnId);
  const info = await resumed(run, place);
  if (rollback !== undefined) await rollBack(run, { ...place, directory: info.directory }, rollback);
  return info;
}

/** The last prompt's, where the session had one. */
const modelIn = ({ model }: SessionInfo): string | null =>
  model === undefined ? null : `${model.providerID}/${model.id}`;

/** What a connection before has left running is ended. */
async function resumed(run: Run, place: Place): Promise<SessionInfo> {
  const info = await run.server.ask({ ...readSession(place), answer: wire.sessionSchema });
  const inPlace = { ...place, directory: info.directory };
  // the first request of a folder after a start: opencode 1.18.33 prepares the folder before it answers
  if (await isRunning(run, inPlace)) await endRunning(run, inPlace);
  return info;
}

async function newestIdOf(run: Run, place: Place, hasMessages: boolean): Promise<string> {
  const first = timeOfSession(place.nativeThreadId);
  if (!hasMessages) return first;
  const messages = await run.server.ask({ ...readMessages(place, 1), answer: wire.messagesSchema });
  return messages.at(-1)?.info.id ?? first;
}

interface Rules {
  readonly inEffect: readonly Rule[];
  readonly wanted: readonly Rule[];
}

/** @throws {RuntimeError} SETTINGS_NOT_APPLIED when opencode does not go by them */
export async function applyRules(
  run: Run,
  place: Place,
  { inEffect, wanted }: Rules,
): Promise<readonly Rule[]> {
  if (hasRules(inEffect, wanted)) return wanted;
  const { permission } = await run.server.ask({ ...addRules(place, wanted), answer: wire.sessionSchema });
  if (hasRules(permission, wanted)) return wanted;
  throw new RuntimeError('SETTINGS_NOT_APPLIED', 'opencode did not take the rules of the session');
}

function openFailure(resume: string | null, error: unknown): Failure {
  if (error instanceof RuntimeError) return failure(error.code, error.message, { class: 'provider' });
  if (resume !== null && isUnknown(error)) return failureOfRequest('RESUME_FAILED', error);
  return failureOfRequest(isTimeout(error) ? 'OPEN_TIMED_OUT' : 'OPEN_FAILED', error);
}

/** What still runs ends with its connection. */
export async function closeConnection(run: Run, connectionId: ConnectionId): Promise<void> {
  const session = run.sessions.of(connectionId);
  if (session === null) {
    run.opening.delete(connectionId);
    return run.host.report(threadIdOf(connectionId), { type: 'connection.closed', connectionId });
  }
  try {
    const going = [session, ...dependents(run, session)];
    for (const each of going) {
      await within(each.aborting, ABORTING_WAIT_MS);
      if (each.talk.turn !== null) await endRunning(run, each);
    }
    for (const each of going.toReversed()) run.letGo(each);
  } catch (error) {
    if (isClosed(error)) return;
    run.report(session, {
      type: 'connection.closeFailed',
      connectionId,
      failure: failureOfRequest('CLOSE_FAILED', error),
    });
  }
}

/** Nothing more is reported; what still runs is ended behind the scenes. */
export function killConnection(run: Run, connectionId: ConnectionId): void {
  run.opening.delete(connectionId);
  const session = run.sessions.of(connectionId);
  if (session === null) return;
  for (const child of dependents(run, session)) {
    run.letGo(child);
    letEnd(run, child);
  }
  run.forget(connectionId);
  letEnd(run, session);
}

const letEnd = (run: Run, session: Session): void =>
  run.lettingGo.add(session.nativeThreadId, () => endRunning(run, session));

/** Sub-agents end with the connection that carries them; one that answers a person does not need it. */
function dependents(run: Run, session: Session): readonly Session[] {
  return run.sessions.carriedBy(session).filter(({ talk }) => talk.turn === null || talk.turn.key === null);
}

/** Ends what runs in a session, its commands and sub-agents with it. */
async function endRunning(run: Run, place: Place): Promise<void> {
  await run.server.ask({ ...abortSession(place), answer: z.unknown(), timeoutMs: ABORT_TIMEOUT_MS });
  const deadline = AbortSignal.timeout(IDLE_TIMEOUT_MS);
  while (!deadline.aborted && (await isRunning(run, place, IN_CLOSE))) await wait(IDLE_POLL_MS);
}

async function isRunning(
  run: Run,
  place: Place,
  within: { readonly timeoutMs?: number } = {},
): Promise<boolean> {
  const statuses = await run.server.ask({ ...readStatuses(place), answer: wire.statusesSchema, ...within });
  return statuses[place.nativeThreadId] !== undefined;
}
