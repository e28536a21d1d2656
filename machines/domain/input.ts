/**
 * What a thread takes in. Every input is journaled as it stands here: ids that the server makes and look-ups that a
 * chart cannot make are already in it (`resolve.ts`), so stepping the journal again needs nothing else.
 */
import { z } from 'zod';
import { capabilitiesSchema } from './capability.ts';
import {
  changesSchema,
  overlapSchema,
  pendingRollbackSchema,
  pointSchema,
  restoredSchema,
} from './checkpoint.ts';
import { SUBMIT_MODES } from './command.ts';
import { failureSchema } from './error.ts';
import {
  connectionIdSchema,
  instanceIdSchema,
  itemIdSchema,
  requestIdSchema,
  threadIdSchema,
  turnIdSchema,
} from './ids.ts';
import { DETAIL_LENGTH, itemDraftSchema, TITLE_LENGTH } from './item.ts';
import { lineageSchema } from './lineage.ts';
import { openingSchema, RESUME } from './opening.ts';
import { answerSchema, ownerSchema, requestDraftSchema } from './request.ts';
import {
  deliveryModeSchema,
  interactionModeSchema,
  optionsSchema,
  policySchema,
  runtimeModeSchema,
  settingsSchema,
} from './settings.ts';
import { madeWorktreeSchema, worktreeRequestSchema } from './worktree.ts';
import { taskResultSchema, taskSchema } from './task.ts';
import { transferPlanSchema, transferReportSchema } from './transfer.ts';
import { promptSchema, usageSchema } from './turn.ts';

const input = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape });

// ---- accepted commands -------------------------------------------------------------------------------------------

const createInput = input('thread.create', {
  threadId: threadIdSchema,
  settings: settingsSchema,
  capabilities: capabilitiesSchema,
  lineage: lineageSchema.nullable().default(null),
  /** How its first connection gets its conversation. */
  opening: openingSchema.default(RESUME),
  /** Absent: the thread works in its folder as it is. */
  worktree: worktreeRequestSchema.optional(),
});

const commandInputs = [
  createInput,
  /** Both are told to the new thread. `transfer`: what is carried, where its provider does not begin with it. */
  input('thread.fork', { create: createInput, transfer: transferPlanSchema.nullable() }),
  /** `until`: ordinal of the newest turn that is brought back. */
  input('thread.mergeBack', { into: threadIdSchema, until: z.number().int().nonnegative() }),
  input('thread.switchProvider', {
    instanceId: instanceIdSchema,
    model: z.string().nullable(),
    options: optionsSchema,
    capabilities: capabilitiesSchema,
  }),
  input('thread.archive', {}),
  input('thread.unarchive', {}),
  input('thread.delete', {}),
  input('thread.stop', {}),
  input('thread.setTitle', { title: z.string() }),
  input('thread.setModel', { model: z.string().nullable(), options: optionsSchema }),
  input('thread.setRuntimeMode', { runtimeMode: runtimeModeSchema, policy: policySchema }),
  input('thread.setInteractionMode', { interactionMode: interactionModeSchema }),
  input('thread.setDeliveryMode', { deliveryMode: deliveryModeSchema }),
  /** `expected`: the turn that must be active for a steer or restart, or `null` for any. */
  input('turn.submit', {
    mode: z.enum(SUBMIT_MODES),
    expected: turnIdSchema.nullable(),
    prompt: promptSchema,
  }),
  input('turn.interrupt', { turnId: turnIdSchema.nullable() }),
  /** `turnId`: of the new turn. */
  input('turn.retry', { turnId: turnIdSchema }),
  /** `turnId`: of the turn in which it is done. */
  input('thread.compact', { turnId: turnIdSchema }),
  input('queue.edit', { queueEntryId: turnIdSchema, text: z.string() }),
  input('queue.reorder', { queueEntryId: turnIdSchema, before: turnIdSchema.nullable() }),
  input('queue.cancel', { queueEntryId: turnIdSchema }),
  input('queue.promote', { queueEntryId: turnIdSchema }),
  input('queue.resume', {}),
  input('request.respond', { requestId: requestIdSchema, owner: ownerSchema, answer: answerSchema }),
  input('checkpoint.rollback', { rollback: pendingRollbackSchema }),
  /** The prompt is told to the other thread, which is made before that or is there already. */
  input('task.delegate', { task: taskSchema, create: createInput.nullable(), prompt: promptSchema }),
  /** The results of these tasks are known to who asked for them. */
  input('task.acknowledge', { taskIds: z.array(turnIdSchema) }),
] as const;

