/** An entry of the journal: one input and the facts that were drawn from it. */
import { z } from 'zod';
import { factSchema } from './fact.ts';
import { commandIdSchema, itemIdSchema } from './ids.ts';
import { deltaInputSchema, threadInputSchema } from './input.ts';
import { instanceFactSchema, instanceInputSchema } from './instance.ts';
import { itemStatusSchema } from './item.ts';

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
 * The whole text of items whose text stood in deltas only. Stated when an item is closed without its text, and before
 * each base, so that deltas from before a base can be removed.
 */
export const textsSchema = z.object({
  type: z.literal('thread.textsStated'),
  items: z.array(z.object({ itemId: itemIdSchema, text: z.string(), status: itemStatusSchema })),
});
export type Texts = z.infer<typeof textsSchema>;

/**
 * `applied`: taken by the charts. `ignored`: no chart takes it now. `failed`: it threw, changed nothing, and is skipped
 * by every fold.
 */
export const entryOutcomeSchema = z.enum(['applied', 'ignored', 'failed']);

const place = {
  /** Global, from 1; given out without gaps. An entry that is removed leaves one, the others keep their numbers. */
  sequence: z.number().int().positive(),
  /** Of the stream, from 1; given out without gaps. */
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
  /** Only an `input` is stepped by the charts. */
  kind: z.enum(['input', 'delta', 'base', 'texts']),
  /** The thread. */
  stream: z.string(),
  input: z.discriminatedUnion('type', [threadInputSchema, deltaInputSchema, baseSchema, textsSchema]),
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
