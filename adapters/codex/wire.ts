/**
 * The parts of codex's frames that are read, as schemas: data is parsed, never cast. What is not read is not here, so
 * that a codex which changes it goes on working. `wire.gen.ts` has the whole of it as types.
 */
import { z } from 'zod';

const text = z.string();
const strings = z.array(text);
/** Longer ones are no ids: what has one is shown as unrecognized. */
const id = text.max(256);

/** A notification, or a request of codex without its id. */
export interface Frame {
  readonly method: string;
  readonly params: unknown;
}

// ---- items -------------------------------------------------------------------------------------------------------

const item = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), id: text, ...shape });

/** What became of work; `inProgress` only in `item/started`. */
const workStatus = z.enum(['inProgress', 'completed', 'failed', 'declined', 'interrupted']);
export type WorkStatus = z.infer<typeof workStatus>;

const contentSchema = z.looseObject({ type: text, text: text.optional() });
const changeSchema = z.object({
  path: text,
  kind: z.object({ type: z.enum(['add', 'delete', 'update']), move_path: text.nullish() }),
  diff: text,
});
export type FileChange = z.infer<typeof changeSchema>;

export const itemSchema = z.discriminatedUnion('type', [
  item('userMessage', { clientId: text.nullish(), content: z.array(contentSchema) }),
  item('hookPrompt', { fragments: z.array(z.object({ text })) }),
  item('agentMessage', { text, phase: text.nullish() }),
  item('functionCallOutput', {
    name: text,
    namespace: text.nullish(),
    output: z.union([text, z.array(contentSchema)]),
  }),
  item('plan', { text }),
  item('reasoning', { summary: strings, content: strings.default([]) }),
  item('commandExecution', {
    command: text,
    cwd: text,
    status: workStatus,
    aggregatedOutput: text.nullish(),
    exitCode: z.number().int().nullish(),
    durationMs: z.number().nonnegative().nullish(),
  }),
  item('fileChange', { changes: z.array(changeSchema), status: workStatus }),
  item('mcpToolCall', {
    server: text,
    tool: text,
    status: workStatus,
    arguments: z.unknown(),
    result: z.object({ content: z.array(z.unknown()) }).nullish(),
    error: z.object({ message: text }).nullish(),
  }),
  item('dynamicToolCall', {
    namespace: text.nullish(),
    tool: text,
    status: workStatus,
    arguments: z.unknown(),
    contentItems: z.array(contentSchema).nullish(),
  }),
  item('collabAgentToolCall', {
    tool: text,
    status: workStatus,
    receiverThreadIds: strings,
    prompt: text.nullish(),
    model: text.nullish(),
    agentsStates: z.record(text, z.object({ status: text, message: text.nullish() }).optional()).default({}),
  }),
  item('subAgentActivity', { kind: text, agentThreadId: text, agentPath: text, model: text.nullish() }),
  item('webSearch', {
    query: text,
    action: z.looseObject({ query: text.nullish(), url: text.nullish() }).nullish(),
  }),
  item('imageView', { path: text }),
  item('sleep', { durationMs: z.number() }),
  item('imageGeneration', { status: text, revisedPrompt: text.nullish(), savedPath: text.nullish() }),
  item('enteredReviewMode', { review: text }),
  item('exitedReviewMode', { review: text }),
  item('contextCompaction', {}),
]);
export type CodexItem = z.infer<typeof itemSchema>;
export type ItemOf<T extends CodexItem['type']> = Extract<CodexItem, { type: T }>;

// ---- notifications -----------------------------------------------------------------------------------------------

const onThread = { threadId: text };
const onTurn = { ...onThread, turnId: id };
const onItem = { ...onTurn, itemId: text };

/** What a frame says about where it belongs; each may be missing. */
export const threadAddressSchema = z.object({ threadId: text });
export const turnAddressSchema = z.object({ turnId: id });

export const errorInfoSchema = z.union([text, z.record(text, z.unknown())]);
export const turnErrorSchema = z.object({
  message: text,
  codexErrorInfo: errorInfoSchema.nullish(),
  additionalDetails: text.nullish(),
});
export type TurnError = z.infer<typeof turnErrorSchema>;

