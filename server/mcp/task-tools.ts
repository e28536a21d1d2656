/** Tools for tasks: to hand one to another agent, and to learn what comes of it. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { commandSchema } from '../../machines/domain/command.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import {
  commandIdSchema,
  instanceIdSchema,
  threadIdSchema,
  turnIdSchema,
  type CommandId,
  type ThreadId,
  type TurnId,
} from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import { interactionModeSchema, runtimeModeSchema } from '../../machines/domain/settings.ts';
import { wakeSchema } from '../../machines/domain/task.ts';
import { delegationItemOf } from '../../machines/thread-tasks.ts';
import { ACTS, freshCommandId, READS, tool, type Call, type Tool } from './tool.ts';
import { waitUntil } from './waiting.ts';

const SECOND_MS = 1000;
/** A little less than what some agents wait for a tool. */
const DEFAULT_WAIT_S = 50;
export const MOST_WAIT_S = 120;
const WAITED_COUNT = 32;

const requestId = z
  .string()
  .min(1)
  .max(128)
  .optional()
  .describe('the same id again has the first answer again, and nothing is done twice');

const capabilities = tool({
  name: 'capabilities',
  description: 'Which agents and models tasks can be given to, and what you may do yourself.',
  input: z.object({}),
  annotations: READS,
  run: ({ runtime: { reads, family }, principal: { threadId } }) => {
    const { row, settings } = family.state(threadId, threadId);
    const { runtimeMode, interactionMode } = settings;
    const { depth, aliveCount } = family.bounds;
    return {
      you: { threadId, instanceId: row.instanceId, model: row.model, runtimeMode, interactionMode },
      instances: reads.instances().map(({ instanceId, driver, state, models, reason }) => ({
        instanceId,
        driver,
        state,
        ...(reason !== undefined && { reason }),
        models: models.map((model) => model.id),
      })),
      runtimeModes: runtimeModeSchema.options,
      interactionModes: interactionModeSchema.options,
      wakePolicies: wakeSchema.options,
      tasksLeft: Math.max(0, aliveCount - family.busyCount(threadId)),
      depthLeft: Math.max(0, depth - family.depth(threadId)),
    };
  },
});

const delegate = tool({
  name: 'delegate',
  description:
    'Gives a task to another agent, in a new thread that works in the same folder, and returns at once. It may do no more than you may. Its end wakes you by `wake`: `settled` (default; when you have nothing to do, unless you have read the result), `always` (queued at once), `never`.',
  input: z.object({
    task: z.string().min(1).max(200_000).describe('the prompt; the other agent knows nothing else of yours'),
    instanceId: instanceIdSchema.optional().describe('default: your own kind of agent'),
    model: z.string().min(1).max(128).optional(),
    title: z.string().max(200).optional(),
    runtimeMode: runtimeModeSchema.optional(),
    interactionMode: interactionModeSchema.optional(),
    wake: wakeSchema.optional(),
    threadId: threadIdSchema.optional().describe('a thread of an earlier task of yours, to go on with it'),
    clientRequestId: requestId,
  }),
  annotations: ACTS,
  run: async (call, { task: text, threadId: to, clientRequestId, ...rest }) => {
    const { threadId } = call.principal;
    const command = commandSchema.parse({
      type: 'task.delegate',
      threadId,
      text,
      ...(to && { to }),
      ...rest,
    });
    const result = await call.runtime.dispatch(commandIdOf(call, clientRequestId), command);
    return { taskId: result.turnId, threadId: result.threadId, duplicate: result.duplicate };
  },
});

/** Of one thread's own request: another thread's is another command. */
export function commandIdOf(call: Call, clientRequestId: string | undefined): CommandId {
  if (clientRequestId === undefined) return freshCommandId(call);
  const { threadId } = call.principal;
  const digest = createHash('sha256').update(`${threadId}\n${clientRequestId}`).digest('base64url');
  return commandIdSchema.parse(`mcp:${digest}`);
}

type Delegation = ItemRow & { readonly body: Extract<ItemRow['body'], { kind: 'delegation' }> };

