/** How a thread's connection is opened, and how it is lost: each is a process of its own. */
import { randomUUID } from 'node:crypto';
import type { OpenConnection } from '../../machines/domain/effect.ts';
import { failure, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import type { ProcessExit } from '../../machines/ports/process-host.ts';
import { exitFailure, spawnFailure } from '../shared/launch.ts';
import { failureOfRequest, isClosed, isTimeout } from '../shared/request-failures.ts';
import { drop, reportOpenFailed } from '../shared/session-ends.ts';
import { CAPABILITIES } from './capabilities.ts';
import { ClaudeProcess } from './claude-process.ts';
import { takeFrame } from './frames.ts';
import { cutAfter, hasMessages, readHistory, type Cut } from './history.ts';
import { launchMode, PROGRAM, sessionSpec, type Beginning } from './launch.ts';
import { unmetPolicy } from './policy.ts';
import { writeToolsFile, type ToolsFile } from './tools-file.ts';
import { wanted } from './requests.ts';
import type { Run } from './run.ts';
import { Session } from './sessions.ts';
import { initializedSchema, rewoundSchema, type Initialized } from './wire.ts';

/** Shorter than the chart's own bound, so that the failure has a reason. */
export const HANDSHAKE_TIMEOUT_MS = 25_000;
/** Each takes some 200 MB. */
export const MAX_SESSION_COUNT = 32;

/** The first thing that is said to a process. */
export const INITIALIZE = {
  subtype: 'initialize',
  params: { forwardSubagentText: true },
  answer: initializedSchema,
  timeoutMs: HANDSHAKE_TIMEOUT_MS,
} as const;

export async function openConnection(run: Run, effect: OpenConnection): Promise<void> {
  const { connectionId, threadId, resume, settings } = effect;
  const refusal = refusalOf(run, effect);
  const { cwd } = settings;
  const sessionId = resume ?? randomUUID();
  const want = wanted(settings);
  const inEffect = { ...want, permissionMode: launchMode(want.permissionMode, run.spec.env) };
  const session = new Session({ connectionId, threadId, sessionId, cwd, inEffect }, run.host);
  run.sessions.add(session);
  try {
    if (refusal !== null) throw refusal;
    await run.sessions.ended(effect.fork?.nativeThreadId ?? sessionId);
    if (session.phase !== 'opening') return;
    const cut = await cutOf(run, effect);
    if (session.phase !== 'opening') return;
    const model = await launch(run, session, { effect, cut });
    if (session.phase !== 'opening') return;
    session.phase = 'open';
    session.isKept = resume !== null;
    session.opened = {
      type: 'connection.opened',
      connectionId,
      nativeThreadId: sessionId,
      resumed: resume !== null,
      capabilities: CAPABILITIES,
      model,
    };
    session.report(session.opened);
  } catch (error) {
    failOpen(run, session, error);
  }
}

/** The model in effect. @throws as the process does, or RuntimeError */
async function launch(
  run: Run,
  session: Session,
  { effect, cut }: { readonly effect: OpenConnection; readonly cut: Cut | null },
): Promise<string | null> {
  const { sessionId } = session;
  const { settings, rollback } = effect;
  const beginning = beginningOf(effect, cut);
  const tools = await writeToolsFile(effect.tools);
  if (session.phase !== 'opening') {
    await tools.remove();
    return null;
  }
  const spec = sessionSpec(run.spec, { sessionId, beginning, settings, toolArgs: tools.args });
  const process = new ClaudeProcess(spec, run.host, {
    onFrame: (logged) => takeFrame(run, session, logged),
    onExit: (exit, error) => takeExit(run, session, { exit, error }),
  });
  session.process = process;
  if (run.isPaused) process.setPaused(true);
  const answer = await initialized(process, tools);
  checkMode(session, answer);
  if (rollback?.files && cut?.dropped) await rewindFiles(process, cut.dropped);
  return settings.model ?? answer.models.find(({ value }) => value === 'default')?.resolvedModel ?? null;
}

async function initialized(process: ClaudeProcess, tools: ToolsFile): Promise<Initialized> {
  try {
    return await process.ask(INITIALIZE);
  } finally {
    await tools.remove();
  }
}

function beginningOf({ resume, fork }: OpenConnection, cut: Cut | null): Beginning {
  const at = cut === null ? {} : { at: cut.at };
  if (fork !== undefined) return { kind: 'fork', of: fork.nativeThreadId, ...at };
  return resume === null ? { kind: 'new' } : { kind: 'resume', ...at };
}

/** @throws {RuntimeError} RESUME_FAILED when claude has no such conversation, or it has no such turn */
async function cutOf({ spec }: Run, { resume, fork, rollback }: OpenConnection): Promise<Cut | null> {
  const turnId = fork?.nativeTurnId ?? rollback?.nativeTurnId ?? null;
  const sessionId = fork?.nativeThreadId ?? resume;
  if (turnId === null || sessionId === null) return null;
  const cut = cutAfter((await readHistory(spec.env, sessionId)) ?? [], turnId);
  if (cut !== null) return cut;
  throw new RuntimeError('RESUME_FAILED', `the session ${sessionId} has no turn ${turnId}`);
}

/** What claude's own tools have changed since that prompt. */
async function rewindFiles(process: ClaudeProcess, userMessageId: string): Promise<void> {
  const params = { user_message_id: userMessageId, dry_run: false };
  const { canRewind, error } = await process.ask({ subtype: 'rewind_files', params, answer: rewoundSchema });
  if (!canRewind)
    throw new RuntimeError('OPEN_FAILED', `the files cannot be put back: ${error ?? 'no reason'}`);
}

/** Newer versions say the mode that they have begun in. */
function checkMode({ inEffect }: Session, { current_permission_mode: got }: Initialized): void {
  const { permissionMode: asked } = inEffect;
  if (got === undefined || got === asked) return;
  throw new RuntimeError('SETTINGS_NOT_APPLIED', `permission mode: asked for ${asked}, got ${got}`);
}

function refusalOf(run: Run, { resume, settings }: OpenConnection): RuntimeError | null {
  const unmet = unmetPolicy(settings.policy);
  if (unmet !== null) return new RuntimeError('SETTINGS_NOT_APPLIED', unmet);
  if (resume !== null && run.sessions.isOpen(resume)) {
    return new RuntimeError(
      'OPEN_FAILED',
      `the session ${resume} is open already; claude would lose a branch of it`,
    );
  }
  if (run.sessions.all.length < MAX_SESSION_COUNT) return null;
  return new RuntimeError('INSTANCE_UNAVAILABLE', `${MAX_SESSION_COUNT} threads have a claude already`);
}

function failOpen(run: Run, session: Session, error: unknown): void {
  // its exit tells why it ended
  if (session.phase !== 'opening' || isClosed(error)) return;
  reportOpenFailed(session, openFailure(error));
  drop(run, session);
}

function openFailure(error: unknown): Failure {
  if (error instanceof RuntimeError) return failure(error.code, error.message, { class: 'provider' });
  return failureOfRequest(isTimeout(error) ? 'OPEN_TIMED_OUT' : 'OPEN_FAILED', error);
}

interface Exited {
  readonly exit: ProcessExit;
  readonly error: Error | null;
}

/** Nothing is said of an end that was asked for; it is over when everything of it is gone. */
function takeExit(run: Run, session: Session, exited: Exited): void {
  if (session.phase === 'gone' || session.phase === 'closing') return;
  if (session.phase !== 'opening') return void reportLost(run, session, exited.exit);
  reportOpenFailed(session, startFailure(run, session, exited));
  run.sessions.remove(session);
}

/** A claude that died in its first turn may not have written it down. */
async function reportLost(run: Run, session: Session, exit: ProcessExit): Promise<void> {
  const { connectionId, sessionId, isKept } = session;
  const failure = exitFailure(PROGRAM, exit, session.process.stderrTail);
  const isKnown = isKept || hasMessages(await readHistory(run.spec.env, sessionId));
  // it may have been let go meanwhile
  if (session.phase !== 'open') return;
  session.leaveCarried(failure);
  session.report({ type: 'connection.lost', connectionId, failure, ...(!isKnown && { forgotten: true }) });
  run.sessions.remove(session);
}

const UNKNOWN_SESSION = /no conversation found/i;

function startFailure(run: Run, session: Session, { exit, error }: Exited): Failure {
  if (error !== null) return spawnFailure(run.spec, error);
  const said = session.startError || session.process.stderrTail;
  const code = UNKNOWN_SESSION.test(said) ? 'RESUME_FAILED' : 'OPEN_FAILED';
  return failure(code, exitFailure(PROGRAM, exit, said).message, { class: 'provider' });
}
