/** The workspace's files around turns, and what a rollback makes of them. */
import { z } from 'zod';
import { failureSchema } from './error.ts';
import { itemIdSchema, threadIdSchema, turnIdSchema, type TurnId } from './ids.ts';
import { promptSchema } from './turn.ts';

/** `before`: taken beside the start of the turn. `after`: at its end. */
export const pointSchema = z.enum(['before', 'after']);
export type Point = z.infer<typeof pointSchema>;

/** A turn of another thread that ran in the same repository at the same time: what both changed is nobody's. */
export const overlapSchema = z.object({ threadId: threadIdSchema, turnId: turnIdSchema });
export type Overlap = z.infer<typeof overlapSchema>;

/** A changed file without its text. */
export const changedFileSchema = z.object({
  /** Relative to the root of the repository. */
  path: z.string(),
  kind: z.enum(['added', 'modified', 'deleted', 'renamed']),
  /** Of a renamed file: what it was called. */
  oldPath: z.string().optional(),
  /** `null`: not counted, because the file is binary or too large. */
  additions: z.number().int().nonnegative().nullable(),
  deletions: z.number().int().nonnegative().nullable(),
});
export type ChangedFile = z.infer<typeof changedFileSchema>;

/** At most so many files are listed with a checkpoint; all of them are read page by page. */
export const LISTED_FILES = 100;

/** What a turn changed, as its checkpoint says it. */
export const changesSchema = z.object({
  fileCount: z.number().int().nonnegative(),
  /** Lines of all of them that can be counted. */
  additions: z.number().int().nonnegative(),
  deletions: z.number().int().nonnegative(),
  /** The first of them by path. */
  files: z.array(changedFileSchema).max(LISTED_FILES),
});
export type Changes = z.infer<typeof changesSchema>;

/** Why a file is left as it is; the port of workspaces says what the words mean. */
export const conflictSchema = z.object({
  path: z.string(),
  reason: z.enum(['changed-since', 'changed-between', 'contested', 'unseen', 'unwritable']),
});
export type FileConflict = z.infer<typeof conflictSchema>;

/** At most so many conflicts are told by name. */
export const LISTED_CONFLICTS = 100;

/** What was put back. */
export const restoredSchema = z.object({
  fileCount: z.number().int().nonnegative(),
  conflictCount: z.number().int().nonnegative(),
  /** The first of them by path. */
  conflicts: z.array(conflictSchema).max(LISTED_CONFLICTS),
});
export type Restored = z.infer<typeof restoredSchema>;

export const rollbackTargetSchema = z.object({
  /** The last turn that stays; `null`: none does. */
  turnId: turnIdSchema.nullable(),
  /** Of that turn; 0 for `null`. */
  ordinal: z.number().int().nonnegative(),
  files: z.boolean(),
  conversation: z.boolean(),
});
export type RollbackTarget = z.infer<typeof rollbackTargetSchema>;

/** A rollback under way, from its command to its end. */
export const pendingRollbackSchema = rollbackTargetSchema.extend({
  /** It is an item of the thread. */
  rollbackId: itemIdSchema,
  /** The provider's name of the turn that stays. */
  nativeTurnId: z.string().nullable(),
  /** The turns that go, in their order. */
  turnIds: z.array(turnIdSchema),
  /** Files that are put back although others changed them. */
  force: z.array(z.string().max(4096)).max(1000),
  /** Runs once it is done. */
  prompt: promptSchema.nullable(),
});
export type PendingRollback = z.infer<typeof pendingRollbackSchema>;

/** A capture that was asked for and has not been answered. */
export interface AskedCapture {
  readonly turnId: TurnId;
  readonly point: Point;
  /** Counts from 1. */
  readonly tries: number;
}

/** While so many are asked for, and the workspace hangs, turns begin without. */
export const ASKED_LIMIT = 2;

/** A capture that fails is tried so often. */
export const CAPTURE_ATTEMPTS = 3;

const sideSchema = z.object({
  tree: z.string(),
  /** What keeps the tree in the repository. */
  ref: z.string(),
  /** The commit that was checked out; absent in rows of older releases. */
  head: z.string().nullable().optional(),
});

/** The two captures of one turn. Times are epoch ms. */
export const checkpointRowSchema = z.object({
  turnId: turnIdSchema,
  /** Of the turn. */
  ordinal: z.number().int().positive(),
  /** `captured` with both points; `missing` where there is nothing to capture. */
  status: z.enum(['capturing', 'captured', 'missing', 'failed']),
  /** Of the repository; `null` until a point is captured. */
  root: z.string().nullable(),
  before: sideSchema.nullable(),
  after: sideSchema.nullable(),
  /** Why it is missing. */
  reason: z.string().nullable(),
  failure: failureSchema.nullable(),
  fileCount: z.number().int().nonnegative(),
  /** The first of them by path. */
  files: z.array(changedFileSchema),
  overlaps: z.array(overlapSchema),
  /** A rollback has put back the files. */
  restored: z.boolean(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
export type CheckpointRow = z.infer<typeof checkpointRowSchema>;
