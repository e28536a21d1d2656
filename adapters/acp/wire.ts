/**
 * What is read of ACP's frames, protocol version 1. Looser than the protocol's own schema: what an agent adds, leaves out
 * or gets wrong in one field must not cost its message.
 */
import { z } from 'zod';

const optionalText = z.string().nullish().catch(undefined);

// ---- handshake and sessions --------------------------------------------------------------------------------------

/** Offered where it is an object, even an empty one. */
const offered = z
  .unknown()
  .transform((value) => typeof value === 'object' && value !== null)
  .default(false);

const authMethodSchema = z.looseObject({ id: z.string(), name: z.string(), description: optionalText });

export const initializedSchema = z.looseObject({
  protocolVersion: z.number(),
  agentInfo: z
    .looseObject({ name: z.string().default(''), version: z.string().nullish() })
    .nullish()
    .catch(undefined),
  agentCapabilities: z
    .looseObject({
      loadSession: z.boolean().default(false),
      promptCapabilities: z.looseObject({ image: z.boolean().default(false) }).prefault({}),
      mcpCapabilities: z.looseObject({ http: z.boolean().default(false) }).prefault({}),
      sessionCapabilities: z.looseObject({ resume: offered, close: offered, fork: offered }).prefault({}),
    })
    .prefault({}),
  authMethods: z.array(authMethodSchema).default([]).catch([]),
});
export type Initialized = z.infer<typeof initializedSchema>;

const optionValueSchema = z.looseObject({ value: z.string(), name: z.string() });
const optionGroupSchema = z.looseObject({ options: z.array(optionValueSchema) });

const configOptionSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  category: optionalText,
  currentValue: z.union([z.string(), z.boolean()]),
  options: z
    .array(z.union([optionGroupSchema.transform(({ options }) => options), optionValueSchema]))
    .default([])
    .transform((options) => options.flat()),
});
export type ConfigOption = z.infer<typeof configOptionSchema>;

/** What this client cannot show is left out. */
export const configOptionsSchema = z
  .array(z.unknown())
  .transform((options) => options.flatMap((option) => configOptionSchema.safeParse(option).data ?? []));

/** The answer to `session/new`, `session/load` and `session/resume`; only the first has a `sessionId`. */
export const sessionSchema = z
  .looseObject({
    sessionId: z.string().optional(),
    modes: z
      .looseObject({
        currentModeId: z.string(),
        availableModes: z.array(z.looseObject({ id: z.string(), name: z.string() })),
      })
      .nullish()
      .catch(undefined),
    /** Of no schema; gemini and codex-acp send it. */
    models: z
      .looseObject({
        currentModelId: z.string(),
        availableModels: z.array(z.looseObject({ modelId: z.string(), name: z.string() })),
      })
      .nullish()
      .catch(undefined),
    configOptions: configOptionsSchema.nullish().catch(undefined),
  })
  .nullable()
  .transform((answer) => answer ?? {});
export type SessionAnswer = z.infer<typeof sessionSchema>;

export const configAnswerSchema = z.looseObject({
  configOptions: configOptionsSchema.nullish().catch(undefined),
});

// ---- prompts -----------------------------------------------------------------------------------------------------

const count = z.number().nonnegative().default(0).catch(0);

const tokensSchema = z.looseObject({
  inputTokens: count,
  outputTokens: count,
  cachedReadTokens: count,
  thoughtTokens: count,
});
/** gemini 0.61.0 has a form of its own. */
const quotaSchema = z
  .looseObject({
    quota: z.looseObject({ token_count: z.looseObject({ input_tokens: count, output_tokens: count }) }),
  })
  .transform(({ quota: { token_count: tokens } }) => ({
    inputTokens: tokens.input_tokens,
    outputTokens: tokens.output_tokens,
    cachedReadTokens: 0,
    thoughtTokens: 0,
  }));

export const promptAnswerSchema = z
  .looseObject({
    stopReason: z.string(),
    usage: tokensSchema.nullish().catch(undefined),
    _meta: quotaSchema.nullish().catch(undefined),
  })
  .transform(({ stopReason, usage, _meta: meta }) => ({ stopReason, usage: usage ?? meta ?? null }));
