/** What opencode says, as far as it is read. Names and shapes as in `@opencode-ai/sdk/v2` 1.18.33. */
import { z } from 'zod';

/** Something that the server tells by itself. */
export interface Frame {
  readonly type: string;
  readonly properties: unknown;
}

/** Of `/global/event`. */
export const eventSchema = z.object({
  payload: z.object({ type: z.string(), properties: z.unknown() }),
});

// ---- messages ----------------------------------------------------------------------------------------------------

export const errorSchema = z.object({
  name: z.string(),
  data: z
    .looseObject({
      message: z.string().optional(),
      statusCode: z.number().optional(),
      isRetryable: z.boolean().optional(),
      responseBody: z.string().optional(),
    })
    .catch({}),
});
export type MessageError = z.output<typeof errorSchema>;

const tokensSchema = z.object({
  total: z.number().optional(),
  input: z.number(),
  output: z.number(),
  reasoning: z.number(),
  cache: z.object({ read: z.number(), write: z.number() }),
});
export type Tokens = z.output<typeof tokensSchema>;

const userSchema = z.object({ id: z.string(), sessionID: z.string(), role: z.literal('user') });
const assistantSchema = z.object({
  id: z.string(),
  sessionID: z.string(),
  role: z.literal('assistant'),
  parentID: z.string(),
  time: z.object({ completed: z.number().optional() }),
  error: errorSchema.optional(),
  /** It is the gist of a conversation that was compacted. */
  summary: z.boolean().optional(),
  finish: z.string().optional(),
  modelID: z.string().optional(),
  providerID: z.string().optional(),
  tokens: tokensSchema.optional(),
});
export type AssistantMessage = z.output<typeof assistantSchema>;
const messageSchema = z.discriminatedUnion('role', [userSchema, assistantSchema]);
export type Message = z.output<typeof messageSchema>;

const place = { id: z.string(), sessionID: z.string(), messageID: z.string() };
const spanSchema = z.object({ start: z.number(), end: z.number().optional() });

const inputSchema = z.record(z.string(), z.unknown()).catch({});
const metadataSchema = z.record(z.string(), z.unknown()).catch({}).default({});
const toolStateSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('pending'), input: inputSchema }),
  z.object({ status: z.literal('running'), input: inputSchema, metadata: metadataSchema }),
  z.object({
    status: z.literal('completed'),
    input: inputSchema,
    output: z.string(),
    metadata: metadataSchema,
    time: spanSchema.optional(),
  }),
  z.object({
    status: z.literal('error'),
    input: inputSchema,
    error: z.string(),
    metadata: metadataSchema,
    time: spanSchema.optional(),
  }),
]);
export type ToolState = z.output<typeof toolStateSchema>;

export const partSchema = z.discriminatedUnion('type', [
  z.object({
    ...place,
    type: z.literal('text'),
    text: z.string(),
    synthetic: z.boolean().optional(),
    time: spanSchema.optional(),
  }),
  z.object({ ...place, type: z.literal('reasoning'), text: z.string(), time: spanSchema }),
  z.object({
    ...place,
    type: z.literal('tool'),
    callID: z.string(),
    tool: z.string(),
    state: toolStateSchema,
  }),
  z.object({ ...place, type: z.literal('compaction'), auto: z.boolean() }),
  z.object({ ...place, type: z.literal('step-start') }),
  z.object({ ...place, type: z.literal('step-finish') }),
  z.object({ ...place, type: z.literal('patch'), files: z.array(z.string()) }),
  z.object({ ...place, type: z.literal('snapshot') }),
  z.object({ ...place, type: z.literal('file') }),
  z.object({ ...place, type: z.literal('agent') }),
  z.object({ ...place, type: z.literal('subtask') }),
  z.object({ ...place, type: z.literal('retry') }),
]);
export type Part = z.output<typeof partSchema>;
export type PartOf<T extends Part['type']> = Extract<Part, { type: T }>;
export type ToolPart = PartOf<'tool'>;

/** Of the tool that begins sub-agents. */
const taskSchema = z.object({
  ...place,
  type: z.literal('tool'),
  callID: z.string(),
  tool: z.literal('task'),
  state: toolStateSchema,
});

