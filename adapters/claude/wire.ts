/**
 * The parts of Claude Code's frames that are read, as schemas: data is parsed, never cast. What is not read is not here,
 * so that a claude which changes it goes on working. Names are those of the types that the Agent SDK publishes.
 */
import { z } from 'zod';

const text = z.string();
const strings = z.array(text);
const record = z.record(text, z.unknown());

/** A line of claude: an object with a type. */
export const frameSchema = z.looseObject({ type: text, subtype: text.optional().catch(undefined) });
export type Frame = z.infer<typeof frameSchema>;

// ---- control -----------------------------------------------------------------------------------------------------

export const controlResponseSchema = z.object({
  response: z.discriminatedUnion('subtype', [
    z.object({ subtype: z.literal('success'), request_id: text, response: z.unknown().optional() }),
    z.object({ subtype: z.literal('error'), request_id: text, error: text }),
  ]),
});
export const controlRequestSchema = z.object({ request_id: text, request: z.looseObject({ subtype: text }) });
export const controlCancelSchema = z.object({ request_id: text });

/** Of an MCP server. */
export const elicitationSchema = z.object({
  mcp_server_name: text,
  message: text.default(''),
  mode: text.nullish(),
  url: text.optional(),
  requested_schema: z.unknown().optional(),
});
export type Elicitation = z.infer<typeof elicitationSchema>;

const suggestionSchema = z.looseObject({ type: text });
export const canUseToolSchema = z.object({
  tool_name: text,
  input: record,
  tool_use_id: text,
  agent_id: text.optional(),
  decision_reason: text.nullish(),
  blocked_path: text.nullish(),
  permission_suggestions: z.array(suggestionSchema).nullish(),
  suppress_always_allow_rule: z.boolean().nullish(),
});
export type CanUseTool = z.infer<typeof canUseToolSchema>;
export const questionsSchema = z.object({
  questions: z
    .array(
      z.object({
        question: text,
        header: text.default(''),
        multiSelect: z.boolean().nullish(),
        options: z.array(z.object({ label: text, description: text.default('') })).default([]),
      }),
    )
    .min(1),
});
export type Questions = z.infer<typeof questionsSchema>['questions'];

/** The answer to `initialize`. Older ones name neither their version nor the mode. */
export const initializedSchema = z.object({
  commands: z.array(z.object({ name: text, description: text.default('') })).default([]),
  models: z
    .array(
      z.object({
        value: text,
        displayName: text,
        resolvedModel: text.optional(),
        supportedEffortLevels: strings.nullish(),
      }),
    )
    .default([]),
  account: z
    .looseObject({
      email: text.nullish(),
      organization: text.nullish(),
      subscriptionType: text.nullish(),
      tokenSource: text.nullish(),
      apiKeySource: text.nullish(),
      apiProvider: text.nullish(),
    })
    .nullish(),
  claude_code_version: text.optional(),
  current_permission_mode: text.optional(),
});
export type Initialized = z.infer<typeof initializedSchema>;

/** The answer to `rewind_files`. */
export const rewoundSchema = z.object({ canRewind: z.boolean(), error: text.optional() });

// ---- turns -------------------------------------------------------------------------------------------------------

export const lifecycleSchema = z.object({ command_uuid: text, state: text });
export const initSchema = z.object({
  uuid: text,
  session_id: text,
  model: text,
  permissionMode: text,
  claude_code_version: text.optional(),
  capabilities: strings.default([]),
});
const modelUsageSchema = z.object({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheReadInputTokens: z.number().default(0),
  cacheCreationInputTokens: z.number().default(0),
  thinkingTokens: z.number().default(0),
  contextWindow: z.number().nullish(),
});
export const resultSchema = z.object({
  subtype: text,
  is_error: z.boolean(),
  result: text.optional(),
  errors: strings.optional(),
  api_error_status: z.number().nullish(),
  terminal_reason: text.nullish(),
  modelUsage: z.record(text, modelUsageSchema).default({}),
});
export type Result = z.infer<typeof resultSchema>;

const usageSchema = z.object({
  input_tokens: z.number().default(0),
  cache_read_input_tokens: z.number().nullish(),
  cache_creation_input_tokens: z.number().nullish(),
  output_tokens: z.number().default(0),
});
export type MessageUsage = z.infer<typeof usageSchema>;

// ---- the transcript ----------------------------------------------------------------------------------------------

/** Of a sub-agent's message; older versions name only the call that began it. */
const ofParent = { uuid: text, parent_tool_use_id: text.nullish(), agent_id: text.optional() };
export const blockSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text }),
  z.object({ type: z.literal('thinking'), thinking: text }),
  z.object({ type: z.literal('redacted_thinking') }),
  z.object({ type: z.literal('tool_use'), id: text, name: text, input: record }),
]);
export const assistantSchema = z.object({
  ...ofParent,
  message: z.object({
    id: text,
    content: z.array(z.looseObject({ type: text })),
    usage: usageSchema.nullish(),
  }),
  /** Set where claude made the message itself, because the model's end failed. */
  error: text.nullish(),
  /** It was cut off. */
  aborted: z.boolean().nullish(),
});
export type AssistantFrame = z.infer<typeof assistantSchema>;

