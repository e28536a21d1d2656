/** An entry of the journal: one input and the facts that were drawn from it. */
import { z } from 'zod';
import { factSchema } from './fact.ts';
import { commandIdSchema } from './ids.ts';
import { deltaInputSchema, threadInputSchema } from './input.ts';
import { instanceFactSchema, instanceInputSchema } from './instance.ts';

/** A settled thread in our own types: where loading starts. */
export const baseSchema = z.object({
  type: z.literal('thread.based'),
  /** Of this format; older ones are lifted by `upcast`. */
  format: z.literal(1),
  /** Values and contexts of the charts, by actor. */
  charts: z.object({
    root: z.object({ value: z.unknown(), context: z.unknown() }),
    connection: z.object({ value: z.unknown(), context: z.unknown() }).optional(),
  }),
  timers: z.record(z.string(), z.unknown()),
});
export type Base = z.infer<typeof baseSchema>;

/**
 * `applied`: taken by the charts. `ignored`: no chart takes it now. `failed`: it threw, changed nothing, and is skipped
 * by every fold.
 */
export const entryOutcomeSchema = z.enum(['applied', 'ignored', 'failed']);

const place = {
  /** Global, from 1, without gaps. */
  sequence: z.number().int().positive(),
  /** Of the stream, from 1, without gaps. */
  version: z.number().int().positive(),
  /** Epoch ms. */
  at: z.number(),
  /** Hash of the charts that recorded it. */
  machineHash: z.string(),
  outcome: entryOutcomeSchema,
  /** Of the command behind the input. */
  commandId: commandIdSchema.nullable(),
};

export const threadEntrySchema = z.object({
  ...place,
  kind: z.enum(['input', 'delta', 'base']),
  /** The thread. */
  stream: z.string(),
  input: z.union([threadInputSchema, deltaInputSchema, baseSchema]),
  facts: z.array(factSchema),
});
export type ThreadEntry = z.infer<typeof threadEntrySchema>;

export const instanceEntrySchema = z.object({
  ...place,
  kind: z.literal('instance'),
  /** The instance. */
  stream: z.string(),
  input: instanceInputSchema,
  facts: z.array(instanceFactSchema),
});
export type InstanceEntry = z.infer<typeof instanceEntrySchema>;

export type Entry = ThreadEntry | InstanceEntry;
