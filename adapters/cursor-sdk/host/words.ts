/** What the adapter asks of this process. Both sides are ours and of one version; it is read as all that crosses a pipe. */
import { z } from 'zod';

export const openParamsSchema = z.object({
  agentId: z.string(),
  isNew: z.boolean(),
  cwd: z.string(),
  model: z.string(),
  /** The only tools that the agent has; `null`: all but the forbidden. */
  tools: z.array(z.string()).nullable(),
  sandbox: z.boolean(),
  autoReview: z.boolean(),
});
export type OpenParams = z.infer<typeof openParamsSchema>;

export const sendParamsSchema = z.object({
  /** Our own id of the prompt. */
  key: z.string(),
  text: z.string(),
  images: z.array(z.object({ data: z.string(), mimeType: z.string() })),
  model: z.object({ id: z.string(), params: z.array(z.object({ id: z.string(), value: z.string() })) }),
  mode: z.enum(['agent', 'plan']),
});
export type SendParams = z.infer<typeof sendParamsSchema>;

export const steerParamsSchema = z.object({ key: z.string(), text: z.string() });
export const cancelParamsSchema = z.object({ key: z.string() });
export const lookUpParamsSchema = z.object({ agentId: z.string(), key: z.string() });
export type LookUpParams = z.infer<typeof lookUpParamsSchema>;

/** Codes of errors that the adapter tells apart. */
export const SDK_MISSING = -32_001;
export const AGENT_NOT_FOUND = -32_002;
export const FAILED = -32_000;
