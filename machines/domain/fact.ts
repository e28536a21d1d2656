/**
 * What the charts drew from an input: persisted, append-only, and what clients see in `event` frames. Views are built
 * from facts alone (`evolve.ts`).
 */
import { z } from 'zod';
import {
  changesSchema,
  overlapSchema,
  pointSchema,
  restoredSchema,
  rollbackTargetSchema,
} from './checkpoint.ts';
import { failureSchema } from './error.ts';
import {
  connectionIdSchema,
  instanceIdSchema,
  itemIdSchema,
  requestIdSchema,
  threadIdSchema,
  turnIdSchema,
} from './ids.ts';
import { itemSchema, itemStatusSchema } from './item.ts';
import { lineageSchema } from './lineage.ts';
import { answerSchema, ownerSchema, requestOutcomeSchema, requestSchema } from './request.ts';
import {
  deliveryModeSchema,
  interactionModeSchema,
  optionsSchema,
  policySchema,
  runtimeModeSchema,
  settingsSchema,
  sourcePlanSchema,
} from './settings.ts';
import { taskOutcomeSchema, taskSchema } from './task.ts';
import { transferSchema } from './transfer.ts';
import {
  holdReasonSchema,
  interruptReasonSchema,
  originSchema,
  queueEntrySchema,
  turnOutcomeSchema,
  turnSettingsSchema,
  usageSchema,
} from './turn.ts';
import { madeWorktreeSchema, worktreeRequestSchema } from './worktree.ts';

const fact = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape });

export const statusSchema = z.enum(['starting', 'running', 'ready', 'interrupted', 'stopped', 'error']);
export type Status = z.infer<typeof statusSchema>;

const attempt = z.number().int().positive();

