/** Approvals and questions: durable records with a status of their own. */
import { z } from 'zod';
import { failureSchema } from './error.ts';
import { connectionIdSchema, itemIdSchema, requestIdSchema, turnIdSchema, type ItemId } from './ids.ts';

export const decisionSchema = z.enum(['accept', 'acceptForSession', 'decline', 'cancel']);
export type Decision = z.infer<typeof decisionSchema>;

export const questionSchema = z.object({
  questionId: z.string().max(128),
  header: z.string(),
  question: z.string(),
  options: z.array(z.object({ label: z.string(), description: z.string().default('') })),
  /** A free text is an answer too. */
  allowsText: z.boolean().default(true),
  /** What is typed is not to be shown, and not to be kept: it goes to the provider and nowhere else. */
  secret: z.boolean().optional(),
  /** How many answers are needed, and taken; default: as many as one likes. */
  minAnswers: z.number().int().nonnegative().optional(),
  maxAnswers: z.number().int().nonnegative().optional(),
  /** What a text has to be. */
  format: z.enum(['number', 'integer', 'email', 'uri', 'date', 'date-time']).optional(),
  /** Of a number. */
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  /** Of a text, in characters. */
  minLength: z.number().int().nonnegative().optional(),
  maxLength: z.number().int().nonnegative().optional(),
  /** What is proposed. */
  proposed: z.array(z.string()).optional(),
});
export type Question = z.infer<typeof questionSchema>;

/** What may be done beyond the sandbox if it is accepted, a line each, such as `write /opt`. */
const permissionsSchema = z.array(z.string()).optional();

/** What is asked. */
export const requestBodySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('command'),
    command: z.string(),
    cwd: z.string().optional(),
    permissions: permissionsSchema,
  }),
  z.object({ kind: z.literal('file-read'), paths: z.array(z.string()), permissions: permissionsSchema }),
  z.object({ kind: z.literal('file-change'), paths: z.array(z.string()), permissions: permissionsSchema }),
  z.object({ kind: z.literal('question'), questions: z.array(questionSchema).min(1) }),
  z.object({
    kind: z.literal('tool'),
    tool: z.string(),
    server: z.string().optional(),
    /** The call's arguments as JSON text. */
    input: z.string().optional(),
    /** A page where the person has something to do before the answer. */
    url: z.string().optional(),
  }),
]);
export type RequestBody = z.infer<typeof requestBodySchema>;

export const answerSchema = z.union([
  z.strictObject({ decision: decisionSchema }),
  z.strictObject({ answers: z.record(z.string().max(128), z.array(z.string().max(20_000)).max(20)) }),
]);
export type Answer = z.infer<typeof answerSchema>;

/** Stands for the answer to a secret question wherever answers are kept or shown. */
export const WITHHELD = '[secret]';

/** A request as an adapter reports it. */
export const requestDraftSchema = z.object({
  requestId: requestIdSchema,
  /** The provider's id, sent back with the answer; meaningful only within its connection. */
  nativeRequestId: z.string().max(256),
  body: requestBodySchema,
  /** What can be answered; empty for questions. */
  decisions: z.array(decisionSchema),
  /** Why the agent asks, where it says so. */
  reason: z.string().optional(),
  itemId: itemIdSchema.optional(),
  /** The item of the background work that asks, such as a sub-agent: it may outlive the turn. */
  taskId: itemIdSchema.optional(),
  rawRef: z.string().max(128).optional(),
});
export type RequestDraft = z.infer<typeof requestDraftSchema>;

/**
 * The turn, background task or connection whose end closes the request. A task that asks in a running turn asks for it;
 * when the turn completes first, the request becomes the task's own.
 */
export const ownerSchema = z.enum(['turn', 'task', 'connection']);
export type Owner = z.infer<typeof ownerSchema>;

export const requestSchema = requestDraftSchema.extend({
  owner: ownerSchema,
  turnId: turnIdSchema.nullable(),
  attempt: z.number().int().positive(),
  connectionId: connectionIdSchema,
});
export type Request = z.infer<typeof requestSchema>;

/** How a request ended. `expired`: its owner ended first; it can be asked again. `cancelled`: the provider took it back. */
export const requestOutcomeSchema = z.enum(['accepted', 'answered', 'declined', 'expired', 'cancelled']);
export type RequestOutcome = z.infer<typeof requestOutcomeSchema>;

/** `answering`: the answer is on its way. `undeliverable`: it did not arrive and can be sent again. */
export const requestStatusSchema = z.enum(['open', 'answering', 'undeliverable', 'closed']);

/** A request as projections and clients hold it. Times are epoch ms. */
export const requestRowSchema = requestSchema.extend({
  status: requestStatusSchema,
  answer: answerSchema.nullable(),
  outcome: requestOutcomeSchema.nullable(),
  failure: failureSchema.nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
export type RequestRow = z.infer<typeof requestRowSchema>;

/** The outcome that a delivered answer means. */
export function outcomeOf(answer: Answer): RequestOutcome {
  if ('answers' in answer) return 'answered';
  if (answer.decision === 'decline') return 'declined';
  return answer.decision === 'cancel' ? 'cancelled' : 'accepted';
}

/** What a chart keeps of a request that is not closed. */
export interface LiveRequest {
  readonly status: 'open' | 'answering' | 'undeliverable';
  readonly nativeRequestId: string;
  readonly answer: Answer | null;
  /** The background work that asks; left out where none does. */
  readonly taskId?: ItemId;
}