/** @throws {RuntimeError} TASK_NOT_FOUND */
function taskOf({ runtime, principal: { threadId } }: Call, taskId: TurnId): Delegation {
  const item = runtime.reads.item(threadId, delegationItemOf(threadId, taskId));
  if (item !== null && isDelegation(item)) return item;
  throw new RuntimeError('TASK_NOT_FOUND', `thread ${threadId} has delegated no task ${taskId}`);
}

const isDelegation = (item: ItemRow): item is Delegation => item.body.kind === 'delegation';
const isOver = ({ status }: ItemRow): boolean => status !== 'open';

/** As it is now. */
function shownTask({ runtime: { family }, principal }: Call, item: Delegation): object {
  const { taskId, threadId, instanceId, title, outcome, failure } = item.body;
  const task = { taskId, threadId, instanceId, title };
  if (outcome !== undefined) {
    const why = failure && { failure: { code: failure.code, message: failure.message } };
    return { ...task, status: outcome, ...why, result: item.text };
  }
  const { row, queue } = family.state(principal.threadId, threadId);
  const isQueued = queue.entries.some((entry) => entry.turnId === taskId);
  return {
    ...task,
    status: isQueued ? 'queued' : 'working',
    ...(isQueued && queue.status === 'held' && { held: queue.reason }),
    ...(row.openRequestCount > 0 && { waitsForPerson: true }),
  };
}

/** Whoever reads a result need not be told of it. */
async function shown(call: Call, taskIds: readonly TurnId[]): Promise<object[]> {
  const items = taskIds.map((taskId) => taskOf(call, taskId));
  const over = items.filter((item) => isOver(item)).map(({ body }) => body.taskId);
  if (over.length > 0) {
    const { threadId } = call.principal;
    await call.runtime.dispatch(freshCommandId(call), { type: 'task.acknowledge', threadId, taskIds: over });
  }
  return items.map((item) => shownTask(call, item));
}

const status = tool({
  name: 'status',
  description: 'What has become of a task. A result that you read here you are not woken for.',
  input: z.object({ taskId: turnIdSchema }),
  annotations: READS,
  run: async (call, { taskId }) => (await shown(call, [taskId]))[0] ?? {},
});

const wait = tool({
  name: 'wait',
  description:
    'Waits until tasks have ended, all of them or the first one, and says what has become of each. With nothing ended in time it returns as well: call it again, or end your turn and be woken.',
  input: z.object({
    taskIds: z.array(turnIdSchema).min(1).max(WAITED_COUNT),
    until: z.enum(['all', 'first']).default('all'),
    timeoutSeconds: z.number().min(0).max(MOST_WAIT_S).default(DEFAULT_WAIT_S),
  }),
  annotations: READS,
  run: async (call, { taskIds, until, timeoutSeconds }) => {
    const isDone = (): boolean => {
      const over = taskIds.filter((taskId) => isOver(taskOf(call, taskId)));
      return until === 'all' ? over.length === taskIds.length : over.length > 0;
    };
    const isInTime = await waitUntil(call, isDone, timeoutSeconds * SECOND_MS);
    return { timedOut: !isInTime, tasks: await shown(call, taskIds) };
  },
});

const cancel = tool({
  name: 'cancel',
  description: 'Ends a task: what its agent does is interrupted, or it is never begun.',
  input: z.object({ taskId: turnIdSchema }),
  annotations: ACTS,
  run: async (call, { taskId }) => {
    const item = taskOf(call, taskId);
    if (!isOver(item)) await end(call, item.body.threadId, taskId);
    return shownTask(call, taskOf(call, taskId));
  },
});

/** It runs, or waits in the queue; or it has just ended, which is as good. */
async function end(call: Call, threadId: ThreadId, taskId: TurnId): Promise<void> {
  const { queue, row } = call.runtime.family.state(call.principal.threadId, threadId);
  const isQueued = queue.entries.some((entry) => entry.turnId === taskId);
  if (isQueued) {
    const command = { type: 'queue.cancel', threadId, queueEntryId: taskId } as const;
    await call.runtime.dispatch(freshCommandId(call), command);
  } else if (row.activeTurnId === taskId) {
    const command = { type: 'turn.interrupt', threadId, turnId: taskId } as const;
    await call.runtime.dispatch(freshCommandId(call), command);
  }
}

export const TASK_TOOLS: readonly Tool[] = [capabilities, delegate, status, wait, cancel];
