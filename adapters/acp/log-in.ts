/** How a session is entered, with a login where the agent wants one. */
import { z } from 'zod';
import type { OpenConnection } from '../../machines/domain/effect.ts';
import { failure, RuntimeError } from '../../machines/domain/error.ts';
import { headersOf } from '../shared/agent-tools.ts';
import { StartRefused, type Env } from '../shared/launch.ts';
import type { AgentMethod } from './agent-process.ts';
import { isLoginRequired } from './failures.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';
import { sessionSchema, type Initialized, type SessionAnswer } from './wire.ts';

interface Entering extends Pick<OpenConnection, 'resume' | 'fork' | 'tools'> {
  readonly answer: Initialized;
}

/**
 * @throws {RuntimeError} RESUME_FAILED when the agent keeps no sessions, CAPABILITY_UNSUPPORTED when it cannot fork
 * @throws {StartRefused} PROVIDER_UNAUTHORIZED when a person has to log in
 * @throws {JsonRpcError} as the process does
 */
export async function enterSession(run: Run, session: Session, entering: Entering): Promise<void> {
  const { answer, resume } = entering;
  if (resume !== null) session.sessionId = resume;
  const entered = await enter(run, session, entering).catch(async (error: unknown) => {
    if (!isLoginRequired(error)) throw error;
    await logIn(run, session, answer);
    return enter(run, session, entering);
  });
  session.controls.take(entered);
  if (entered.sessionId !== undefined) session.sessionId = entered.sessionId;
  if (!session.isKnown) throw new RuntimeError('OPEN_FAILED', 'the agent gave its session no id');
}

function enter({ preset }: Run, session: Session, entering: Entering): Promise<SessionAnswer> {
  const { process, cwd } = session;
  const { answer, resume, fork } = entering;
  const { loadSession, sessionCapabilities } = answer.agentCapabilities;
  const where = { cwd, mcpServers: serversOf(entering) };
  const ask = (method: AgentMethod, params: object): Promise<SessionAnswer> =>
    process.ask({ method, params, answer: sessionSchema });
  if (fork !== undefined) {
    if (!sessionCapabilities.fork) throw NO_FORK;
    return ask('session/fork', { sessionId: fork.nativeThreadId, ...where });
  }
  if (resume === null) return ask('session/new', where);
  // the conversation is here already; `session/load` says all of it again
  if (sessionCapabilities.resume) return ask('session/resume', { sessionId: resume, ...where });
  if (!loadSession) throw new RuntimeError('RESUME_FAILED', 'the agent keeps no sessions');
  if (preset.tested.includes(answer.agentInfo?.version ?? '')) session.calledId = preset.loadsAs(resume);
  return ask('session/load', { sessionId: session.calledId, ...where });
}

/** The runtime's own, where the agent reaches servers over HTTP. */
function serversOf({ tools, answer }: Entering): readonly object[] {
  if (tools === undefined || !answer.agentCapabilities.mcpCapabilities.http) return [];
  const headers = Object.entries(headersOf(tools)).map(([name, value]) => ({ name, value }));
  return [{ type: 'http', name: tools.name, url: tools.url, headers }];
}

const NO_FORK = new RuntimeError('CAPABILITY_UNSUPPORTED', 'the agent does not fork conversations');

// ---- login -------------------------------------------------------------------------------------------------------

/** Logins that nobody has to do anything for, by the variables that hold their keys. */
const BY_KEY: ReadonlyMap<string, string> = new Map([
  ['gemini-api-key', 'GEMINI_API_KEY'],
  ['vertex-ai', 'GOOGLE_API_KEY'],
  // codex-acp 2.6.0
  ['api-key', 'OPENAI_API_KEY'],
  ['openai-api-key', 'OPENAI_API_KEY'],
  ['codex-api-key', 'CODEX_API_KEY'],
  ['anthropic-api-key', 'ANTHROPIC_API_KEY'],
  ['cursor_api_key', 'CURSOR_API_KEY'],
]);

/** Never by a method that would open a browser on the server's machine. */
async function logIn(run: Run, { process }: Session, { authMethods }: Initialized): Promise<void> {
  const methodId = authMethods.map(({ id }) => id).find((id) => hasKey(run.spec.env, id));
  if (methodId === undefined) throw loginNeeded(run, authMethods);
  await process.ask({ method: 'authenticate', params: { methodId }, answer: z.unknown() });
}

const hasKey = (env: Env, methodId: string): boolean => {
  const variable = BY_KEY.get(methodId);
  return variable !== undefined && Boolean(env[variable]);
};

function loginNeeded({ host, preset }: Run, methods: Initialized['authMethods']): StartRefused {
  host.reportInstance({ type: 'instance.reported', report: { account: null, loginRequired: true } });
  const ways = methods.map(({ name, description }) => [name, description].filter(Boolean).join(': '));
  const message = `${preset.name} wants a login${ways.length === 0 ? '' : ` (${ways.join('; ')})`}`;
  return new StartRefused(failure('PROVIDER_UNAUTHORIZED', message, { class: 'permission' }));
}
