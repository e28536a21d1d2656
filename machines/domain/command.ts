/** What clients may ask of threads. Strict: an unknown key is refused with `INVALID_PARAMS`. */
import { z } from 'zod';
import {
  attachmentIdSchema,
  instanceIdSchema,
  requestIdSchema,
  threadIdSchema,
  turnIdSchema,
} from './ids.ts';
import { answerSchema } from './request.ts';
import { wakeSchema } from './task.ts';
import {
  deliveryModeSchema,
  interactionModeSchema,
  optionsSchema,
  policySchema,
  runtimeModeSchema,
  sourcePlanSchema,
} from './settings.ts';
import { askedWorktreeSchema } from './worktree.ts';

const onThread = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.strictObject({ type: z.literal(type), threadId: threadIdSchema, ...shape });

const text = z.string().min(1).max(200_000);
const queueEntryId = turnIdSchema;
const model = z.string().min(1).max(128);

export const SUBMIT_MODES = ['start', 'queue', 'steer', 'restart'] as const;
export type SubmitMode = (typeof SUBMIT_MODES)[number];

/** What only a new thread of a task can be given. */
const NEW_ONLY = [
  'newThreadId',
  'title',
  'instanceId',
  'model',
  'options',
  'runtimeMode',
  'interactionMode',
] as const;