export type PromptAnswer = z.infer<typeof promptAnswerSchema>;

// ---- updates -----------------------------------------------------------------------------------------------------

export const updateNoticeSchema = z.looseObject({
  sessionId: z.string(),
  update: z.looseObject({ sessionUpdate: z.string() }),
});
export type Update = z.infer<typeof updateNoticeSchema>['update'];

const blockSchema = z.looseObject({
  type: z.string(),
  text: optionalText,
  uri: optionalText,
  resource: z.looseObject({ uri: optionalText, text: optionalText }).nullish().catch(undefined),
});
export type Block = z.infer<typeof blockSchema>;

export const chunkSchema = z.looseObject({ content: blockSchema, messageId: optionalText });

const toolContentSchema = z.looseObject({
  type: z.string(),
  content: blockSchema.nullish().catch(undefined),
  path: optionalText,
  oldText: optionalText,
  newText: optionalText,
  terminalId: optionalText,
});
export type ToolContent = z.infer<typeof toolContentSchema>;

/** Of an announcement, an update or a question: what is left out stays as it was. */
export const toolCallSchema = z.looseObject({
  toolCallId: z.string(),
  title: optionalText,
  kind: optionalText,
  status: optionalText,
  content: z.array(toolContentSchema).nullish().catch(undefined),
  locations: z
    .array(z.looseObject({ path: z.string() }))
    .nullish()
    .catch(undefined),
  rawInput: z.unknown().optional(),
  rawOutput: z.unknown().optional(),
});
export type ToolCall = z.infer<typeof toolCallSchema>;

export const planSchema = z.looseObject({
  entries: z.array(z.looseObject({ content: z.string(), status: z.string() })),
});

export const commandsSchema = z.looseObject({
  availableCommands: z.array(z.looseObject({ name: z.string(), description: z.string().default('') })),
});

export const modeSchema = z.looseObject({ currentModeId: z.string() });
export const configSchema = z.looseObject({ configOptions: configOptionsSchema });
export const usageSchema = z.looseObject({ used: z.number().nonnegative(), size: z.number().nonnegative() });

export const noticeSchema = z.looseObject({
  severity: optionalText,
  title: z.string(),
  description: optionalText,
});

export const compactionSchema = z.looseObject({
  compactionId: z.string(),
  status: z.string(),
  error: optionalText,
});
export const compactionChunkSchema = z.looseObject({ compactionId: z.string(), content: blockSchema });

// ---- requests of the agent ---------------------------------------------------------------------------------------

/** Every request that is about a session. */
export const addressSchema = z.looseObject({ sessionId: z.string().nullish() });

export const permissionSchema = z.looseObject({
  sessionId: z.string(),
  toolCall: toolCallSchema,
  options: z.array(
    z.looseObject({ optionId: z.string(), name: z.string().default(''), kind: z.string().default('') }),
  ),
});
export type PermissionOptions = z.infer<typeof permissionSchema>['options'];

export const readFileSchema = z.looseObject({
  path: z.string(),
  /** From 1. */
  line: z.number().int().nonnegative().nullish(),
  limit: z.number().int().nonnegative().nullish(),
});
export const writeFileSchema = z.looseObject({ path: z.string(), content: z.string() });

export const createTerminalSchema = z.looseObject({
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.array(z.looseObject({ name: z.string(), value: z.string() })).default([]),
  cwd: z.string().nullish(),
  outputByteLimit: z.number().int().nonnegative().nullish(),
});
export type CreateTerminal = z.infer<typeof createTerminalSchema>;
export const terminalSchema = z.looseObject({ terminalId: z.string() });

export const elicitationSchema = z.looseObject({
  mode: z.string(),
  message: z.string(),
  url: optionalText,
  elicitationId: optionalText,
  requestedSchema: z.unknown().optional(),
});
export const elicitationDoneSchema = z.looseObject({ elicitationId: z.string() });

export const cancelSchema = z.looseObject({ requestId: z.union([z.number(), z.string()]) });
