/** Where the events of a server go: to the threads that they are about, or nowhere. */
import { z } from 'zod';
import { requestIdOf } from '../../machines/domain/ids.ts';
import { agentIn, agentStarted, threadOf, withThread } from './agents.ts';
import { permissionAsked, questionAsked, FORBIDDEN, type Asked, type AskScope } from './approvals.ts';
import { isClosed } from './failures.ts';
import { IGNORED_OF_PROCESS, isUnfinished } from './ignored.ts';
import type { LoggedFrame } from './opencode-server.ts';
import { itemOfCall } from './parts.ts';
import { verdictOf } from './policy.ts';
import { replyTo } from './requests.ts';
import type { Run } from './run.ts';
import type { Route, Session } from './sessions.ts';
import { END_SILENCE_MS, SILENCE_MS } from './silence.ts';
import { translate, unrecognized } from './translate.ts';
import * as wire from './wire.ts';
import type { PermissionAsked } from './wire.ts';

export function takeEvent(run: Run, frame: LoggedFrame): void {
  const route = routeOf(run, frame);
  if (route === null) return takeOfProcess(run, frame);
  const { session } = route;
  if (ASKED.has(frame.type)) takeAsked(run, route, frame);
  else if (REPLIED.has(frame.type)) takeReplied(run, route, frame);
  else takeOther(run, route, frame);
  watch(session, frame.type);
}

const ASKED: ReadonlySet<string> = new Set(['permission.asked', 'question.asked']);
const REPLIED: ReadonlySet<string> = new Set(['permission.replied', 'question.replied', 'question.rejected']);
/** What is routed and translated besides the translations. */
export const ROUTED: ReadonlySet<string> = new Set([...ASKED, ...REPLIED]);

function takeOther(run: Run, route: Route, frame: LoggedFrame): void {
  const { session, talk, agent } = route;
  const scope = { connectionId: session.connectionId, rawRef: frame.rawRef, talk, agent };
  const found = agentIn(frame, scope);
  const threadId = found === null ? null : threadOf(run, route, found);
  const reports = translate(frame, scope);
  for (const report of reports) {
    run.report(session, withThread(report, threadId));
    // the charts close what the turn has asked
    if (report.type === 'provider.turnEnded') session.leaveRequests();
  }
  if (found !== null) for (const report of agentStarted(run, scope, found)) run.report(session, report);
  if (frame.type !== 'message.part.updated') return;
  for (const report of reports) if ('item' in report) session.early.release(report.item.itemId);
}

/** A wish that the rules of the thread settle, and one that a person has to. */
function takeAsked(run: Run, route: Route, frame: LoggedFrame): void {
  const { session, talk, agent } = route;
  const { type, properties, rawRef } = frame;
  const scope = { connectionId: session.connectionId, rawRef, talk, agent };
  const isPermission = type === 'permission.asked';
  const permission = isPermission ? wire.permissionSchema.safeParse(properties).data : undefined;
  if (permission !== undefined) return takeWish(run, session, { permission, scope });
  const question = isPermission ? undefined : wire.questionSchema.safeParse(properties).data;
  if (question === undefined) return run.report(session, unrecognized(frame, scope));
  openRequest(run, session, questionAsked(question, scope));
}

interface Wish {
  readonly permission: PermissionAsked;
  readonly scope: AskScope;
}

/** opencode 1.18.33 asks for a call before it says what it is called with. */
function takeWish(run: Run, session: Session, wish: Wish): void {
  const { tool } = wish.permission;
  const { talk } = wish.scope;
  const itemId = tool === undefined ? null : itemOfCall(talk, tool.messageID, tool.callID);
  const isEarly = itemId !== null && talk.partOf(itemId)?.isPending === true;
  if (isEarly) session.early.hold(itemId, () => takePermission(run, session, wish));
  else takePermission(run, session, wish);
}

function takePermission(run: Run, session: Session, { permission, scope }: Wish): void {
  const { id, permission: name, patterns } = permission;
  const verdict = verdictOf(session.allowed, name, patterns);
  if (verdict === 'ask') return openRequest(run, session, permissionAsked(permission, scope));
  const reply =
    verdict === 'allow' ? { reply: 'once' as const } : { reply: 'reject' as const, message: FORBIDDEN };
  const replied = run.server.ask({ ...replyTo(id, session.directory, reply), answer: z.unknown() });
  replied.catch((error: unknown) => {
    if (!isClosed(error))
      run.host.warn('a wish of opencode could not be answered', { id, error: String(error) });
  });
}

/** Each is told once, however often it is heard of. */
function openRequest(run: Run, session: Session, { report, request }: Asked): void {
  const { requestId } = report.request;
  if (session.requests.has(requestId) || session.left.has(request.nativeId)) return;
  session.requests.set(requestId, request);
  run.report(session, report);
}

function takeReplied(run: Run, { session }: Route, { properties }: LoggedFrame): void {
  const { data } = wire.repliedSchema.safeParse(properties);
  if (data !== undefined) run.resolve(session, requestIdOf(session.connectionId, data.requestID));
}

function watch({ silence, talk, isAwaited }: Session, type: string): void {
  if (talk.turn === null && !isAwaited) silence.stop();
  else silence.watch(type === 'session.idle' ? END_SILENCE_MS : SILENCE_MS);
}

function routeOf(run: Run, { properties }: LoggedFrame): Route | null {
  const { data } = wire.addressSchema.safeParse(properties);
  return data === undefined ? null : run.sessions.route(data.sessionID);
}

function takeOfProcess(run: Run, { type, rawRef, properties }: LoggedFrame): void {
  const isOfOthers = wire.addressSchema.safeParse(properties).success;
  if (IGNORED_OF_PROCESS.has(type) || isUnfinished(type) || isOfOthers) return;
  run.host.warn('opencode sent something that belongs to no thread', { type, rawRef });
}
