/** What the process of the SDK says; of the SDK's own updates as much as is read, as 1.0.32 sends them. */
import { z } from 'zod';

/** Numbers that the SDK may leave out. */
const optionalNumber = z.number().nullish();

const askedSchema = z.looseObject({ value: z.unknown().optional(), problem: z.string().optional() });
export const initializedSchema = z.looseObject({
  version: z.string().nullable(),
  user: askedSchema,
  models: askedSchema,
});
export type Initialized = z.infer<typeof initializedSchema>;

export const userSchema = z.looseObject({ apiKeyName: z.string(), userEmail: z.string().nullish() });
export const modelsSchema = z.array(
  z.looseObject({
    id: z.string(),
    displayName: z.string(),
    parameters: z
      .array(z.looseObject({ id: z.string(), values: z.array(z.looseObject({ value: z.string() })) }))
      .nullish(),
  }),
);
export type Models = z.infer<typeof modelsSchema>;

export const doneSchema = z.looseObject({});
export const sentSchema = z.looseObject({ runId: z.string() });
export const steeredSchema = z.looseObject({ outcome: z.string() });
export const cancelledSchema = z.looseObject({ isRunning: z.boolean() });
export const foundSchema = z.looseObject({
  isKnown: z.boolean(),
  run: z.looseObject({ status: z.string(), error: z.string().nullable() }).nullable(),
});

/** What errors of the SDK are beside their message. */
export const errorDataSchema = z.looseObject({
  name: z.string(),
  code: z.string().optional(),
  status: z.number().optional(),
});

const runErrorSchema = z.looseObject({ message: z.string(), code: z.string().nullish() });
export type RunError = z.infer<typeof runErrorSchema>;

export const endedSchema = z.looseObject({
  runId: z.string(),
  result: z.looseObject({ status: z.string(), error: runErrorSchema.nullish() }),
});
export type RunEnd = z.infer<typeof endedSchema>['result'];

export const updateNoticeSchema = z.looseObject({
  runId: z.string(),
  update: z.looseObject({ type: z.string() }),
});
/** One thing that a run does. */
export type Update = z.infer<typeof updateNoticeSchema>['update'];

export const textSchema = z.looseObject({ text: z.string() });

const resultSchema = z.union([
  z.looseObject({ status: z.literal('success'), value: z.looseObject({}).catch({}) }),
  z.looseObject({
    status: z.literal('error'),
    error: z.looseObject({ message: z.string().optional(), error: z.string().optional() }).catch({}),
  }),
]);
export type ToolResult = z.infer<typeof resultSchema>;

export const toolCallSchema = z.looseObject({
  type: z.string(),
  args: z.record(z.string(), z.unknown()).catch({}),
  /** Not there while it runs. */
  result: resultSchema.optional().catch(undefined),
});
export type ToolCall = z.infer<typeof toolCallSchema>;

export const callSchema = z.looseObject({ callId: z.string(), toolCall: toolCallSchema });
export const nestedSchema = z.looseObject({
  callId: z.string(),
  taskUpdate: z.looseObject({ type: z.string() }),
});

export const shellOutputSchema = z.looseObject({
  event: z.looseObject({
    case: z.string().optional(),
    value: z.looseObject({ data: z.string() }).optional().catch(undefined),
  }),
});

export const summarySchema = z.looseObject({ summary: z.string() });

export const turnUsageSchema = z.looseObject({
  usage: z
    .looseObject({
      inputTokens: z.number(),
      outputTokens: z.number(),
      cacheReadTokens: z.number(),
      cacheWriteTokens: z.number(),
      reasoningTokens: optionalNumber,
    })
    .nullish(),
});
export type TurnUsage = NonNullable<z.infer<typeof turnUsageSchema>['usage']>;

const todosSchema = z.array(z.looseObject({ content: z.string(), status: z.string() }));
export const todoArgsSchema = z.looseObject({ todos: todosSchema });

export const shellValueSchema = z.looseObject({
  exitCode: z.number().int().nullish(),
  stdout: z.string().catch(''),
  stderr: z.string().catch(''),
  executionTime: optionalNumber,
});
