/** Prompts, queue entries and turns. */
import { z } from 'zod';
import { failureSchema } from './error.ts';
import { attachmentIdSchema, threadIdSchema, turnIdSchema } from './ids.ts';
import { interactionModeSchema, optionsSchema, runtimeModeSchema, sourcePlanSchema } from './settings.ts';

/** What a turn is asked to do. */
export const promptSchema = z.object({
  /** The turn that this prompt becomes; a queue entry, which waits for it, is known by the same id. */
  turnId: turnIdSchema,
  text: z.string().max(200_000),
  attachments: z.array(attachmentIdSchema).max(8),
  /** Overrides the thread's model for this turn. */
  model: z.string().max(128).optional(),
  options: optionsSchema.optional(),
  sourcePlan: sourcePlanSchema.optional(),
  /** The threads whose agents say this: one that asks for something, or those that have done it. Absent: a person does. */
  from: z.array(threadIdSchema).min(1).max(32).optional(),
});
export type Prompt = z.infer<typeof promptSchema>;

/** What it asked of the instance that it was meant for. */
export function withoutModel<P extends Prompt>({
  model: _,
  options: __,
  ...rest
}: P): Omit<P, 'model' | 'options'> {
  return rest;
}

/** Why the queue waits for a person although no turn runs. */
export const holdReasonSchema = z.enum([
  'interrupted',
  'failed',
  'absorbed',
  'unknown',
  'stopped',
  'archived',
  'restarted',
  'refused',
  'background',
]);
export type HoldReason = z.infer<typeof holdReasonSchema>;

export const queueEntrySchema = promptSchema.extend({
  /** `next` runs after the active turn however that ends (a restart, or a start during a close); `queued` waits for a completed one. */
  intent: z.enum(['queued', 'next']),
  /** Why it is here although it was meant for now, e.g. a steer that was refused. */
  failure: failureSchema.nullable(),
});
export type QueueEntry = z.infer<typeof queueEntrySchema>;

export const queueSchema = z.object({
  status: z.enum(['flowing', 'held']),
  reason: holdReasonSchema.nullable(),
  entries: z.array(queueEntrySchema).max(100),
});
export type Queue = z.infer<typeof queueSchema>;

/** At most so many prompts wait in a queue. */
export const QUEUE_LIMIT = 100;

/**
 * `user`: a prompt of a client. `provider`: the agent began by itself (goal, queue of its own, finished background work).
 * `compaction`: a client asked for the conversation to be shortened; there is no prompt.
 */
export const originSchema = z.enum(['user', 'provider', 'compaction']);
export type Origin = z.infer<typeof originSchema>;

/**
 * `absorbed`: the provider folded the prompt into another turn. `unknown`: whether the provider acted on it could
 * not be found out after a restart.
 */
export const turnOutcomeSchema = z.enum(['completed', 'failed', 'interrupted', 'absorbed', 'unknown']);
export type TurnOutcome = z.infer<typeof turnOutcomeSchema>;

/** Who or what ended a turn early. */
export const interruptReasonSchema = z.enum([
  'user',
  'restart',
  'stopped',
  'stalled',
  'provider',
  'server-restarted',
]);
export type InterruptReason = z.infer<typeof interruptReasonSchema>;

/** The settings that a turn ran with. */
export const turnSettingsSchema = z.object({
  model: z.string().nullable(),
  options: optionsSchema,
  runtimeMode: runtimeModeSchema,
  interactionMode: interactionModeSchema,
});
export type TurnSettings = z.infer<typeof turnSettingsSchema>;

/** Token counts as the provider reports them; `null` where it does not say. */
export const usageSchema = z.object({
  inputTokens: z.number().nonnegative(),
  cachedInputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  reasoningTokens: z.number().nonnegative(),
  /** Tokens now in the model's context. */
  contextTokens: z.number().nonnegative(),
  contextWindow: z.number().positive().nullable(),
});
export type Usage = z.infer<typeof usageSchema>;

/** A turn as projections and clients hold it. Times are epoch ms. */
export const turnRowSchema = z.object({
  turnId: turnIdSchema,
  /** Position in the thread, from 1. */
  ordinal: z.number().int().positive(),
  attempt: z.number().int().positive(),
  origin: originSchema,
  /** Began while another turn was active; the thread's status does not follow it. */
  side: z.boolean(),
  /** `rolledBack`: it has ended, and the conversation does not have it any more. */
  status: z.enum([
    'starting',
    'running',
    'completed',
    'failed',
    'interrupted',
    'absorbed',
    'unknown',
    'rolledBack',
  ]),
  nativeTurnId: z.string().nullable(),
  settings: turnSettingsSchema.nullable(),
  sourcePlan: sourcePlanSchema.nullable(),
  failure: failureSchema.nullable(),
  reason: interruptReasonSchema.nullable(),
  into: turnIdSchema.nullable(),
  /** Items that the thread had when it began; absent in rows of older releases. */
  itemsBefore: z.number().int().nonnegative().optional(),
  /** Ordinal of the newest turn that had completed when this one began, inherited ones included. Absent: none had. */
  completedBefore: z.number().int().nonnegative().optional(),
  begunAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
});
export type TurnRow = z.infer<typeof turnRowSchema>;