export const factSchema = z.discriminatedUnion('type', [
  // thread
  fact('thread.created', {
    threadId: threadIdSchema,
    settings: settingsSchema,
    /** Absent: it did not branch off another one. */
    lineage: lineageSchema.optional(),
  }),
  /** The agent has begun a sub-agent, or gone on with one, which is a thread of its own; the item stands for it here. */
  fact('subagent.started', {
    childId: threadIdSchema,
    itemId: itemIdSchema,
    turnId: turnIdSchema.nullable(),
  }),
  /** Another thread branched off after that turn, which may be one that this thread has inherited. */
  fact('thread.forked', { childId: threadIdSchema, turnId: turnIdSchema.nullable() }),
  fact('thread.titleSet', { title: z.string() }),
  fact('thread.modelSet', { model: z.string().nullable(), options: optionsSchema }),
  fact('thread.runtimeModeSet', { runtimeMode: runtimeModeSchema, policy: policySchema }),
  fact('thread.interactionModeSet', { interactionMode: interactionModeSchema }),
  fact('thread.deliveryModeSet', { deliveryMode: deliveryModeSchema }),
  /** Connection, model and options are those of another instance from now on. */
  fact('thread.providerSwitched', {
    from: instanceIdSchema,
    instanceId: instanceIdSchema,
    model: z.string().nullable(),
    options: optionsSchema,
  }),
  fact('thread.archived', {}),
  fact('thread.unarchived', {}),
  /** A delete was accepted; the connection is being closed. */
  fact('thread.deleting', {}),
  fact('thread.deleted', {}),
  /** Stated whenever one of the three changed; `lastError` is kept until the next `ready`. */
  fact('thread.statusChanged', {
    status: statusSchema,
    activeTurnId: turnIdSchema.nullable(),
    lastError: failureSchema.nullable(),
  }),

  /** Turns above `after`, up to `until`, are carried to its parent. */
  fact('thread.mergedBack', {
    into: threadIdSchema,
    after: z.number().int().nonnegative(),
    until: z.number().int().nonnegative(),
  }),

  // what its agent has other threads do
  fact('task.delegated', { task: taskSchema }),
  /** The item has the result. */
  fact('task.ended', { taskId: turnIdSchema, outcome: taskOutcomeSchema, failure: failureSchema.nullable() }),
  /** Who asked for them has read the results, or is told of them with the prompt `queueEntryId`. */
  fact('task.told', { taskIds: z.array(turnIdSchema), queueEntryId: turnIdSchema.nullable() }),

  // its working tree
  /** It is being made; prompts wait for it. */
  fact('worktree.preparing', { request: worktreeRequestSchema }),
  /** The thread works in it from now on. */
  fact('worktree.ready', { made: madeWorktreeSchema }),
  /** The next prompt tries again. */
  fact('worktree.failed', { failure: failureSchema }),

  // connection
  fact('connection.opening', { connectionId: connectionIdSchema, resume: z.string().nullable() }),
  fact('connection.opened', {
    connectionId: connectionIdSchema,
    nativeThreadId: z.string(),
    resumed: z.boolean(),
    model: z.string().nullable(),
  }),
  /** The provider no longer knows the conversation; the next prompt begins a new one. */
  fact('connection.sessionForgotten', { nativeThreadId: z.string(), failure: failureSchema }),
  /** Another thread's connection carries the one of this thread, which is a sub-agent of that. */
  fact('connection.adopted', {
    connectionId: connectionIdSchema,
    nativeThreadId: z.string().nullable(),
    model: z.string().nullable(),
  }),
  fact('connection.closing', {
    connectionId: connectionIdSchema,
    why: z.enum(['stop', 'idle', 'settings', 'archive', 'delete', 'suspect', 'switch', 'rollback']),
  }),
  fact('connection.closed', { connectionId: connectionIdSchema }),
  fact('connection.closeFailed', { connectionId: connectionIdSchema, failure: failureSchema }),
  fact('connection.lost', { connectionId: connectionIdSchema, failure: failureSchema }),

  // turns
  fact('turn.began', {
    turnId: turnIdSchema,
    ordinal: z.number().int().positive(),
    attempt,
    origin: originSchema,
    side: z.boolean(),
    nativeTurnId: z.string().nullable(),
    settings: turnSettingsSchema.nullable(),
    sourcePlan: sourcePlanSchema.nullable(),
  }),
  /** The provider has taken the prompt. */
  fact('turn.accepted', { turnId: turnIdSchema, attempt, nativeTurnId: z.string().nullable() }),
  /** An interrupt reaches the turn from now on. */
  fact('turn.started', { turnId: turnIdSchema, attempt, nativeTurnId: z.string().nullable() }),
  /** A steer by interrupt and restart: the same turn begins again with another prompt. */
  fact('turn.attempted', { turnId: turnIdSchema, attempt }),
  /** A side turn became the active one. */
  fact('turn.promoted', { turnId: turnIdSchema }),
  fact('turn.interrupting', { turnId: turnIdSchema, reason: interruptReasonSchema }),
  /** The text joined the turn; its user message is the item. */
  fact('turn.steered', { turnId: turnIdSchema, steerId: turnIdSchema, itemId: itemIdSchema }),
  /** It is not known whether the provider took the steer. */
  fact('turn.steerUnanswered', { turnId: turnIdSchema, steerId: turnIdSchema }),
  /** The one terminal fact of a turn. `started`: the provider had begun it. */
  fact('turn.ended', {
    turnId: turnIdSchema,
    outcome: turnOutcomeSchema,
    started: z.boolean(),
    failure: failureSchema.nullable(),
    reason: interruptReasonSchema.nullable(),
    into: turnIdSchema.nullable(),
  }),

  // transcript
  fact('item.started', { item: itemSchema }),
  fact('item.updated', { item: itemSchema }),
  fact('item.completed', { item: itemSchema }),
  fact('item.delta', { itemId: itemIdSchema, text: z.string() }),
  /** The whole text of an item where it stood in deltas only, stated before they are pruned; its times stay. */
  fact('item.closed', { itemId: itemIdSchema, text: z.string(), status: itemStatusSchema }),

  // what is carried from one conversation to another; its text is an item
  fact('transfer.planned', { transfer: transferSchema }),
  /** `by`: the one in its place; `null`: there is nothing left to tell. */
  fact('transfer.superseded', { transferId: itemIdSchema, by: itemIdSchema.nullable() }),
  /** The provider has taken the prompt that they went with. */
  fact('transfer.consumed', { transferIds: z.array(itemIdSchema), turnId: turnIdSchema }),

  // requests
  fact('request.opened', { request: requestSchema }),
  fact('request.answering', { requestId: requestIdSchema, answer: answerSchema }),
  fact('request.delivered', { requestId: requestIdSchema }),
  fact('request.undeliverable', { requestId: requestIdSchema, failure: failureSchema }),
  fact('request.closed', { requestId: requestIdSchema, outcome: requestOutcomeSchema }),
  /** Its turn has completed and the task that asks goes on. */
  fact('request.handedOver', { requestId: requestIdSchema, owner: ownerSchema }),
  /** Asked while the turn was being ended: the server said no for the user. */
  fact('request.refused', { requestId: requestIdSchema }),

  // files of the workspace
  fact('checkpoint.capturing', { turnId: turnIdSchema, point: pointSchema }),
  /** `changes`: of the whole turn, with its second point. */
  fact('checkpoint.captured', {
    turnId: turnIdSchema,
    point: pointSchema,
    root: z.string(),
    tree: z.string(),
    ref: z.string(),
    head: z.string().nullable().optional(),
    changes: changesSchema.nullable(),
    overlaps: z.array(overlapSchema),
  }),
  /** There is nothing to capture, such as a repository. */
  fact('checkpoint.missing', { turnId: turnIdSchema, point: pointSchema, reason: z.string() }),
  /** Given up. */
  fact('checkpoint.failed', { turnId: turnIdSchema, point: pointSchema, failure: failureSchema }),
  fact('rollback.began', { rollbackId: itemIdSchema, target: rollbackTargetSchema }),
  /** With a failure the conversation stays as it was, and so do the turns. */
  fact('rollback.ended', {
    rollbackId: itemIdSchema,
    target: rollbackTargetSchema,
    /** The turns that come after it, in their order. */
    turnIds: z.array(turnIdSchema),
    restored: restoredSchema.nullable(),
    failure: failureSchema.nullable(),
  }),

  // queue
  fact('queue.added', { entry: queueEntrySchema, index: z.number().int().nonnegative() }),
  fact('queue.edited', { queueEntryId: turnIdSchema, text: z.string() }),
  fact('queue.reordered', { order: z.array(turnIdSchema) }),
  fact('queue.removed', {
    queueEntryId: turnIdSchema,
    reason: z.enum(['started', 'cancelled', 'promoted', 'absorbed']),
  }),
  fact('queue.held', { reason: holdReasonSchema }),
  fact('queue.released', {}),

  // the rest
  fact('usage.updated', {
    usage: usageSchema,
  }),
  fact('plan.updated', {
    turnId: turnIdSchema.nullable(),
    explanation: z.string().nullable(),
    steps: z.array(z.object({ text: z.string(), status: z.enum(['pending', 'running', 'completed']) })),
  }),
  /** A turn, perhaps of another thread, was accepted with this plan as its source; stated once for each plan. */
  fact('plan.implemented', { itemId: itemIdSchema, threadId: threadIdSchema, turnId: turnIdSchema }),
  fact('clock.jumped', { byMs: z.number() }),
  /** The command was accepted and had nothing to do. */
  fact('command.noEffect', { command: z.string() }),
]);

export type Fact = z.infer<typeof factSchema>;
export type FactType = Fact['type'];
export type FactOf<T extends FactType> = Extract<Fact, { type: T }>;

/** A fact with its place in the journal: what an `event` frame carries. */
export interface FactEvent {
  readonly sequence: number;
  readonly version: number;
  /** Epoch ms. */
  readonly at: number;
  readonly fact: Fact;
}