export const commandSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('thread.create'),
    /** Chosen by the client, or made by the server. */
    threadId: threadIdSchema.optional(),
    title: z.string().max(200).default(''),
    cwd: z.string().min(1).max(4096),
    instanceId: instanceIdSchema,
    model: model.nullable().default(null),
    options: optionsSchema.default({}),
    runtimeMode: runtimeModeSchema.default('approval-required'),
    policy: policySchema.default({}),
    interactionMode: interactionModeSchema.default('default'),
    deliveryMode: deliveryModeSchema.default('streaming'),
    /** `false`: the files of the workspace are not captured around turns. */
    checkpoints: z.boolean().default(true),
    /** A git working tree of its own, from the repository around `cwd`. */
    worktree: askedWorktreeSchema.optional(),
  }),
  /** A new thread that begins with the turns of this one up to a completed one; the newest by default. */
  onThread('thread.fork', {
    newThreadId: threadIdSchema.optional(),
    turnId: turnIdSchema.optional(),
    /** These and the next are by default as they are in this thread. */
    title: z.string().max(200).optional(),
    instanceId: instanceIdSchema.optional(),
    model: model.nullable().optional(),
    options: optionsSchema.optional(),
    runtimeMode: runtimeModeSchema.optional(),
    policy: policySchema.optional(),
    interactionMode: interactionModeSchema.optional(),
    deliveryMode: deliveryModeSchema.optional(),
    /** A git working tree of its own, with the files that the turn left unless a `base` is named. */
    worktree: askedWorktreeSchema.optional(),
  }),
  /** What a fork has said and done since it branched off, or since the last time: goes along with its parent's next prompt. */
  onThread('thread.mergeBack', {
    /** Its parent, which is the default. */
    into: threadIdSchema.optional(),
  }),
  /** The thread goes on with another instance, which is told what it has not seen. Between turns only. */
  onThread('thread.switchProvider', {
    instanceId: instanceIdSchema,
    /** Left out: the instance's default. */
    model: model.nullable().default(null),
    options: optionsSchema.default({}),
  }),
  onThread('thread.archive', {}),
  onThread('thread.unarchive', {}),
  onThread('thread.delete', {}),
  onThread('thread.stop', {}),
  onThread('thread.setTitle', { title: z.string().max(200) }),
  onThread('thread.setModel', { model: model.nullable(), options: optionsSchema.default({}) }),
  onThread('thread.setRuntimeMode', { runtimeMode: runtimeModeSchema, policy: policySchema.default({}) }),
  onThread('thread.setInteractionMode', { interactionMode: interactionModeSchema }),
  onThread('thread.setDeliveryMode', { deliveryMode: deliveryModeSchema }),
  onThread('turn.submit', {
    text,
    attachments: z.array(attachmentIdSchema).max(8).default([]),
    mode: z.enum(SUBMIT_MODES).default('start'),
    /** The active turn that is expected; `steer` and `restart` only. */
    turnId: turnIdSchema.optional(),
    model: model.optional(),
    options: optionsSchema.optional(),
    sourcePlan: sourcePlanSchema.optional(),
  }).refine((given) => given.turnId === undefined || given.mode === 'steer' || given.mode === 'restart', {
    path: ['turnId'],
    message: 'only steer and restart expect a turn',
  }),
  onThread('turn.interrupt', { turnId: turnIdSchema.optional() }),
  onThread('turn.retry', {}),
  /** Asks the provider to shorten the conversation: a turn without a prompt. */
  onThread('thread.compact', {}),
  onThread('queue.edit', { queueEntryId, text }),
  onThread('queue.reorder', {
    queueEntryId,
    /** The entry before which it goes; `null`: to the end. */
    before: queueEntryId.nullable(),
  }),
  onThread('queue.cancel', { queueEntryId }),
  /** The entry becomes a steer of the active turn. */
  onThread('queue.promote', { queueEntryId }),
  onThread('queue.resume', {}),
  /**
   * Back to what it was after the turn, or before the first one with `null`. Files are put back that the thread changed
   * since and nobody else did, and those in `force`; later turns are marked.
   */
  onThread('checkpoint.rollback', {
    turnId: turnIdSchema.nullable(),
    files: z.boolean().default(true),
    conversation: z.boolean().default(true),
    /** Relative to the root of the repository. */
    force: z.array(z.string().min(1).max(4096)).max(1000).default([]),
  }).refine((given) => given.files || given.conversation, {
    message: 'ask for files, conversation or both',
  }),
  /** The latest prompt is taken back, and this one runs in its place. */
  onThread('turn.edit', {
    text,
    /** Absent: those of the prompt that is taken back. */
    attachments: z.array(attachmentIdSchema).max(8).optional(),
    files: z.boolean().default(true),
  }),
  /**
   * The thread's agent hands a task to another thread, while it works itself: to a new one, or to one that it made before.
   * What the other may do without asking is never more than what this one may.
   */
  onThread('task.delegate', {
    text,
    wake: wakeSchema.default('settled'),
    /** One that this thread has made before; settings cannot be given then. */
    to: threadIdSchema.optional(),
    newThreadId: threadIdSchema.optional(),
    /** Absent: the beginning of the text. */
    title: z.string().max(200).optional(),
    /** These are by default as they are in this thread; modes beyond its own are brought down to those. */
    instanceId: instanceIdSchema.optional(),
    model: model.nullable().optional(),
    options: optionsSchema.optional(),
    runtimeMode: runtimeModeSchema.optional(),
    interactionMode: interactionModeSchema.optional(),
  }).refine((given) => given.to === undefined || NEW_ONLY.every((key) => given[key] === undefined), {
    path: ['to'],
    message: 'a thread that is there already has its settings',
  }),
  /** The results are known: the thread is not woken to be told of them. */
  onThread('task.acknowledge', { taskIds: z.array(turnIdSchema).min(1).max(64) }),
  onThread('request.askAgain', { requestId: requestIdSchema }),
  z
    .strictObject({
      type: z.literal('request.respond'),
      threadId: threadIdSchema,
      requestId: requestIdSchema,
      decision: z.enum(['accept', 'acceptForSession', 'decline', 'cancel']).optional(),
      answers: z.record(z.string().max(128), z.array(z.string().max(20_000)).max(20)).optional(),
    })
    .refine((given) => (given.decision === undefined) !== (given.answers === undefined), {
      message: 'give either decision or answers',
    }),
]);

export type Command = z.infer<typeof commandSchema>;
export type CommandType = Command['type'];
export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>;

/** Ids the server made for an accepted command, and where it stands in the journal. */
export interface CommandResult {
  readonly sequence: number;
  readonly threadId: z.infer<typeof threadIdSchema>;
  readonly turnId?: z.infer<typeof turnIdSchema>;
  readonly queueEntryId?: z.infer<typeof turnIdSchema>;
  readonly requestId?: z.infer<typeof requestIdSchema>;
  readonly duplicate: boolean;
}

export const commandAnswerOf = (command: CommandOf<'request.respond'>) =>
  answerSchema.parse(
    command.decision === undefined ? { answers: command.answers } : { decision: command.decision },
  );
