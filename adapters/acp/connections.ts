/** How a thread's connection is opened, and how it is lost: each is a process of its own. */
import type { OpenConnection } from '../../machines/domain/effect.ts';
import { failure, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import type { ProcessExit } from '../../machines/ports/process-host.ts';
import { exitFailure, spawnFailure, startFailureOf, StartRefused } from '../shared/launch.ts';
import { failureOfRequest, isClosed, isTimeout } from '../shared/request-failures.ts';
import { drop, reportOpenFailed, takeExit, type Ending } from '../shared/session-ends.ts';
import { AgentProcess } from './agent-process.ts';
import { takeRequest } from './asks.ts';
import { refinedCapabilities } from './capabilities.ts';
import { Controls } from './controls.ts';
import { isUnknownSession } from './failures.ts';
import { takeEarly, takeNotification } from './frames.ts';
import { handshakeProblem, takesModel, withModel } from './launch.ts';
import { enterSession } from './log-in.ts';
import { policyFor, unmetPolicy } from './policy.ts';
import type { Preset } from './presets.ts';
import { initializeFor } from './requests.ts';
import type { Run } from './run.ts';
import { Session } from './sessions.ts';
import { applySettings } from './settings.ts';
import { Terminals } from './terminals.ts';
import { initializedSchema, type Initialized } from './wire.ts';

/** Each takes up to 700 MB. */
const MOST_SESSIONS = 32;

/** Shorter than the chart's own bound, so that the failure has a reason. */
const HANDSHAKE_TIMEOUT_MS = 25_000;

/** The first thing that is said to a process. */
export const handshakeWith = (preset: Preset) =>
  ({
    method: 'initialize',
    params: initializeFor(preset),
    answer: initializedSchema,
    timeoutMs: HANDSHAKE_TIMEOUT_MS,
  }) as const;

export async function openConnection(run: Run, effect: OpenConnection): Promise<void> {
  const { resume } = effect;
  const session = newSession(run, effect);
  const refusal = refusalOf(run, effect);
  run.sessions.add(session);
  try {
    if (refusal !== null) throw refusal;
    if (resume !== null) await run.sessions.ended(resume);
    if (session.phase !== 'opening') return;
    const answer = await launch(run, session, effect);
    await applySettings(session, run.host, effect.settings);
    if (session.phase !== 'opening') return;
    sayOpened(session, effect, answer);
    sayModels(run, session);
    takeEarly(run, session);
  } catch (error) {
    failOpen(run, session, { error, isResume: resume !== null || effect.fork !== undefined });
  }
}

function newSession(run: Run, { connectionId, threadId, settings }: OpenConnection): Session {
  const { cwd, model } = settings;
  const terminals = new Terminals({ processes: run.host.processes, spec: run.spec, cwd });
  const controls = new Controls(run.preset);
  const launchModel = takesModel(run.spec.args) ? { launchModel: model } : {};
  const policy = policyFor(settings);
  const start = { connectionId, threadId, cwd, controls, policy, terminals, ...launchModel };
  return new Session(start, run.host);
}

/** @throws as the process does, or StartRefused */
async function launch(run: Run, session: Session, effect: OpenConnection): Promise<Initialized> {
  const { host, preset } = run;
  const process: AgentProcess = new AgentProcess(
    { ...withModel(run.spec, effect.settings.model), cwd: session.cwd },
    {
      host,
      name: preset.name,
      onNotification: (frame) => takeNotification(run, session, frame),
      onRequest: (id, frame) => takeRequest(run, session, { id, frame }),
      onExit: (exit, error) => takeExit(run, session, endingOf(run, session, { exit, error })),
    },
  );
  session.process = process;
  if (run.isPaused) process.setPaused(true);
  const answer = await process.ask(handshakeWith(preset));
  const problem = handshakeProblem(answer, preset);
  if (problem !== null) throw new StartRefused(problem);
  session.takesImages = answer.agentCapabilities.promptCapabilities.image;
  await enterSession(run, session, { ...effect, answer });
  return answer;
}

function sayOpened(session: Session, { resume }: OpenConnection, answer: Initialized): void {
  const { connectionId, controls } = session;
  session.phase = 'open';
  session.report({
    type: 'connection.opened',
    connectionId,
    nativeThreadId: session.sessionId,
    resumed: resume !== null,
    capabilities: refinedCapabilities(answer, session),
    model: controls.control('model')?.current ?? null,
  });
}

/** Models are told with a session, not in the handshake. */
function sayModels({ host }: Run, { controls: { models } }: Session): void {
  if (models.length === 0) return;
  host.reportInstance({ type: 'instance.reported', report: { models: [...models] } });
}

function refusalOf(run: Run, { resume, settings }: OpenConnection): RuntimeError | null {
  const unmet = unmetPolicy(settings.policy);
  if (unmet !== null) return new RuntimeError('SETTINGS_NOT_APPLIED', unmet);
  if (resume !== null && run.sessions.isOpen(resume)) {
    return new RuntimeError('OPEN_FAILED', `the session ${resume} is open already; two would write to it`);
  }
  if (run.sessions.all.length < MOST_SESSIONS) return null;
  return new RuntimeError('INSTANCE_UNAVAILABLE', `${MOST_SESSIONS} threads have an agent already`);
}

interface FailedOpen {
  readonly error: unknown;
  readonly isResume: boolean;
}

function failOpen(run: Run, session: Session, failed: FailedOpen): void {
  // its exit tells why it ended
  if (session.phase !== 'opening' || isClosed(failed.error)) return;
  reportOpenFailed(session, openFailure(failed));
  drop(run, session);
}

function openFailure({ error, isResume }: FailedOpen): Failure {
  if (error instanceof StartRefused) return startFailureOf(error);
  if (error instanceof RuntimeError) return failure(error.code, error.message, { class: 'provider' });
  if (isResume && isUnknownSession(error)) return failureOfRequest('RESUME_FAILED', error);
  return failureOfRequest(isTimeout(error) ? 'OPEN_TIMED_OUT' : 'OPEN_FAILED', error);
}

interface Exited {
  readonly exit: ProcessExit;
  readonly error: Error | null;
}

function endingOf(run: Run, session: Session, { exit, error }: Exited): Ending {
  const lost = exitFailure(run.preset.name, exit, session.process.stderrTail);
  return {
    lost,
    unopened: error === null ? { ...lost, code: 'OPEN_FAILED' } : spawnFailure(run.spec, error),
  };
}
