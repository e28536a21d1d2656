/** Context that is carried as text from one conversation to another: what the provider cannot take along by itself. */
import { z } from 'zod';
import { attachmentIdSchema, itemIdSchema, threadIdSchema } from './ids.ts';

/**
 * `switch`: to another provider. `resume`: the provider has forgotten the conversation. `fork`, `merge-back`,
 * `rollback`, `delegate`: where these need the provider's help and it has none.
 */
export const transferKindSchema = z.enum(['fork', 'merge-back', 'switch', 'resume', 'rollback', 'delegate']);
export type TransferKind = z.infer<typeof transferKindSchema>;

export const transferSchema = z.object({
  /** It is an item of the thread, whose text is what is carried. */
  transferId: itemIdSchema,
  kind: transferKindSchema,
  /** Whose turns are carried; perhaps the thread itself. */
  source: threadIdSchema,
  /** Ordinals of the turns of the source: those above `after`, up to `until`. */
  after: z.number().int().nonnegative(),
  until: z.number().int().nonnegative(),
  /** `building` until the runtime has put the text together; `failed` is tried again with the next prompt. */
  status: z.enum(['building', 'ready', 'failed']),
});
export type Transfer = z.infer<typeof transferSchema>;

/** Which turns of which thread are to be carried, and what for. */
export const transferPlanSchema = transferSchema.pick({ kind: true, source: true, after: true, until: true });
export type TransferPlan = z.infer<typeof transferPlanSchema>;

/** What the text is made of. Characters are those of the text. */
export const transferReportSchema = z.object({
  /** Messages, commands and changes that are in it. */
  entryCount: z.number().int().nonnegative(),
  /** Those that did not fit, the oldest ones. */
  leftOut: z.object({
    entryCount: z.number().int().nonnegative(),
    characterCount: z.number().int().nonnegative(),
  }),
  /** Images of carried messages that go along, the newest ones. */
  attachments: z.array(attachmentIdSchema).max(8),
});
export type TransferReport = z.infer<typeof transferReportSchema>;