// ---- what the provider did ---------------------------------------------------------------------------------------

const onConnection = { connectionId: connectionIdSchema };

/** Adapters name a turn by the provider's id or by ours; `resolve` fills in the rest. `attempt` 0 is "not known". */
const turnRef = {
  ...onConnection,
  turnId: turnIdSchema.nullable(),
  attempt: z.number().int().nonnegative(),
  nativeTurnId: z.string().max(256).nullable(),
};

/** The provider's own conversation, to be resumed by `nativeThreadId`. */
export const sessionSchema = z.object({
  nativeThreadId: z.string().max(512),
  /** `confirmed` after its first accepted turn: only then do providers surely know it after a restart. */
  state: z.enum(['provisional', 'confirmed']),
});
export type Session = z.infer<typeof sessionSchema>;

/** What carries the conversation of a sub-agent: no connection of its own, but a part of another thread's. */
const carriedSchema = z.object({
  ...onConnection,
  /** To be resumed by a connection of its own; `null`: nothing can, so that one begins anew and is told what was said. */
  nativeThreadId: z.string().max(512).nullable(),
  /** What can be done with it as long as it is carried. */
  capabilities: capabilitiesSchema,
  /** Of the sub-agent; `null`: not known. */
  model: z.string().nullable(),
});
const childSchema = carriedSchema.extend({ threadId: threadIdSchema });

/** The provider has kept nothing of the conversation, so it cannot be resumed. */
const forgotten = z.boolean().optional();

const providerInputs = [
  /** Its provider is being made anew, and nothing begins on it until that is done. */
  input('connection.delayed', { ...onConnection }),
  input('connection.opened', {
    ...onConnection,
    nativeThreadId: z.string().max(512),
    resumed: z.boolean(),
    capabilities: capabilitiesSchema,
    /** The model in effect, as the provider answered. */
    model: z.string().nullable(),
  }),
  input('connection.openFailed', { ...onConnection, failure: failureSchema }),
  input('connection.closed', onConnection),
  input('connection.closeFailed', { ...onConnection, failure: failureSchema }),
  input('connection.lost', { ...onConnection, failure: failureSchema, forgotten }),
  /** The provider has taken the prompt; it may not have begun. */
  input('provider.turnAccepted', turnRef),
  input('provider.turnRefused', { ...turnRef, failure: failureSchema }),
  /** From now on an interrupt reaches the turn. `isNew`: no prompt of ours is behind it (set by `resolve`). */
  input('provider.turnStarted', { ...turnRef, isNew: z.boolean() }),
  input('provider.turnEnded', {
    ...turnRef,
    outcome: z.enum(['completed', 'failed', 'interrupted']),
    failure: failureSchema.nullable(),
  }),
  /** The prompt was folded into the turn `into`. */
  input('provider.turnAbsorbed', { ...turnRef, into: turnIdSchema }),
  /** The provider says that nothing runs any more, without naming a turn. */
  input('provider.becameInactive', {
    ...onConnection,
    state: z.enum(['ready', 'interrupted', 'stopped', 'error']),
    failure: failureSchema.nullable(),
  }),
  /** From now on a prompt would be folded into what comes of background work, or no longer; told where it changes. */
  input('provider.foldingChanged', { ...onConnection, folds: z.boolean() }),
  input('provider.interruptRefused', { ...turnRef, failure: failureSchema }),
  input('provider.steerAccepted', { ...turnRef, steerId: turnIdSchema }),
  input('provider.steerRefused', { ...turnRef, steerId: turnIdSchema, failure: failureSchema }),
  /** The answer to `turn.lookUp` after a restart. `absent`: the prompt had not arrived. */
  input('provider.turnLookedUp', {
    turnId: turnIdSchema,
    attempt: z.number().int().positive(),
    found: z.enum(['completed', 'failed', 'interrupted', 'absent', 'unknown']),
    failure: failureSchema.nullable(),
    forgotten,
  }),
  input('provider.requestOpened', { ...turnRef, owner: ownerSchema, request: requestDraftSchema }),
  /** The provider waits no longer: it has the answer, or took the request back. */
  input('provider.requestResolved', { ...onConnection, requestId: requestIdSchema, owner: ownerSchema }),
  input('provider.requestUndeliverable', {
    ...onConnection,
    requestId: requestIdSchema,
    owner: ownerSchema,
    failure: failureSchema,
  }),
  input('provider.itemStarted', { ...turnRef, item: itemDraftSchema }),
  /** The item as it now stands, still open. */
  input('provider.itemUpdated', { ...turnRef, item: itemDraftSchema }),
  /**
   * An empty text leaves what was streamed. `isFallback`: so does this one, a short form that counts only where nothing
   * was streamed.
   */
  input('provider.itemCompleted', {
    ...turnRef,
    item: itemDraftSchema,
    isFallback: z.boolean().optional(),
  }),
  /**
   * A sub-agent of this thread is at work: it is a thread of its own, made by the first report, of which the same
   * connection tells from now on. Said again it means the same thread; one whose last connection has ended is live again.
   */
  input('provider.agentStarted', {
    ...turnRef,
    /** The `subagent` item of this thread, which names the child's thread, too. */
    itemId: itemIdSchema,
    /** Of the child's thread. */
    title: z.string().max(TITLE_LENGTH),
    child: childSchema,
  }),
  input('provider.usageReported', { ...onConnection, usage: usageSchema }),
  input('provider.planReported', {
    ...turnRef,
    explanation: z.string().nullable(),
    steps: z.array(z.object({ text: z.string(), status: z.enum(['pending', 'running', 'completed']) })),
  }),
] as const;

