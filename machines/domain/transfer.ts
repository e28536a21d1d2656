/** Context that is carried as text from one conversation to another: what the provider cannot take along by itself. */
import { z } from 'zod';
import { itemIdSchema, threadIdSchema } from './ids.ts';

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
