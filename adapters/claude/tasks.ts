/** What claude tells of its tasks: commands in the background, and sub-agents. */
import type { z } from 'zod';
import type { ItemStatus } from '../../machines/domain/item.ts';
import { beginAgent, INTERRUPTED, type Speaker } from './agents.ts';
import { failureOfResult } from './failures.ts';
import { textIn } from './items.ts';
import type { TurnResult } from './prompts.ts';
import type { Session } from './sessions.ts';
import { AGENT_TASK } from './transcript.ts';
import * as wire from './wire.ts';

interface Taken {
  readonly session: Session;
  readonly rawRef: string;
}

/** Whose call it is; the main thread's where nobody knows it. */
export const callerOf = (session: Session, callId: string | null | undefined): Speaker =>
  session.speakers.find(({ transcript }) => transcript.has(callId ?? '')) ?? session;

/** 2.1.197 says that a nested sub-agent has begun before it tells of the call; newer versions also say where it runs. */
export function takeTaskStart(task: wire.TaskStarted, taken: Taken): void {
  const { session, rawRef } = taken;
  const { tool_use_id: callId, is_backgrounded: isBackground } = task;
  const isKnown = session.speakers.some(({ transcript }) => transcript.has(callId ?? ''));
  const isEarly = !isKnown && (isBackground ?? null) === null && task.task_type === AGENT_TASK;
  if (isEarly && typeof callId === 'string') session.earlyTasks.set(callId, { task, rawRef });
  else startTask(task, taken);
}

/** Calls are told of. */
export function startEarlyTasks(session: Session): void {
  for (const [callId, { task, rawRef }] of session.earlyTasks) {
    if (!session.speakers.some(({ transcript }) => transcript.has(callId))) continue;
    session.earlyTasks.delete(callId);
    startTask(task, { session, rawRef });
  }
}

function startTask(task: wire.TaskStarted, taken: Taken): void {
  const { session: carrier, rawRef } = taken;
  const { task_id: taskId, tool_use_id: callId = null, description: title, prompt, uuid: key } = task;
  const owner = callerOf(carrier, callId);
  owner.report(...owner.transcript.taskStarted(task, { turn: owner.turn, rawRef }));
  if (task.task_type !== AGENT_TASK || task.ambient === true) return;
  const isCall = callId !== null && owner.transcript.has(callId);
  const asked = { taskId, callId: isCall ? callId : null, key, title, prompt };
  beginAgent(carrier.agents, { carrier, owner, rawRef }, asked);
}

/** The result of a message to a sub-agent: it reads it as soon as it can. Older versions say only here that it was woken. */
export function takeMessage(
  frame: wire.UserFrame,
  owner: Speaker,
  { session: carrier, rawRef }: Taken,
): void {
  const sent = sentIn(frame, owner);
  if (sent === null) return;
  const { taskId, callId, isWoken, input } = sent;
  const [prompt, title, key] = [textIn(input, 'message'), textIn(input, 'summary'), frame.uuid];
  if (isWoken) beginAgent(carrier.agents, { carrier, owner, rawRef }, { taskId, callId, key, title, prompt });
  else carrier.agents.of(taskId)?.told(prompt, key, rawRef);
}

function sentIn({ message, tool_use_result: details }: wire.UserFrame, { transcript }: Speaker) {
  const { data } = wire.sentResultSchema.safeParse(details);
  const [part] = typeof message.content === 'string' ? [] : message.content;
  const callId = wire.toolResultSchema.safeParse(part).data?.tool_use_id ?? '';
  const input = transcript.inputOf(callId);
  const woken = data?.resumedAgentId ?? null;
  const taskId = woken ?? data?.pin?.id;
  if (input === null || taskId === undefined) return null;
  return { taskId, callId, isWoken: woken !== null, input };
}

const STATUS: Readonly<Record<string, ItemStatus>> = {
  completed: 'completed',
  failed: 'failed',
  stopped: 'interrupted',
};

interface End {
  readonly taskId: string;
  readonly status: ItemStatus;
  readonly summary: string;
}

export function takeTaskEnd(task: z.infer<typeof wire.taskNotificationSchema>, taken: Taken): void {
  const { session } = taken;
  const { task_id: taskId, summary } = task;
  if (typeof task.tool_use_id === 'string') session.earlyTasks.delete(task.tool_use_id);
  const owner = ownerOf(session, taskId);
  const isTold = endTask({ taskId, status: STATUS[task.status] ?? 'unknown', summary }, taken);
  // a sub-agent that works takes it into its turn
  const isMain = owner === session || !isWorking(session, owner);
  if (isTold && isMain && task.status !== 'stopped') session.prompts.taskEnded();
}

export function takeTasksLeft(living: ReadonlySet<string>, taken: Taken): void {
  const gone = taken.session.speakers.flatMap(({ transcript }) => transcript.tasksGone(living));
  for (const taskId of gone) endTask({ taskId, status: 'interrupted', summary: '' }, taken);
}

/** Sub-agents whose call is over are over, too. */
export function endOrphans({ session, rawRef }: Taken): void {
  const hasTask = (taskId: string): boolean =>
    session.speakers.some(({ transcript }) => transcript.hasTask(taskId));
  for (const agent of session.agents.all) {
    if (agent.isRunning && !hasTask(agent.taskId)) agent.end(INTERRUPTED, rawRef);
  }
}

const ownerOf = (session: Session, taskId: string): Speaker =>
  session.speakers.find(({ transcript }) => transcript.hasTask(taskId)) ?? session;

const isWorking = ({ agents }: Session, speaker: Speaker): boolean =>
  agents.on(speaker.connectionId)?.isRunning === true;

/** `true`: it was work in the background. */
function endTask({ taskId, status, summary }: End, { session, rawRef }: Taken): boolean {
  const owner = ownerOf(session, taskId);
  const agent = session.agents.of(taskId);
  agent?.end(endOf(status, summary, agent.errorWord), rawRef);
  const end = { status, summary, said: (status === 'completed' && agent?.transcript.said) || '' };
  const reports = owner.transcript.taskEnded(taskId, end, { turn: owner.turn, rawRef });
  owner.report(...reports);
  endOrphans({ session, rawRef });
  session.agents.removeOver();
  return reports.length > 0;
}

function endOf(status: ItemStatus, summary: string, errorWord: string): TurnResult {
  if (status === 'completed') return { outcome: 'completed', failure: null };
  if (status !== 'failed') return INTERRUPTED;
  const result = { subtype: 'task', is_error: true, result: summary, modelUsage: {} };
  return { outcome: 'failed', failure: failureOfResult(result, errorWord) };
}