/** More text of an open item. Does not go through the machines. */
export const deltaInputSchema = input('provider.itemDelta', {
  ...onConnection,
  itemId: itemIdSchema,
  text: z.string(),
});

/**
 * What the model was saying is thrown away and will not go on: its open messages and thoughts are interrupted. Journaled
 * as the end of each of them.
 */
export const cutInputSchema = input('provider.textCut', {
  ...turnRef,
  /** Of a sub-agent's text: the item that began it. */
  parentItemId: itemIdSchema.nullable(),
});
export type CutInput = z.infer<typeof cutInputSchema>;

// ---- timers that fired -------------------------------------------------------------------------------------------

/** `armedBy`: the sequence of the entry that armed the timer; another one's firing is stale and dropped. */
const fired = { timer: z.string(), armedBy: z.number().int().nonnegative() };
const turnTimer = { ...fired, turnId: turnIdSchema, attempt: z.number().int().positive() };

const timerInputs = [
  input('connection.openTimedOut', { ...fired, ...onConnection }),
  /** What is to go with a prompt is not there in time. */
  input('handOver.timedOut', turnTimer),
  input('connection.closeTimedOut', { ...fired, ...onConnection }),
  input('turn.startTimedOut', turnTimer),
  input('turn.stalled', turnTimer),
  input('interrupt.timedOut', turnTimer),
  input('steer.timedOut', { ...turnTimer, steerId: turnIdSchema }),
  input('settle.timedOut', turnTimer),
  input('lookUp.timedOut', turnTimer),
  input('worktree.timedOut', { ...fired, attempt: z.number().int().positive() }),
  input('request.deliveryTimedOut', { ...fired, requestId: requestIdSchema, owner: ownerSchema }),
  input('checkpoint.timedOut', fired),
  input('restore.timedOut', { ...fired, rollbackId: itemIdSchema }),
] as const;

// ---- what the runtime found out ----------------------------------------------------------------------------------

const capture = { turnId: turnIdSchema, point: pointSchema };

