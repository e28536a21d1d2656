/** One configured provider: what it takes in, what its chart draws, and what clients see of it. */
import { z } from 'zod';
import { capabilitiesSchema } from './capability.ts';
import type { OpenConnection, ProviderEffect } from './effect.ts';
import { failureSchema } from './error.ts';
import { connectionIdSchema, instanceIdSchema, threadIdSchema } from './ids.ts';

export const modelSchema = z.object({
  id: z.string(),
  name: z.string(),
  isDefault: z.boolean().default(false),
  /** Names of options that the model takes, with their values. */
  options: z.record(z.string(), z.array(z.string())).default({}),
});
export type Model = z.infer<typeof modelSchema>;

/** What a live process says of itself; each report replaces the fields that it carries. */
export const instanceReportSchema = z.object({
  version: z.string().optional(),
  /** `null`: not logged in. */
  account: z.object({ label: z.string(), plan: z.string().nullable() }).nullable().optional(),
  loginRequired: z.boolean().optional(),
  models: z.array(modelSchema).optional(),
  /** Slash commands and skills. */
  commands: z.array(z.object({ name: z.string(), description: z.string() })).optional(),
  /** As the handshake refines what the adapter declares. */
  capabilities: capabilitiesSchema.optional(),
  rateLimits: z
    .array(z.object({ name: z.string(), usedPercent: z.number(), resetsAt: z.number().nullable() }))
    .optional(),
});
export type InstanceReport = z.infer<typeof instanceReportSchema>;

/** What waits for a live process; performed as the effect of the same name. */
export type InstanceWork = OpenConnection | Extract<ProviderEffect, { type: 'turn.lookUp' }>;
const workSchema = z.custom<InstanceWork>(
  (value) => typeof value === 'object' && value !== null && 'type' in value && 'threadId' in value,
);

const input = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape });
const fired = { timer: z.string(), armedBy: z.number().int().nonnegative() };

export const instanceInputSchema = z.discriminatedUnion('type', [
  input('instance.create', {
    instanceId: instanceIdSchema,
    driver: z.string(),
    capabilities: capabilitiesSchema,
  }),
  /**
   * The configuration has another entry for it, which is in force as soon as no thread holds a connection. `failure`: why
   * it cannot be used as it is configured; `null`: it can.
   */
  input('instance.configure', {
    driver: z.string(),
    capabilities: capabilitiesSchema,
    failure: failureSchema.nullable(),
  }),
  /** The configuration has no entry for it any more. */
  input('instance.remove', {}),
  /** A thread needs the provider: start it where necessary, then do the work. */
  input('instance.acquire', { work: workSchema }),
  /** The open has been answered, by success or failure, or the look-up has. */
  input('instance.workDone', { threadId: threadIdSchema, connectionId: connectionIdSchema.nullable() }),
  /** The thread holds a connection that is carried by another one's: nothing has to be opened for it. */
  input('instance.hold', { threadId: threadIdSchema, connectionId: connectionIdSchema }),
  /** The thread holds no connection of this id any more. */
  input('instance.release', { threadId: threadIdSchema, connectionId: connectionIdSchema }),
  /** The process runs and has answered the handshake. */
  input('process.started', { report: instanceReportSchema }),
  input('process.failed', { failure: failureSchema }),
  input('process.exited', { failure: failureSchema }),
  input('process.stopped', {}),
  input('instance.reported', { report: instanceReportSchema }),
  input('instance.startTimedOut', fired),
  input('instance.backoffEnded', fired),
  input('instance.idledOut', fired),
  input('instance.outdatedTooLong', fired),
  input('instance.drainTimedOut', fired),
  input('runtime.recovered', {}),
]);
export type InstanceInput = z.infer<typeof instanceInputSchema>;
export type InstanceInputType = InstanceInput['type'];

export const instanceStateSchema = z.enum([
  'idle',
  'starting',
  'ready',
  'backingOff',
  'draining',
  'unavailable',
  'outdated',
  'renewing',
  'closing',
  'disabled',
  'removed',
]);
export type InstanceState = z.infer<typeof instanceStateSchema>;

export const instanceFactSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('instance.created'),
    instanceId: instanceIdSchema,
    driver: z.string(),
    capabilities: capabilitiesSchema,
  }),
  z.object({
    type: z.literal('instance.stateChanged'),
    state: instanceStateSchema,
    failure: failureSchema.nullable(),
  }),
  z.object({ type: z.literal('instance.reported'), report: instanceReportSchema }),
]);
export type InstanceFact = z.infer<typeof instanceFactSchema>;

/** A provider instance as clients see it: a row of `providers.list` and of the shell's `instance` frames. */
export const instanceRowSchema = z.object({
  instanceId: instanceIdSchema,
  driver: z.string(),
  /** A thread can be created on it. */
  available: z.boolean(),
  /** `unchecked` until its process was first tried. */
  state: z.enum(['unchecked', 'ready', 'unavailable']),
  /** Why it cannot be used, or, of one that can, what is in force later. */
  reason: z.string().optional(),
  /** The last row of an instance that is not configured any more: it is listed no longer. */
  removed: z.literal(true).optional(),
  version: z.string().optional(),
  account: z.object({ label: z.string(), plan: z.string().nullable() }).nullable().optional(),
  loginRequired: z.boolean().optional(),
  capabilities: capabilitiesSchema,
  models: z.array(modelSchema),
  commands: z.array(z.object({ name: z.string(), description: z.string() })),
  rateLimits: z
    .array(z.object({ name: z.string(), usedPercent: z.number(), resetsAt: z.number().nullable() }))
    .optional(),
});
export type InstanceRow = z.infer<typeof instanceRowSchema>;

/** (row, fact) → row; the only fold of instance facts. */
export function evolveInstance(row: InstanceRow | null, fact: InstanceFact): InstanceRow | null {
  if (fact.type === 'instance.created') {
    const { instanceId, driver, capabilities } = fact;
    return {
      instanceId,
      driver,
      capabilities,
      available: true,
      state: 'unchecked',
      models: [],
      commands: [],
    };
  }
  if (row === null) return null;
  if (fact.type === 'instance.reported') return instanceRowSchema.parse({ ...row, ...fact.report });
  return stateChanged(row, fact);
}

/** States in which the configuration is what keeps the instance from being used. */
const BARRED: ReadonlySet<InstanceState> = new Set(['closing', 'disabled', 'removed']);
const OUTDATED = {
  outdated: 'its configuration has changed; that is in force as soon as no turn runs',
  renewing: 'its configuration has changed; what begins now waits for the turns that still run',
};

function stateChanged(
  row: InstanceRow,
  { state, failure }: Extract<InstanceFact, { type: 'instance.stateChanged' }>,
): InstanceRow {
  const { reason: _, ...rest } = row;
  if (state === 'ready') return { ...rest, state: 'ready', available: true };
  if (state === 'outdated' || state === 'renewing')
    return { ...rest, state: 'ready', available: true, reason: OUTDATED[state] };
  if (BARRED.has(state)) {
    const barred = { ...rest, state: 'unavailable', available: false } as const;
    const reason = failure === null ? {} : { reason: failure.message };
    return { ...barred, ...reason, ...(state === 'removed' && { removed: true }) };
  }
  if (state !== 'unavailable' && state !== 'backingOff') return row;
  return {
    ...rest,
    state: 'unavailable',
    available: failure?.retryable ?? false,
    ...(failure === null ? {} : { reason: `${failure.code}: ${failure.message}` }),
  };
}
