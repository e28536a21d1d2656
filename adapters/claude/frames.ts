/** Where the frames of a process go: to its thread, or to the instance. */
import { z } from 'zod';
import { requestIdOf } from '../../machines/domain/ids.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { Speaker } from './agents.ts';
import { askedIn, NOT_ASKED, PLANNED, PLANNING, replyTo, ruledAnswer, type Asked } from './approvals.ts';
import type { LoggedFrame } from './claude-process.ts';
import { elicitedIn } from './elicitation.ts';
import { failureOfResult } from './failures.ts';
import { mergeRateLimit, rateLimitIn } from './instance-report.ts';
import { textIn } from './items.ts';
import { PERMISSION_MODES } from './policy.ts';
import type { Run } from './run.ts';
import type { TurnResult } from './prompts.ts';
import type { Session } from './sessions.ts';
import type { Place } from './speech.ts';
import {
  callerOf,
  endOrphans,
  startEarlyTasks,
  takeMessage,
  takeTaskEnd,
  takeTasksLeft,
  takeTaskStart,
} from './tasks.ts';
import { errorItem, nameOf, resultOf, translate, unrecognized, usageOf } from './translate.ts';
import * as wire from './wire.ts';
import type { CanUseTool, Frame } from './wire.ts';

interface Taken {
  readonly run: Run;
  readonly session: Session;
  readonly frame: Frame;
  readonly rawRef: string;
}

export function takeFrame(run: Run, session: Session, { frame, rawRef }: LoggedFrame): void {
  const take = TAKES.get(nameOf(frame));
  const isTaken = take?.({ run, session, frame, rawRef }) === true;
  if (!isTaken) session.report(...translate(frame, scopeOf(session, rawRef)));
  session.reportFolding();
}

const scopeOf = ({ connectionId, prompts }: Session, rawRef: string) => ({
  connectionId,
  turn: prompts.current,
  rawRef,
});

const placeOf = ({ session, rawRef }: Taken, speaker: Speaker = session): Place => ({
  turn: speaker.turn,
  rawRef,
});

/** `false`: the frame is not what it was, or has something for the transcript besides. */
type Take = (taken: Taken) => boolean;

function on<S extends z.ZodType>(schema: S, take: (data: z.output<S>, taken: Taken) => boolean | void): Take {
  return (taken) => {
    const parsed = schema.safeParse(taken.frame);
    return parsed.success && take(parsed.data, taken) !== false;
  };
}

export const TAKES: ReadonlyMap<string, Take> = new Map<string, Take>([
  [
    'command_lifecycle',
    on(wire.lifecycleSchema, ({ command_uuid: uuid, state }, { session }) =>
      session.report(...session.prompts.lifecycle(uuid, state)),
    ),
  ],
  ['system/init', on(wire.initSchema, takeInit)],
  ['result', on(wire.resultSchema, takeResult)],
  ['stream_event', (taken) => said(taken, taken.session.transcript.stream(taken.frame, placeOf(taken)))],
  ['assistant', on(wire.assistantSchema, takeAssistant)],
  ['user', on(wire.userSchema, takeUser)],
  ['control_request', on(wire.controlRequestSchema, takeRequest)],
  ['control_cancel_request', on(wire.controlCancelSchema, takeCancel)],
  ['conversation_reset', () => true],
  ['system/status', on(wire.statusSchema, takeStatus)],
  [
    'system/api_retry',
    (taken) => {
      said(taken, taken.session.transcript.drop(placeOf(taken)));
      return false;
    },
  ],
  ['system/task_started', on(wire.taskStartedSchema, (task, taken) => takeTaskStart(task, taken))],
  [
    'system/task_updated',
    on(wire.taskUpdatedSchema, ({ task_id: taskId, patch }, { session }) => {
      if (patch.is_backgrounded) for (const { transcript } of session.speakers) transcript.taskMoved(taskId);
    }),
  ],
  ['system/task_notification', on(wire.taskNotificationSchema, (task, taken) => takeTaskEnd(task, taken))],
  [
    'system/background_tasks_changed',
    on(wire.tasksChangedSchema, ({ tasks }, taken) =>
      takeTasksLeft(new Set(tasks.map(({ task_id: taskId }) => taskId)), taken),
    ),
  ],
  [
    'system/permission_denied',
    on(wire.permissionDeniedSchema, ({ tool_use_id: toolUseId }, { session }) => {
      for (const { transcript } of session.speakers) transcript.declined(toolUseId);
    }),
  ],
  ['rate_limit_event', takeRateLimit],
]);

