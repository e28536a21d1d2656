/** How a thread's connection is opened, and how it is lost: each is a process of its own. */
import { randomUUID } from 'node:crypto';
import type { OpenConnection } from '../../machines/domain/effect.ts';
import { failure, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import type { ProcessExit } from '../../machines/ports/process-host.ts';
import { exitFailure, spawnFailure } from '../shared/launch.ts';
import { failureOfRequest, isClosed, isTimeout } from '../shared/request-failures.ts';
import { drop, reportOpenFailed, takeExit, type Ending } from '../shared/session-ends.ts';
import { CAPABILITIES } from './capabilities.ts';
import { isUnknownAgent, missingFailure } from './failures.ts';
import { takeNotification } from './frames.ts';
import { PROGRAM } from './launch.ts';
import { policyFor, unmetPolicy } from './policy.ts';
import { modelFor, NO_MODEL, openParams } from './requests.ts';
import type { Run } from './run.ts';
import { SdkProcess } from './sdk-process.ts';
import { Session } from './sessions.ts';
import { doneSchema } from './wire.ts';

/** Shorter than the chart's own bound, so that the failure has a reason. */
const OPEN_TIMEOUT_MS = 25_000;
/** Each takes some 200 MB. */
const MAX_SESSION_COUNT = 32;

export async function openConnection(run: Run, effect: OpenConnection): Promise<void> {
  const { connectionId, threadId, resume, settings } = effect;
  const refusal = refusalOf(run, effect);
  const agentId = resume ?? `agent-${randomUUID()}`;
  const policy = policyFor(settings);
  const session = new Session({ connectionId, threadId, agentId, policy, cwd: settings.cwd }, run.host);
  run.sessions.add(session);
  try {
    if (refusal !== null) throw refusal;
    await run.sessions.ended(agentId);
    if (session.phase !== 'opening') return;
    const model = await launch(run, session, effect);
    if (session.phase !== 'opening') return;
    session.phase = 'open';
    session.report({
      type: 'connection.opened',
      connectionId,
      nativeThreadId: agentId,
      resumed: resume !== null,
      capabilities: CAPABILITIES,
      model,
    });
  } catch (error) {
    failOpen(run, session, error);
  }
}

/** The model in effect. @throws as the process does, or RuntimeError */
async function launch(run: Run, session: Session, { resume, settings }: OpenConnection): Promise<string> {
  const model = modelFor(settings, run.models);
  if (model === null) throw new RuntimeError('OPEN_FAILED', NO_MODEL);
  const process = new SdkProcess({ ...run.spec, cwd: session.cwd }, run.host, {
    onNotification: (frame) => takeNotification(session, frame),
    onExit: (exit, error) => takeExit(run, session, endingOf(run, session, { exit, error })),
  });
  session.process = process;
  if (run.isPaused) process.setPaused(true);
  const { agentId, cwd, policy } = session;
  const params = openParams({ agentId, isNew: resume === null, cwd, model: model.id, policy });
  await process.ask({ method: 'open', params, answer: doneSchema, timeoutMs: OPEN_TIMEOUT_MS });
  return model.id;
}

function refusalOf(run: Run, { resume, settings }: OpenConnection): RuntimeError | null {
  const unmet = unmetPolicy(settings);
  if (unmet !== null) return new RuntimeError('SETTINGS_NOT_APPLIED', unmet);
  if (resume !== null && run.sessions.isOpen(resume)) {
    return new RuntimeError('OPEN_FAILED', `the agent ${resume} is open already; two would write to it`);
  }
  if (run.sessions.all.length < MAX_SESSION_COUNT) return null;
  return new RuntimeError('INSTANCE_UNAVAILABLE', `${MAX_SESSION_COUNT} threads have a process already`);
}

function failOpen(run: Run, session: Session, error: unknown): void {
  // its exit tells why it ended
  if (session.phase !== 'opening' || isClosed(error)) return;
  reportOpenFailed(session, openFailure(error));
  drop(run, session);
}

function openFailure(error: unknown): Failure {
  if (error instanceof RuntimeError) return failure(error.code, error.message, { class: 'provider' });
  if (isUnknownAgent(error)) return failureOfRequest('RESUME_FAILED', error);
  const code = isTimeout(error) ? 'OPEN_TIMED_OUT' : 'OPEN_FAILED';
  return missingFailure(error) ?? failureOfRequest(code, error);
}

interface Exited {
  readonly exit: ProcessExit;
  readonly error: Error | null;
}

function endingOf(run: Run, session: Session, { exit, error }: Exited): Ending {
  const lost = exitFailure(PROGRAM, exit, session.process.stderrTail);
  return {
    lost,
    unopened: error === null ? { ...lost, code: 'OPEN_FAILED' } : spawnFailure(run.spec, error),
  };
}