// ---- events ------------------------------------------------------------------------------------------------------

/** Of any event about a session. */
export const addressSchema = z.object({ sessionID: z.string() });

export const messageUpdatedSchema = z.object({ info: messageSchema });
export const partUpdatedSchema = z.object({
  part: z.looseObject({ id: z.string(), type: z.string(), messageID: z.string() }),
});
export const taskUpdatedSchema = z.object({ part: taskSchema });
export const partDeltaSchema = z.object({
  messageID: z.string(),
  partID: z.string(),
  field: z.string(),
  delta: z.string(),
});

export const statusSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('idle') }),
  z.object({ type: z.literal('busy') }),
  z.object({ type: z.literal('retry'), attempt: z.number(), message: z.string() }),
]);
export const sessionStatusSchema = z.object({ status: statusSchema });
export const sessionErrorSchema = z.object({ error: errorSchema.optional() });
export const todosSchema = z.object({
  todos: z.array(z.object({ content: z.string(), status: z.string() })),
});

const ruleSchema = z.object({
  permission: z.string(),
  pattern: z.string(),
  action: z.enum(['allow', 'deny', 'ask']),
});

export const sessionSchema = z.object({
  id: z.string(),
  parentID: z.string().optional(),
  directory: z.string(),
  agent: z.string().optional(),
  model: z.object({ id: z.string(), providerID: z.string() }).optional(),
  permission: z.array(ruleSchema).default([]),
  tokens: tokensSchema.optional(),
  /** Messages from this one on are taken out by the next prompt. `snapshot`: the files are kept track of. */
  revert: z.object({ messageID: z.string(), snapshot: z.string().optional() }).optional(),
});
export type SessionInfo = z.output<typeof sessionSchema>;

const toolCallSchema = z.object({ messageID: z.string(), callID: z.string() });
export const permissionSchema = z.object({
  id: z.string(),
  sessionID: z.string(),
  permission: z.string(),
  patterns: z.array(z.string()),
  metadata: metadataSchema,
  /** What would be allowed from now on. */
  always: z.array(z.string()).default([]),
  tool: toolCallSchema.optional(),
});
export type PermissionAsked = z.output<typeof permissionSchema>;

export const questionSchema = z.object({
  id: z.string(),
  sessionID: z.string(),
  questions: z
    .array(
      z.object({
        question: z.string(),
        header: z.string().default(''),
        options: z.array(z.object({ label: z.string(), description: z.string().default('') })).default([]),
        multiple: z.boolean().optional(),
        custom: z.boolean().optional(),
      }),
    )
    .min(1),
  tool: toolCallSchema.optional(),
});
export type QuestionAsked = z.output<typeof questionSchema>;
/** `permission.replied`, `question.replied` and `question.rejected`. */
export const repliedSchema = z.object({ requestID: z.string() });

/** What opencode writes in the user's name: a wish for a summary, and words of its own. */
export const ownPartSchema = z.union([
  z.object({ type: z.literal('compaction') }),
  z.object({ type: z.literal('text'), synthetic: z.literal(true) }),
]);

// ---- answers -----------------------------------------------------------------------------------------------------

export const healthSchema = z.object({ healthy: z.literal(true), version: z.string() });
export const messagesSchema = z.array(z.object({ info: messageSchema, parts: z.array(z.unknown()) }));
export type Messages = z.output<typeof messagesSchema>;
export const statusesSchema = z.record(z.string(), statusSchema);
export const permissionsSchema = z.array(permissionSchema);
export const questionsSchema = z.array(questionSchema);

const modelSchema = z.object({
  id: z.string(),
  name: z.string(),
  limit: z.object({ context: z.number() }),
  variants: z.record(z.string(), z.unknown()).optional(),
});
export const providersSchema = z.object({
  providers: z.array(
    z.object({ id: z.string(), name: z.string(), models: z.record(z.string(), modelSchema) }),
  ),
  default: z.record(z.string(), z.string()),
});
export type Providers = z.output<typeof providersSchema>;
export const configSchema = z.object({ model: z.string().optional() });
export const commandsSchema = z.array(z.object({ name: z.string(), description: z.string().optional() }));
