/** The frames of `orchestration.thread` and `orchestration.shell` notifications. */
import { z } from 'zod';
import { entryOutcomeSchema } from '../../machines/domain/entry.ts';
import { factSchema } from '../../machines/domain/fact.ts';
import { commandIdSchema, threadIdSchema } from '../../machines/domain/ids.ts';
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

/** What one of the three actors of a thread did, and an entry with all that is known of it. Secrets are taken out. */
const actor = z.enum(['root', 'connection', 'turn']);
export const inspectedEntrySchema = z.object({
  sequence,
  version,
  at: z.number(),
  /** `delta`, `base` and `texts` are not stepped. */
  entryKind: z.enum(['input', 'delta', 'base', 'texts']),
  outcome: entryOutcomeSchema,
  machineHash: z.string(),
  commandId: commandIdSchema.nullable(),
  input: z.unknown(),
  /** Types of its facts. */
  facts: z.array(z.string()),
  /** Events in the order in which the actors took them; `$…` come from another of the three. */
  taken: z.array(z.object({ actor, event: z.string() })),
  /** State values before and after; `null`: the actor was not there. */
  changes: z.array(z.object({ actor, from: z.unknown(), to: z.unknown() })),
  /** What the charts asked for: performed after the commit, unless it was overtaken meanwhile. */
  effects: z.array(z.unknown()),
  /** Armed and cancelled. */
  timers: z.array(z.unknown()),
});

export const inspectionFrameSchema = z.discriminatedUnion('kind', [
  inspectedEntrySchema.extend({ kind: z.literal('entry') }),
  /** Entries above the version `after` up to this one were not sent; `inspection.readEntries` has them. */
  z.object({ kind: z.literal('missed'), after: version, sequence, version }),
  /** The cursor is of no time that the store knows: what is held may not be what is in the journal. */
  resyncSchema,
  z.object({ kind: z.literal('synchronized'), epoch: z.string(), sequence, version }),
]);
export type InspectionFrame = z.infer<typeof inspectionFrameSchema>;

/** `after`: the version (shell: sequence) of the last frame that this subscription was sent; another one is a gap. */
const notification = <F extends z.ZodType>(frame: F) =>
  z.object({ subscriptionId: z.string(), after: z.number().int().nonnegative(), frames: z.array(frame) });

/** What the server sends by itself. */
export const NOTIFICATIONS = {
  'orchestration.thread': notification(threadFrameSchema),
  'orchestration.shell': notification(shellFrameSchema),
  'inspection.thread': notification(inspectionFrameSchema),
} as const;
export type NotificationName = keyof typeof NOTIFICATIONS;
export type NotificationOf<N extends NotificationName> = z.infer<(typeof NOTIFICATIONS)[N]>;