function said({ session }: Taken, reports: readonly ProviderReport[]): true {
  session.report(...reports);
  return true;
}

function takeInit(
  { uuid, session_id: sessionId, capabilities }: ReturnType<typeof wire.initSchema.parse>,
  { session }: Taken,
): void {
  const { opened } = session;
  if (opened !== null && opened.nativeThreadId !== sessionId) {
    // `/clear` has begun another conversation
    session.sessionId = sessionId;
    session.isKept = false;
    session.opened = { ...opened, nativeThreadId: sessionId, resumed: false };
    session.report(session.opened);
  }
  session.report(...session.prompts.began(uuid, capabilities));
}

function takeResult(result: wire.Result, { session, rawRef }: Taken): void {
  if (session.phase === 'opening') {
    session.startError = result.errors?.join('\n') ?? result.result ?? '';
    return;
  }
  const scope = scopeOf(session, rawRef);
  const end = endOf(result, session);
  const { failure } = end;
  session.errorWord = '';
  const usage = usageOf(result, session.transcript.usage);
  session.report({ type: 'provider.usageReported', connectionId: session.connectionId, usage });
  if (failure !== null) session.report(errorItem(failure, scope));
  session.report(...session.prompts.ended(end));
  session.isKept = true;
  if (session.prompts.isRunning) return;
  session.transcript.endTurn();
  endOrphans({ session, rawRef });
}

/** A compaction that failed is a success to claude. */
function endOf(result: wire.Result, session: Session): TurnResult {
  const end = resultOf(result);
  if (end.outcome === 'failed') return { ...end, failure: failureOfResult(result, session.errorWord) };
  const error = session.isCompacting ? (session.compaction?.error ?? null) : null;
  if (end.outcome !== 'completed' || error === null) return end;
  if (session.transcript.isInterrupted) return { outcome: 'interrupted', failure: null };
  return { outcome: 'failed', failure: failureOfResult({ ...result, result: error }) };
}

function takeAssistant(frame: wire.AssistantFrame, taken: Taken): void {
  const { session, rawRef } = taken;
  const agent = session.agents.speaking(frame.agent_id, frame.parent_tool_use_id);
  if (agent === null) {
    session.errorWord = frame.error ?? '';
    const speaker = callerOf(session, frame.parent_tool_use_id);
    speaker.report(...speaker.transcript.assistant(frame, placeOf(taken, speaker)));
  } else agent.says(frame, rawRef);
  startEarlyTasks(session);
}

/** Prompts come back when claude reads them; results of tools come as messages of the user, too. */
function takeUser(frame: wire.UserFrame, taken: Taken): void {
  const { session } = taken;
  if (frame.isReplay === true) return session.report(...session.prompts.replayed(frame.uuid));
  const agent = session.agents.speaking(frame.agent_id, frame.parent_tool_use_id);
  const speaker = agent ?? callerOf(session, frame.parent_tool_use_id);
  takeMessage(frame, speaker, taken);
  speaker.report(...speaker.transcript.user(frame, placeOf(taken, speaker)));
}

/** A plan of claude's own that was accepted brings it back into its default mode, not into that of the thread. */
function takeStatus(
  {
    permissionMode,
    compact_result: compacted,
    compact_error: why,
  }: ReturnType<typeof wire.statusSchema.parse>,
  { run, session }: Taken,
): false {
  if (compacted === 'failed' && session.compaction !== null) session.compaction.error = why ?? '';
  const mode = PERMISSION_MODES.find((each) => each === permissionMode);
  if (mode === undefined) return false;
  const isOver = session.permissionMode === 'plan' && mode !== 'plan';
  session.permissionMode = mode;
  const { permissionMode: wanted } = session.inEffect;
  if (isOver && wanted !== 'plan' && wanted !== mode) {
    session.process
      .ask({ subtype: 'set_permission_mode', params: { mode: wanted }, answer: z.unknown() })
      .catch((error: unknown) =>
        run.host.warn('a mode could not be set', { mode: wanted, error: String(error) }),
      );
  }
  return false;
}