const runtimeInputs = [
  /** The end of a turn is complete: deltas flushed, background work of an interrupted turn ended. */
  input('turn.settled', { turnId: turnIdSchema, attempt: z.number().int().positive() }),
  /** The text of a transfer is put together. */
  input('transfer.built', { transferId: itemIdSchema, text: z.string(), report: transferReportSchema }),
  input('transfer.failed', { transferId: itemIdSchema, failure: failureSchema }),
  /** The connection has been idle for as long as its instance allows. */
  input('connection.idled', onConnection),
  /** A new run of the server found this thread in its journal; no provider process of the old one is left. */
  input('runtime.recovered', {}),
  /** The thread's working tree is there and set up. `attempt`: which try it answers. */
  input('worktree.made', { attempt: z.number().int().positive(), ...madeWorktreeSchema.shape }),
  input('worktree.failed', { attempt: z.number().int().positive(), failure: failureSchema }),
  /** The wall clock went on without us (a laptop that slept); armed timers were moved by as much. */
  input('runtime.clockJumped', { byMs: z.number() }),
  input('checkpoint.captured', {
    ...capture,
    root: z.string(),
    tree: z.string(),
    ref: z.string(),
    head: z.string().nullable().optional(),
    changes: changesSchema.nullable(),
    overlaps: z.array(overlapSchema),
  }),
  input('checkpoint.missing', { ...capture, reason: z.string().max(DETAIL_LENGTH) }),
  input('checkpoint.failed', { ...capture, failure: failureSchema }),
  input('checkpoint.restored', {
    rollbackId: itemIdSchema,
    restored: restoredSchema.nullable(),
    failure: failureSchema.nullable(),
  }),
  /** Something went wrong that a person should see; nothing else follows from it. */
  input('runtime.warned', { topic: z.string().max(64), text: z.string().max(DETAIL_LENGTH) }),
] as const;

// ---- what another thread told ------------------------------------------------------------------------------------

const toldInputs = [
  /** The agent of another thread works in this one: its connection carries this thread's. */
  input('connection.adopted', { ...carriedSchema.shape, instanceId: instanceIdSchema }),
  /** What was asked of another thread has ended there. Its last message is looked up (`resolveTold`). */
  input('task.ended', { taskId: turnIdSchema, threadId: threadIdSchema, result: taskResultSchema }),
  /** Another thread has something that the conversation of this one is to be told. */
  input('transfer.offered', { plan: transferPlanSchema }),
  /** The start of a turn was accepted that implements this plan. `isFirst`: nothing has before (set by `resolveTold`). */
  input('plan.implemented', {
    itemId: itemIdSchema,
    by: z.object({ threadId: threadIdSchema, turnId: turnIdSchema }),
    isFirst: z.boolean(),
  }),
] as const;

export const threadInputSchema = z.discriminatedUnion('type', [
  ...commandInputs,
  ...providerInputs,
  ...timerInputs,
  ...runtimeInputs,
  ...toldInputs,
]);
export type ThreadInput = z.infer<typeof threadInputSchema>;
export type ThreadInputType = ThreadInput['type'];
export type ThreadInputOf<T extends ThreadInputType> = Extract<ThreadInput, { type: T }>;
export type CommandInput = z.infer<(typeof commandInputs)[number]>;
export type ProviderInput = z.infer<(typeof providerInputs)[number]>;
export type TimerInput = z.infer<(typeof timerInputs)[number]>;
export type RuntimeInput = z.infer<(typeof runtimeInputs)[number]>;
export type DeltaInput = z.infer<typeof deltaInputSchema>;

const typesOf = (schemas: readonly { shape: { type: { value: string } } }[]): ReadonlySet<string> =>
  new Set(schemas.map((schema) => schema.shape.type.value));

/** Where an input of this type may come from; ingress admits no other. */
export const COMMAND_INPUT_TYPES = typesOf(commandInputs);
export const PROVIDER_INPUT_TYPES = typesOf(providerInputs);
export const TIMER_INPUT_TYPES = typesOf(timerInputs);
export const RUNTIME_INPUT_TYPES = typesOf(runtimeInputs);
/** What charts tell other threads; nobody else does. */
export const TOLD_INPUT_TYPES = typesOf(toldInputs);

/** A turn that an adapter knows by the provider's id. */
export const byNative = (nativeTurnId: string | null) => ({ turnId: null, attempt: 0, nativeTurnId });
