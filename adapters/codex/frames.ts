/** Where the frames of a process go: to the threads that they are about, or to the instance. */
import { requestIdOf } from '../../machines/domain/ids.ts';
import type { InstanceReport } from '../../machines/domain/instance.ts';
import { keyOf } from '../shared/decline.ts';
import { METHOD_NOT_FOUND } from '../shared/json-rpc-error.ts';
import type { LoggedMessage } from '../shared/json-rpc-process.ts';
import type { JsonRpcId } from '../shared/json-rpc.ts';
import { agentsIn } from './agents.ts';
import { askedIn } from './approvals.ts';
import { letChildrenGo, sayGone, takeAgent, tellParent, unloaded } from './children.ts';
import { IGNORED_OF_PROCESS } from './ignored.ts';
import { mergeRateLimits, rateLimitsOf, readAccount, readCommands } from './instance-report.ts';
import { REFUSALS, SILENT } from './refusals.ts';
import { isOtherStart } from './reviews.ts';
import type { Run } from './run.ts';
import type { Route } from './sessions.ts';
import { checkSettings } from './settings-check.ts';
import { translate, unrecognized, type Scope } from './translate.ts';
import * as wire from './wire.ts';
import type { Frame } from './wire.ts';

export function takeNotification(run: Run, frame: LoggedMessage): void {
  const route = routeOf(run, frame);
  if (route === null) {
    const [take, giveUp] = [() => takeNotification(run, frame), () => takeOfProcess(run, frame)];
    return isUnclaimed(run, frame, { take, giveUp }) ? undefined : giveUp();
  }
  if (isEarly(run, route, { frame, take: () => takeNotification(run, frame) })) return;
  if (isUnloaded(frame) && route.agent === null) return loseThread(run, route);
  if (route.agent === null && isOtherStart(route.session, frame)) return;
  checkSettings(run, route, frame);
  if (frame.method === 'serverRequest/resolved' && !wasOpen(run, route, frame)) return;
  sayCompacting(run, route, frame);
  tell(run, route, frame);
}

function tell(run: Run, route: Route, frame: LoggedMessage): void {
  const { session } = route;
  const scope = scopeOf(run, route, frame);
  // first: the items that tell of sub-agents name their threads
  const agents = agentsIn(frame, scope);
  for (const found of agents) takeAgent(run, route, found);
  for (const report of translate(frame, scope)) run.report(session, report);
  tellParent(run, session, frame);
  for (const { nativeThreadId } of agents) run.unclaimed.claim(nativeThreadId);
}

const scopeOf = ({ sessions }: Run, { session, agent }: Route, { rawRef }: LoggedMessage): Scope => ({
  connectionId: session.connectionId,
  rawRef,
  agent,
  threadOf: (nativeThreadId) => sessions.threadOf(nativeThreadId),
});

const MOST_ID_LENGTH = 256;

/** The turn of a compaction that was asked for has begun. */
function sayCompacting(run: Run, { session, agent }: Route, { method, params }: Frame): void {
  const { compacting } = session;
  if (method !== 'turn/started' || agent !== null) return;
  const { data } = wire.turnNoticeSchema.safeParse(params);
  if (compacting === null || data === undefined) return;
  session.compacting = null;
  run.report(session, { type: 'provider.turnAccepted', ...keyOf(compacting), nativeTurnId: data.turn.id });
}

/** A request of codex is always answered: by a person, or at once with an error. */
export function takeRequest(run: Run, id: JsonRpcId, frame: LoggedMessage): void {
  const { method } = frame;
  const route = routeOf(run, frame);
  if (route === null) {
    const [take, giveUp] = [() => takeRequest(run, id, frame), () => refuseStray(run, id, frame)];
    return isUnclaimed(run, frame, { take, giveUp }) ? undefined : giveUp();
  }
  if (isEarly(run, route, { frame, take: () => takeRequest(run, id, frame) })) return;
  const { session } = route;
  const scope = scopeOf(run, route, frame);
  const nativeRequestId = String(id);
  const asked =
    nativeRequestId.length > MOST_ID_LENGTH ? null : askedIn(frame, { ...scope, nativeRequestId });
  if (asked === null) {
    refuse(run, id, method);
    if (!SILENT.has(method)) run.report(session, unrecognized(frame, scope));
    return;
  }
  const { report, form } = asked;
  run.requests.add(report.request.requestId, {
    nativeId: id,
    connectionId: session.connectionId,
    form,
  });
  run.report(session, report);
}

