/** How the next connection of a thread gets its conversation. */
import { z } from 'zod';
import { threadIdSchema } from './ids.ts';

/** What a conversation begins with. The other one stays as it is, and neither sees what is said in the other later. */
export const forkSchema = z.object({
  nativeThreadId: z.string().max(512),
  /** The last turn that belongs to it; `null`: all that have ended. */
  nativeTurnId: z.string().max(256).nullable(),
});
export type Fork = z.infer<typeof forkSchema>;

/** Takes the newest turns out of a conversation. */
export const rollbackSchema = z.object({
  /** The last turn that stays. */
  nativeTurnId: z.string().max(256),
  /** Also put back the files that the provider's own tools have changed since. */
  files: z.boolean(),
});
export type Rollback = z.infer<typeof rollbackSchema>;

/**
 * Noted by a command and performed by the next prompt; `resume` again once the connection is open. Where the provider
 * cannot, the same connection begins a new conversation and what was said before is carried (`transfer.ts`).
 */
export const openingSchema = z.discriminatedUnion('type', [
  /** The session if there is a confirmed one, else a new conversation. */
  z.object({ type: z.literal('resume') }),
  /** A new conversation with the history of another thread's. */
  z.object({
    type: z.literal('fork'),
    fork: forkSchema,
    threadId: threadIdSchema,
    /** Of the last turn of that thread that belongs to it; what is carried where the provider cannot. */
    turnOrdinal: z.number().int().nonnegative(),
  }),
  /** The session without its newest turns. */
  z.object({ type: z.literal('rollback'), rollback: rollbackSchema }),
]);
export type Opening = z.infer<typeof openingSchema>;

export const RESUME: Opening = { type: 'resume' };