export const turnSchema = z.object({
  id,
  /** The turn that this one goes back to: of a sub-agent, a turn of its parent. */
  rootTurnId: id.nullish(),
  status: z.enum(['completed', 'interrupted', 'failed', 'inProgress']),
  error: turnErrorSchema.nullish(),
  items: z.array(z.unknown()).default([]),
});
export type CodexTurn = z.infer<typeof turnSchema>;

export const turnNoticeSchema = z.object({ ...onThread, turn: turnSchema });
export const itemNoticeSchema = z.object({ ...onTurn, item: z.looseObject({ type: text, id: text }) });
export const deltaSchema = z.object({ ...onItem, delta: text });
export const summaryPartSchema = z.object({ ...onItem, summaryIndex: z.number() });
export const progressSchema = z.object({ ...onItem, message: text });
export const patchUpdatedSchema = z.object({ ...onItem, changes: z.array(changeSchema) });
export const errorNoticeSchema = z.object({ ...onTurn, error: turnErrorSchema, willRetry: z.boolean() });
export const warningSchema = z.object({ threadId: text.nullish(), message: text });
export const requestResolvedSchema = z.object({
  ...onThread,
  requestId: z.union([text, z.number()]),
});
export const reroutedSchema = z.object({ ...onTurn, fromModel: text, toModel: text, reason: text });
export const authRecoverySchema = z.object({ ...onTurn, message: text });
export const mcpStatusSchema = z.object({
  threadId: text.nullish(),
  name: text,
  status: text,
  error: text.nullish(),
});
export const reviewSchema = z.object({
  ...onTurn,
  reviewId: text,
  review: z.object({ status: text, rationale: text.nullish() }),
});
export const hookSchema = z.object({
  ...onThread,
  turnId: id.nullish(),
  run: z.object({
    id: text,
    eventName: text,
    status: text,
    statusMessage: text.nullish(),
    entries: z.array(z.object({ text })),
  }),
});
export const statusSchema = z.object({ ...onThread, status: z.object({ type: text }) });
export const planSchema = z.object({
  ...onTurn,
  explanation: text.nullish(),
  plan: z.array(z.object({ step: text, status: z.enum(['pending', 'inProgress', 'completed']) })),
});
const tokensSchema = z.object({
  totalTokens: z.number(),
  inputTokens: z.number(),
  cachedInputTokens: z.number(),
  outputTokens: z.number(),
  reasoningOutputTokens: z.number(),
});
export const usageNoticeSchema = z.object({
  ...onThread,
  tokenUsage: z.object({
    total: tokensSchema,
    last: tokensSchema,
    modelContextWindow: z.number().positive().nullish(),
  }),
});

// ---- what codex asks ---------------------------------------------------------------------------------------------

const ofTurn = { ...onThread, turnId: id.nullish() };

const entrySchema = z.object({
  access: text,
  path: z.looseObject({ type: text, path: text.optional(), pattern: text.optional() }),
});
const profileSchema = z.looseObject({
  network: z.looseObject({ enabled: z.boolean().nullish() }).nullish(),
  fileSystem: z
    .looseObject({
      read: strings.nullish(),
      write: strings.nullish(),
      entries: z.array(entrySchema).nullish(),
    })
    .nullish(),
});
export type PermissionProfile = z.infer<typeof profileSchema>;
export const commandApprovalSchema = z.object({
  ...onItem,
  command: text.nullish(),
  cwd: text.nullish(),
  reason: text.nullish(),
  networkApprovalContext: z.looseObject({ host: text.optional() }).nullish(),
  additionalPermissions: profileSchema.nullish(),
  /** Amendments of the rules are objects; they are not offered. */
  availableDecisions: z.array(z.unknown()).nullish(),
});
export const fileApprovalSchema = z.object({ ...onItem, reason: text.nullish(), grantRoot: text.nullish() });
export const userInputSchema = z.object({
  ...onItem,
  questions: z
    .array(
      z.object({
        id: text,
        header: text,
        question: text,
        isOther: z.boolean().default(true),
        isSecret: z.boolean().default(false),
        options: z.array(z.object({ label: text, description: text })).nullish(),
      }),
    )
    .min(1),
});
export const elicitationSchema = z.object({
  ...ofTurn,
  serverName: text,
  mode: text,
  message: text.default(''),
  url: text.optional(),
  _meta: z
    .looseObject({
      codex_approval_kind: text.optional(),
      tool_name: text.optional(),
      tool_params: z.unknown().optional(),
      persist: z.union([text, strings]).nullish(),
    })
    .nullish(),
  requestedSchema: z.unknown().optional(),
});
export type Elicitation = z.infer<typeof elicitationSchema>;
export const permissionsSchema = z.object({
  ...onItem,
  reason: text.nullish(),
  permissions: profileSchema,
});