function takeRateLimit({ run, frame }: Taken): boolean {
  const window = rateLimitIn(frame);
  const merged = window === null ? null : mergeRateLimit(run.rateLimits, window);
  if (merged === null) return true;
  run.rateLimits = merged;
  run.host.reportInstance({ type: 'instance.reported', report: { rateLimits: merged } });
  return true;
}

// ---- requests ----------------------------------------------------------------------------------------------------

/** A request of claude is always answered: by a person, by the thread's settings, or at once with an error. */
function takeRequest(
  { request_id: nativeId, request }: ReturnType<typeof wire.controlRequestSchema.parse>,
  taken: Taken,
): void {
  const { session, frame, rawRef } = taken;
  if (request.subtype === 'elicitation' && tookElicitation(nativeId, request, taken)) return;
  const { data } = wire.canUseToolSchema.safeParse(request.subtype === 'can_use_tool' ? request : null);
  if (data === undefined) {
    session.process.refuse(nativeId, `${request.subtype} is not supported by this client`);
    return session.report(unrecognized({ ...frame, subtype: request.subtype }, scopeOf(session, rawRef)));
  }
  const speaker = session.agents.of(data.agent_id) ?? callerOf(session, data.tool_use_id);
  const { connectionId, turn, transcript } = speaker;
  const place = { connectionId, cwd: session.cwd, rawRef, turn, transcript };
  const asked = askedIn(data, { ...place, nativeRequestId: nativeId });
  if (answeredByRule(data, asked, { ...taken, speaker })) return;
  openRequest(speaker, asked);
}

function tookElicitation(nativeRequestId: string, request: unknown, { session, rawRef }: Taken): boolean {
  const { data } = wire.elicitationSchema.safeParse(request);
  const { connectionId, prompts } = session;
  const scope = { connectionId, nativeRequestId, rawRef, turn: prompts.current };
  const asked = data === undefined ? null : elicitedIn(data, scope);
  if (asked !== null) openRequest(session, asked);
  return asked !== null;
}

function openRequest(speaker: Speaker, { form, report }: Asked): void {
  const { requestId, nativeRequestId: nativeId } = report.request;
  speaker.requests.add(requestId, { nativeId, toolUseId: form.toolUseId, form });
  speaker.report(report);
}

interface TakenOf extends Taken {
  readonly speaker: Speaker;
}

function answeredByRule(asked: CanUseTool, { form, report }: Asked, taken: TakenOf): boolean {
  const { session, speaker } = taken;
  const { asks } = session.inEffect;
  const answer = ruledAnswer(asked, session.inEffect);
  if (answer === null) return false;
  const isNo = 'decision' in answer && answer.decision === 'decline';
  const isPlan = isNo && asked.tool_name === 'ExitPlanMode';
  if (isPlan) {
    const plan = textIn(asked.input, 'plan');
    speaker.report(...speaker.transcript.planned(asked.tool_use_id, plan, placeOf(taken, speaker)));
  } else if (isNo) speaker.transcript.declined(asked.tool_use_id);
  const message = isPlan ? PLANNED : asks === 'plan' ? PLANNING : NOT_ASKED;
  session.process.answer(report.request.nativeRequestId, replyTo(form, answer, message));
  return true;
}

function takeCancel(
  { request_id: nativeId }: ReturnType<typeof wire.controlCancelSchema.parse>,
  { session }: Taken,
): void {
  for (const speaker of session.speakers) {
    const { connectionId, requests } = speaker;
    const requestId = requestIdOf(connectionId, nativeId);
    if (requests.remove(requestId) === null) continue;
    speaker.report({ type: 'provider.requestResolved', connectionId, requestId, owner: 'turn' });
  }
}
