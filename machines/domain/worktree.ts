/** A working tree of its own for a thread: asked for at its creation, made by the runtime. */
import { z } from 'zod';
import { failureSchema } from './error.ts';
import { threadIdSchema, turnIdSchema } from './ids.ts';

/** What a command may ask for. */
export const askedWorktreeSchema = z.strictObject({
  /** The commit that it begins at: any name that git knows; `null`: what is checked out in the thread's folder. */
  base: z.string().min(1).max(256).nullable().default(null),
  /** Made at the base, or taken as it is where it exists; `null`: one is made for the thread. */
  branch: z.string().min(1).max(200).nullable().default(null),
  /** A shell command that is run in it before the first prompt. */
  setup: z.string().min(1).max(10_000).nullable().default(null),
});

export const worktreeRequestSchema = askedWorktreeSchema.extend({
  /** Of a fork: it begins with the files that this turn left. */
  filesOf: z.object({ threadId: threadIdSchema, turnId: turnIdSchema }).optional(),
});
export type WorktreeRequest = z.infer<typeof worktreeRequestSchema>;

/** Where it is. */
export const madeWorktreeSchema = z.object({
  /** Its top folder. */
  root: z.string().max(4096),
  /** The thread's folder in it. */
  cwd: z.string().min(1).max(4096),
  branch: z.string().max(300),
  /** The top folder of the repository that it was made from. */
  source: z.string().max(4096),
});
export type MadeWorktree = z.infer<typeof madeWorktreeSchema>;

/** What the chart remembers of it. `asked`: nothing has been done yet. */
export interface Worktree {
  readonly request: WorktreeRequest;
  readonly status: 'asked' | 'making' | 'failed' | 'ready';
  /** How often its making was begun. */
  readonly attempt: number;
}

/** What clients see of it. */
export const worktreeStateSchema = z.object({
  status: z.enum(['making', 'failed', 'ready']),
  request: worktreeRequestSchema,
  /** `null` until it is ready. */
  made: madeWorktreeSchema.nullable(),
  /** Why it could not be made; the next prompt tries again. */
  failure: failureSchema.nullable(),
});
export type WorktreeState = z.infer<typeof worktreeStateSchema>;