// ---- answers of codex --------------------------------------------------------------------------------------------

export const initializedSchema = z.object({ userAgent: text });
const approvalSchema = z.union([text, z.record(text, z.unknown())]);
const modeSchema = z.object({ mode: text }).nullish();
const inEffect = {
  model: text,
  cwd: text,
  approvalPolicy: approvalSchema,
  approvalsReviewer: text,
};
const sandboxSchema = z.looseObject({ type: text, networkAccess: z.unknown().optional() });
/** The answer to `thread/start` and `thread/resume`: the settings in effect. */
export const threadAnswerSchema = z.object({
  thread: z.object({ id: text, status: z.object({ type: text }) }),
  ...inEffect,
  sandbox: sandboxSchema,
  reasoningEffort: text.nullish(),
  collaborationMode: modeSchema,
});
export type ThreadAnswer = z.infer<typeof threadAnswerSchema>;
/** The settings in effect from now on; 0.169.0 says it before it answers the prompt that changed them. */
export const settingsNoticeSchema = z.object({
  ...onThread,
  threadSettings: z.object({ ...inEffect, sandboxPolicy: sandboxSchema, collaborationMode: modeSchema }),
});
export const turnAnswerSchema = z.object({ turn: z.object({ id }) });
export const turnsPageSchema = z.object({ data: z.array(turnSchema), nextCursor: text.nullish() });
export const terminalsPageSchema = z.object({
  data: z.array(z.object({ itemId: text, processId: text })),
  nextCursor: text.nullish(),
});
export const threadsPageSchema = z.object({
  data: z.array(z.object({ id: text, status: z.object({ type: text }) })),
  nextCursor: text.nullish(),
});
export const threadReadSchema = z.object({ thread: z.object({ status: z.object({ type: text }) }) });

export const accountAnswerSchema = z.object({
  account: z.looseObject({ type: text, email: text.nullish(), planType: text.nullish() }).nullable(),
  requiresOpenaiAuth: z.boolean(),
});
export const modelsPageSchema = z.object({
  data: z.array(
    z.object({
      model: text,
      displayName: text,
      isDefault: z.boolean(),
      hidden: z.boolean().default(false),
      supportedReasoningEfforts: z.array(z.object({ reasoningEffort: text })).default([]),
      defaultReasoningEffort: text.nullish(),
      serviceTiers: z.array(z.object({ id: text })).default([]),
    }),
  ),
  nextCursor: text.nullish(),
});
export type CodexModel = z.infer<typeof modelsPageSchema>['data'][number];
export const skillsAnswerSchema = z.object({
  data: z.array(
    z.object({ skills: z.array(z.object({ name: text, description: text, enabled: z.boolean() })) }),
  ),
});
const windowSchema = z.object({ usedPercent: z.number(), resetsAt: z.number().nullish() });
export const rateLimitsSchema = z.object({
  rateLimits: z.object({
    limitId: text.nullish(),
    limitName: text.nullish(),
    primary: windowSchema.nullish(),
    secondary: windowSchema.nullish(),
  }),
});
export type RateLimits = z.infer<typeof rateLimitsSchema>['rateLimits'];