function refuseStray(run: Run, id: JsonRpcId, { method, rawRef }: LoggedMessage): void {
  refuse(run, id, method);
  run.host.warn('codex asked something for a thread that is not open', { method, rawRef });
}

function refuse({ server }: Run, id: JsonRpcId, method: string): void {
  const refusal = REFUSALS.get(method);
  if (refusal === undefined) server.refuse(id, METHOD_NOT_FOUND, `${method} is not supported by this client`);
  else server.respond(id, refusal(Date.now()));
}

interface Early {
  readonly frame: LoggedMessage;
  readonly take: () => void;
}

/** Frames of a sub-agent wait for the word of its parent. */
function isUnclaimed(
  { unclaimed, sessions }: Run,
  { method, params }: Frame,
  held: { readonly take: () => void; readonly giveUp: () => void },
): boolean {
  const threadId = threadIdIn(params);
  return threadId !== null && !sessions.isEmpty && unclaimed.hold(threadId, method === 'turn/started', held);
}

/** Frames wait where the answer to a prompt has been overtaken by the start of its turn. */
function isEarly({ early, host }: Run, { session, agent }: Route, { frame, take }: Early): boolean {
  const { method, rawRef } = frame;
  return early.hold(session, method === 'turn/started' && agent === null, () => {
    try {
      take();
    } catch (error) {
      host.warn('a frame of codex could not be handled', { method, rawRef, error: String(error) });
    }
  });
}

function routeOf(run: Run, { params }: Frame): Route | null {
  const threadId = threadIdIn(params);
  return threadId === null ? null : run.sessions.route(threadId);
}

const threadIdIn = (params: unknown): string | null =>
  wire.threadAddressSchema.safeParse(params).data?.threadId ?? null;

/** codex has unloaded the thread: nothing of it comes any more, and prompts are refused. */
function isUnloaded({ method, params }: Frame): boolean {
  if (method === 'thread/closed') return true;
  if (method !== 'thread/status/changed') return false;
  return wire.statusSchema.safeParse(params).data?.status.type === 'notLoaded';
}

/** A sub-agent that is closed can be resumed; that is no loss. */
function loseThread(run: Run, { session }: Route): void {
  const cause = unloaded(session.nativeThreadId);
  letChildrenGo(run, session, cause);
  sayGone(run, session, session.parent === null ? cause : null);
}

/** Requests that were refused at once, or whose answer was not waited for, are not told of. */
function wasOpen(run: Run, { session }: Route, { params }: Frame): boolean {
  const { data } = wire.requestResolvedSchema.safeParse(params);
  if (data === undefined) return true;
  run.server.withdraw(data.requestId);
  return run.requests.remove(requestIdOf(session.connectionId, String(data.requestId))) !== null;
}

type Take = (run: Run, frame: LoggedMessage) => void;

const refreshAccount: Take = (run) => refresh(run, readAccount(run.server));
const warn: Take = (run, { method, params }) => run.host.warn('codex warns', { method, params });

/** Notifications about the process or its account; warnings that name no open thread have nobody to be shown to. */
export const OF_PROCESS: ReadonlyMap<string, Take> = new Map<string, Take>([
  ['account/updated', refreshAccount],
  ['account/login/completed', refreshAccount],
  ['account/rateLimits/updated', (run, { params }) => takeRateLimits(run, params)],
  ['skills/changed', (run) => refresh(run, readCommands(run.server))],
  ['warning', warn],
  ['guardianWarning', warn],
  ['configWarning', warn],
  ['deprecationNotice', warn],
]);

function takeOfProcess(run: Run, frame: LoggedMessage): void {
  const { method, rawRef } = frame;
  if (IGNORED_OF_PROCESS.has(method)) return;
  const take = OF_PROCESS.get(method);
  if (take !== undefined) return take(run, frame);
  run.host.warn('codex sent something that belongs to no thread', { method, rawRef });
}

function refresh(run: Run, reading: Promise<InstanceReport>): void {
  const done = reading.then((report) => {
    run.rateLimits = report.rateLimits ?? run.rateLimits;
    run.host.reportInstance({ type: 'instance.reported', report });
  });
  done.catch((error: unknown) =>
    run.host.warn('codex did not say what has changed', { error: String(error) }),
  );
}

function takeRateLimits(run: Run, params: unknown): void {
  const { data } = wire.rateLimitsSchema.safeParse(params);
  const merged = data === undefined ? null : mergeRateLimits(run.rateLimits, rateLimitsOf(data.rateLimits));
  if (merged === null) return;
  run.rateLimits = merged;
  run.host.reportInstance({ type: 'instance.reported', report: { rateLimits: merged } });
}