export const contentPartSchema = z.looseObject({ type: text, text: text.optional() });
export const toolResultSchema = z.object({
  type: z.literal('tool_result'),
  tool_use_id: text,
  content: z.union([text, z.array(contentPartSchema)]).default(''),
  is_error: z.boolean().nullish(),
});
export type ToolResult = z.infer<typeof toolResultSchema>;
export const userSchema = z.object({
  ...ofParent,
  message: z.object({ content: z.union([text, z.array(z.looseObject({ type: text }))]) }),
  isReplay: z.boolean().nullish(),
  isSynthetic: z.boolean().nullish(),
  tool_use_result: z.unknown().optional(),
  tool_result_meta: z
    .array(z.looseObject({ id: text, non_execution_kind: text.nullish() }))
    .nullish()
    .catch(null),
});
export type UserFrame = z.infer<typeof userSchema>;

export const streamEventSchema = z.object({
  parent_tool_use_id: text.nullish(),
  event: z.looseObject({
    type: text,
    delta: z
      .looseObject({ type: text.optional(), text: text.optional(), thinking: text.optional() })
      .optional(),
  }),
});

export type StreamEvent = z.infer<typeof streamEventSchema>['event'];

// ---- results of tools --------------------------------------------------------------------------------------------

export const bashResultSchema = z.looseObject({
  stdout: text,
  stderr: text.default(''),
  interrupted: z.boolean().default(false),
  backgroundTaskId: text.nullish(),
});
export const fileResultSchema = z.looseObject({
  filePath: text,
  type: text.nullish(),
  originalFile: text.nullish(),
  structuredPatch: z.array(
    z.object({
      oldStart: z.number(),
      oldLines: z.number(),
      newStart: z.number(),
      newLines: z.number(),
      lines: strings,
    }),
  ),
});
export const agentResultSchema = z.looseObject({
  status: text.optional(),
  content: z
    .array(z.looseObject({ text: text.optional() }))
    .optional()
    .catch(undefined),
});

/** Of a message to a sub-agent. */
export const sentResultSchema = z.looseObject({
  success: z.literal(true),
  /** It was over, and goes on. */
  resumedAgentId: text.nullish(),
  /** It reads the message when it has time. */
  pin: z.looseObject({ id: text }).nullish().catch(null),
});

const todoStatus = z.enum(['pending', 'in_progress', 'completed']);
export const todosSchema = z.object({ todos: z.array(z.object({ content: text, status: todoStatus })) });
export const taskCreatedSchema = z.looseObject({ task: z.object({ id: text, subject: text }) });
export const taskUpdateSchema = z.looseObject({
  taskId: text,
  status: text.optional(),
  subject: text.optional(),
});
export const taskListSchema = z.looseObject({
  tasks: z.array(z.object({ id: text, subject: text, status: todoStatus })),
});

// ---- notices -----------------------------------------------------------------------------------------------------

export const statusSchema = z.object({
  status: text.nullish(),
  permissionMode: text.optional(),
  compact_result: text.optional(),
  compact_error: text.optional(),
});
export const compactBoundarySchema = z.object({
  compact_metadata: z.looseObject({ trigger: text.optional(), pre_tokens: z.number().optional() }).optional(),
});
export const retrySchema = z.object({
  attempt: z.number(),
  max_retries: z.number().optional(),
  retry_delay_ms: z.number().optional(),
  error_status: z.number().nullish(),
  error: text.nullish(),
});
/** A rule or a check of claude has said no, and nobody was asked. */
export const permissionDeniedSchema = z.object({ tool_use_id: text });
export const contentSchema = z.object({ content: text });
export const resetSchema = z.object({ new_conversation_id: text });
export const modelFallbackSchema = z.looseObject({
  trigger: text.optional(),
  original_model: text.optional(),
  fallback_model: text.optional(),
});

const onTask = { task_id: text, tool_use_id: text.nullish() };
export const taskStartedSchema = z.object({
  ...onTask,
  description: text.default(''),
  task_type: text.nullish(),
  prompt: text.default(''),
  uuid: text,
  is_backgrounded: z.boolean().nullish(),
  ambient: z.boolean().nullish(),
});
export type TaskStarted = z.infer<typeof taskStartedSchema>;
export const taskUpdatedSchema = z.object({
  ...onTask,
  patch: z.looseObject({ status: text.optional(), is_backgrounded: z.boolean().optional() }),
});
export const taskNotificationSchema = z.object({
  ...onTask,
  status: text,
  summary: text.default(''),
});
export const tasksChangedSchema = z.object({ tasks: z.array(z.looseObject({ task_id: text })) });

export const rateLimitSchema = z.object({
  rate_limit_info: z.looseObject({
    rateLimitType: text.nullish(),
    utilization: z.number().nullish(),
    resetsAt: z.number().nullish(),
  }),
});
