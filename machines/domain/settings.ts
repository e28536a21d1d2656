/** What a thread is set to. Changes apply from the next turn. */
import { z } from 'zod';
import { instanceIdSchema, itemIdSchema, threadIdSchema } from './ids.ts';

/** How much the agent may do without asking. Each adapter maps the four to its provider's own settings. */
export const runtimeModeSchema = z.enum(['approval-required', 'auto-accept-edits', 'auto', 'full-access']);
/** `plan`: the agent plans and asks, and changes nothing. */
export const interactionModeSchema = z.enum(['default', 'plan']);
/** `buffered` holds assistant text until the message, the turn or the session ends or a request opens. */
export const deliveryModeSchema = z.enum(['streaming', 'buffered']);

/** Explicit overrides beside the runtime mode; each one that is set wins. */
export const policySchema = z.strictObject({
  approval: z.enum(['untrusted', 'on-request', 'never']).optional(),
  sandbox: z.enum(['read-only', 'workspace-write', 'full-access']).optional(),
  /** Network access of sandboxed commands. */
  network: z.boolean().optional(),
});

/** Provider-specific knobs of a model, such as `effort`. */
export const optionsSchema = z.record(
  z.string().max(64),
  z.union([z.string().max(256), z.number(), z.boolean()]),
);

export const settingsSchema = z.object({
  title: z.string().max(200),
  /** Absolute path of the workspace. */
  cwd: z.string().min(1).max(4096),
  instanceId: instanceIdSchema,
  /** `null`: the provider's default. */
  model: z.string().max(128).nullable(),
  options: optionsSchema,
  runtimeMode: runtimeModeSchema,
  policy: policySchema,
  interactionMode: interactionModeSchema,
  deliveryMode: deliveryModeSchema,
  /** The files are captured around each turn. Absent: not, as in threads of releases that could not. */
  checkpoints: z.boolean().optional(),
});

export type RuntimeMode = z.infer<typeof runtimeModeSchema>;
export type InteractionMode = z.infer<typeof interactionModeSchema>;
export type DeliveryMode = z.infer<typeof deliveryModeSchema>;
export type Policy = z.infer<typeof policySchema>;
export type Options = z.infer<typeof optionsSchema>;
export type Settings = z.infer<typeof settingsSchema>;

/** A plan of this or another thread that a turn implements. */
export const sourcePlanSchema = z.strictObject({ threadId: threadIdSchema, itemId: itemIdSchema });
export type SourcePlan = z.infer<typeof sourcePlanSchema>;
