/** Where the frames of a process go: to its thread, or to the instance. */
import type * as acp from '@agentclientprotocol/sdk';
import type { z } from 'zod';
import { requestIdOf } from '../../machines/domain/ids.ts';
import type { LoggedMessage } from '../shared/json-rpc-process.ts';
import type { JsonRpcId } from '../shared/json-rpc.ts';
import { IGNORED, IGNORED_NOTIFICATIONS, isModeEcho, OF_HISTORY } from './ignored.ts';
import { commandsOf } from './instance-report.ts';
import { blockText } from './items.ts';
import { CANCELLED } from './refused.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';
import { translate, unrecognized, usageOfUpdate } from './translate.ts';
import * as wire from './wire.ts';
import type { Update } from './wire.ts';

interface Taken {
  readonly run: Run;
  readonly session: Session;
  readonly rawRef: string;
}

export function takeNotification(run: Run, session: Session, frame: LoggedMessage): void {
  const { method, params, rawRef } = frame;
  if (method === '$/cancel_request') return takeCancel(session, params);
  if (method === 'elicitation/complete') return takePageDone(session, params);
  if (IGNORED_NOTIFICATIONS.has(method)) return;
  const notice = wire.updateNoticeSchema.safeParse(method === 'session/update' ? params : null);
  if (!notice.success)
    return session.report(unrecognized({ method, params }, scopeOf(session, rawRef), method));
  if (!session.isKnown) return keepEarly(run, session, frame);
  const { sessionId, update } = notice.data;
  if (sessionId === session.calledId) return takeUpdate({ run, session, rawRef }, update);
  run.host.warn('the agent told of a session that is not open', { sessionId, rawRef });
}

const MOST_EARLY = 1000;

function keepEarly({ host }: Run, { early }: Session, frame: LoggedMessage): void {
  if (early.length < MOST_EARLY) early.push(frame);
  else host.warn('the agent tells too much before its session has an id', { rawRef: frame.rawRef });
}

/** What came before the session had its id. */
export function takeEarly(run: Run, session: Session): void {
  for (const frame of session.early.splice(0)) takeNotification(run, session, frame);
}

export const scopeOf = ({ connectionId, transcript }: Session, rawRef: string) => ({
  connectionId,
  turn: transcript.turn,
  rawRef,
});

function takeUpdate(taken: Taken, update: Update): void {
  const { session, rawRef } = taken;
  const { sessionUpdate: kind } = update;
  if (IGNORED.has(kind) || (session.isHistory && OF_HISTORY.has(kind))) return;
  const take = TAKES.get(kind);
  if (take !== undefined && take(update, taken)) return;
  session.report(...translate(update, scopeOf(session, rawRef)));
}

/** `false`: the update is not what it was. */
type Take = (update: Update, taken: Taken) => boolean;

function on<S extends z.ZodType>(schema: S, take: (data: z.output<S>, taken: Taken) => void): Take {
  return (update, taken) => {
    const parsed = schema.safeParse(update);
    if (parsed.success) take(parsed.data, taken);
    return parsed.success;
  };
}

/** Updates that change what is known of the session. */
type Told = Exclude<
  acp.SessionUpdate['sessionUpdate'],
  | 'user_message_chunk'
  | 'session_info_update'
  | 'plan'
  | 'notice'
  | 'compaction_update'
  | 'compaction_summary_chunk'
>;

const BY_KIND: Readonly<Record<Told, Take>> = {
  agent_message_chunk: on(wire.chunkSchema, (chunk, { session, rawRef }) => {
    if (!session.transcript.isRunning && isModeEcho(blockText(chunk.content))) return;
    session.report(...session.transcript.said('assistant_message', chunk, rawRef));
  }),
  agent_thought_chunk: on(wire.chunkSchema, (chunk, { session, rawRef }) =>
    session.report(...session.transcript.said('reasoning', chunk, rawRef)),
  ),
  tool_call: on(wire.toolCallSchema, takeCall),
  tool_call_update: on(wire.toolCallSchema, takeCall),
  available_commands_update: on(wire.commandsSchema, ({ availableCommands }, { run }) =>
    run.host.reportInstance({ type: 'instance.reported', report: commandsOf(availableCommands) }),
  ),
  current_mode_update: on(wire.modeSchema, ({ currentModeId }, { session }) =>
    session.controls.changed('mode', currentModeId),
  ),
  config_option_update: on(wire.configSchema, ({ configOptions }, { session }) =>
    session.controls.take({ configOptions }),
  ),
  usage_update: on(wire.usageSchema, (told, { session }) => {
    const { connectionId } = session;
    session.usage = usageOfUpdate(session.usage, told);
    session.report({ type: 'provider.usageReported', connectionId, usage: session.usage });
  }),
};

/** By kind. */
export const TAKES: ReadonlyMap<string, Take> = new Map(Object.entries(BY_KIND));

function takeCall(call: wire.ToolCall, { session, rawRef }: Taken): void {
  session.report(...session.transcript.called(call, rawRef));
}

// ---- what the agent no longer asks -------------------------------------------------------------------------------

function takeCancel(session: Session, params: unknown): void {
  const { data } = wire.cancelSchema.safeParse(params);
  if (data !== undefined) close(session, data.requestId);
}

/** A page was left by itself; its request has nothing to be answered any more. */
function takePageDone(session: Session, params: unknown): void {
  const { data } = wire.elicitationDoneSchema.safeParse(params);
  const done = data?.elicitationId;
  const isIt = ({ form }: { readonly form: { readonly kind: string } }): boolean =>
    form.kind === 'page' && Reflect.get(form, 'elicitationId') === done;
  session.requests.removeWhere((request) => {
    if (!isIt(request)) return false;
    session.process.respond(request.nativeId, { action: 'accept', content: {} });
    tellClosed(session, request.nativeId);
    return true;
  });
}

function close(session: Session, nativeId: JsonRpcId): void {
  const requestId = requestIdOf(session.connectionId, String(nativeId));
  if (session.requests.remove(requestId) === null) return;
  session.process.refuse(nativeId, CANCELLED, 'cancelled');
  tellClosed(session, nativeId);
}

function tellClosed(session: Session, nativeId: JsonRpcId): void {
  const { connectionId } = session;
  const requestId = requestIdOf(connectionId, String(nativeId));
  session.report({ type: 'provider.requestResolved', connectionId, requestId, owner: 'turn' });
}
