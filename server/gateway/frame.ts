/** The frames of `orchestration.thread` and `orchestration.shell` notifications. */
import { z } from 'zod';
import { factSchema } from '../../machines/domain/fact.ts';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import { instanceRowSchema } from '../../machines/domain/instance.ts';
import { itemRowSchema } from '../../machines/domain/item.ts';
import { machineStateSchema, threadRowSchema, threadSnapshotSchema } from '../../machines/domain/snapshot.ts';

const sequence = z.number().int().nonnegative();
const version = z.number().int().nonnegative();

/**
 * Stands beside a string that was cut: the size of the whole string in UTF-8. What is there is a prefix; for the text of
 * an item `orchestration.getItem` reads on from its length.
 */
export const truncatedSchema = z.object({ bytes: z.number().int().positive() });

export const wireItemSchema = itemRowSchema.extend({ truncated: truncatedSchema.optional() });
export type WireItem = z.infer<typeof wireItemSchema>;

/** The page of items ends early where the message would be longer than 1 MiB. */
export const wireSnapshotSchema = threadSnapshotSchema.extend({
  items: z.array(wireItemSchema),
  roster: z.array(wireItemSchema).default([]),
});
export type WireSnapshot = z.infer<typeof wireSnapshotSchema>;

/**
 * Why a client has to forget what it holds: its cursor is of no epoch that the store knows (`unknown`), above what was
 * committed (`ahead`), above what is left of its epoch (`rewound`), below what was pruned (`pruned`), or it read too
 * slowly (`lagging`).
 */
export const resyncReasonSchema = z.enum(['unknown', 'ahead', 'rewound', 'pruned', 'lagging']);
export type ResyncReason = z.infer<typeof resyncReasonSchema>;

/** Everything up to `sequence` has been sent; live from here. */
const synchronizedSchema = z.object({ kind: z.literal('synchronized'), epoch: z.string(), sequence });
const resyncSchema = z.object({ kind: z.literal('resync'), reason: resyncReasonSchema });

export const threadFrameSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('snapshot'), sequence, version, snapshot: wireSnapshotSchema }),
  /** One fact. All facts of one entry have its sequence and version and are in one message. */
  z.object({ kind: z.literal('event'), sequence, version, at: z.number(), fact: factSchema }),
  /** The machines after the entry. */
  z.object({ kind: z.literal('state'), sequence, version, state: machineStateSchema }),
  synchronizedSchema,
  resyncSchema,
]);
export type ThreadFrame = z.infer<typeof threadFrameSchema>;

/** Rows before `synchronized` carry the sequence of the cursor that they continue (0 without one): they move no cursor. */
export const shellFrameSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('thread'), sequence, row: threadRowSchema }),
  z.object({ kind: z.literal('removed'), sequence, threadId: threadIdSchema }),
  z.object({ kind: z.literal('instance'), sequence, row: instanceRowSchema }),
  synchronizedSchema,
  resyncSchema,
]);
export type ShellFrame = z.infer<typeof shellFrameSchema>;

/** `after`: the version (shell: sequence) of the last frame that this subscription was sent; another one is a gap. */
const notification = <F extends z.ZodType>(frame: F) =>
  z.object({ subscriptionId: z.string(), after: z.number().int().nonnegative(), frames: z.array(frame) });

/** What the server sends by itself. */
export const NOTIFICATIONS = {
  'orchestration.thread': notification(threadFrameSchema),
  'orchestration.shell': notification(shellFrameSchema),
} as const;
export type NotificationName = keyof typeof NOTIFICATIONS;
export type NotificationOf<N extends NotificationName> = z.infer<(typeof NOTIFICATIONS)[N]>;
