/** What clients see of a thread: its row, the state of its machines, and the whole snapshot. */
import { z } from 'zod';
import { errorCodeSchema, failureSchema } from './error.ts';
import { statusSchema } from './fact.ts';
import { instanceIdSchema, threadIdSchema, turnIdSchema } from './ids.ts';
import { itemRowSchema } from './item.ts';
import { lineageSchema } from './lineage.ts';
import { requestRowSchema } from './request.ts';
import { settingsSchema } from './settings.ts';
import { worktreeStateSchema } from './worktree.ts';
import { queueSchema, turnRowSchema, usageSchema } from './turn.ts';

/** A line of the thread list. Times are epoch ms. */
export const threadRowSchema = z.object({
  id: threadIdSchema,
  title: z.string(),
  cwd: z.string(),
  instanceId: instanceIdSchema,
  model: z.string().nullable(),
  status: statusSchema,
  activeTurnId: turnIdSchema.nullable(),
  openRequestCount: z.number().int().nonnegative(),
  /** Work that goes on although its turn has completed: the length of the roster. */
  backgroundCount: z.number().int().nonnegative().default(0),
  lastError: failureSchema.nullable(),
  archived: z.boolean(),
  /** The thread that it branched off from, or whose agent has begun it. */
  parentId: threadIdSchema.nullable().default(null),
  /** What it is to that thread; absent where there is none, and in rows of older releases. */
  lineageKind: lineageSchema.shape.kind.optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** The start of the latest message, at most 200 characters. */
  preview: z.string().max(200),
});
export type ThreadRow = z.infer<typeof threadRowSchema>;

export const planSchema = z.object({
  turnId: turnIdSchema.nullable(),
  explanation: z.string().nullable(),
  steps: z.array(z.object({ text: z.string(), status: z.enum(['pending', 'running', 'completed']) })),
});
export type Plan = z.infer<typeof planSchema>;

/** Of a thread that has had more the oldest ones are not found from it. */
export const CHILD_LIMIT = 256;

/** Everything of a thread that is not a list of its own: one row in the store, folded from facts alone. */
export const threadStateSchema = z.object({
  row: threadRowSchema,
  settings: settingsSchema,
  queue: queueSchema,
  usage: usageSchema.nullable(),
  plan: planSchema.nullable(),
  lineage: lineageSchema.nullable().default(null),
  /** Of the newest item; `null` in rows of older releases. */
  itemCount: z.number().int().nonnegative().nullable().default(null),
  /** Ordinal of the newest completed turn, inherited ones included; `null`: there is none, or an older release wrote it. */
  completedTurnOrdinal: z.number().int().nonnegative().nullable().default(null),
  /** Ordinal of the newest turn that is not rolled back, inherited ones included; `null`: an older release wrote it. */
  turnOrdinal: z.number().int().nonnegative().nullable().default(null),
  /** A connection stands behind the thread: a restart has to see to it. */
  bound: z.boolean(),
  /** A delete is under way or done; the thread is no longer listed. */
  removal: z.enum(['none', 'deleting', 'deleted']),
  /** Captures and rollbacks under way: a restart has to see to them. */
  errands: z.number().int().nonnegative().default(0),
  /** Threads that branched off it or were made for its tasks, at most `CHILD_LIMIT`, the newest last. Absent: none. */
  children: z.array(threadIdSchema).optional(),
  /** Absent: the thread works in the folder that it was given. */
  worktree: worktreeStateSchema.optional(),
});
export type ThreadState = z.infer<typeof threadStateSchema>;

/** An armed timer as clients see it. Times are epoch ms. */
export const deadlineSchema = z.object({
  name: z.string(),
  owner: z.enum(['thread', 'connection', 'turn', 'instance', 'worktree']),
  armedAt: z.number(),
  dueAt: z.number(),
  /** Items and deltas of the turn push it, and the push is not told: it is due at `dueAt` or later. */
  idle: z.boolean(),
});
export type Deadline = z.infer<typeof deadlineSchema>;

/** The actor snapshot as the gateway relays it. Only `status`, `activeTurnId` and `can` are stable, the rest is diagnostic. */
export const machineStateSchema = z.object({
  status: statusSchema,
  activeTurnId: turnIdSchema.nullable(),
  value: z.unknown(),
  tags: z.array(z.string()),
  /** What some payload would be accepted for now, such as `turn.submit:steer`. */
  can: z.array(z.string()),
  children: z.object({ connection: z.unknown().optional(), turn: z.unknown().optional() }),
  /** Armed now, the next one first. */
  timers: z.array(deadlineSchema),
  /** Why nothing can begin: the instance is out of service. Absent: it is not. */
  barred: z.object({ code: errorCodeSchema, reason: z.string() }).optional(),
  /** Why the connection is being closed. */
  closing: z
    .enum(['stop', 'idle', 'settings', 'archive', 'delete', 'suspect', 'switch', 'rollback'])
    .nullable(),
});
export type MachineState = z.infer<typeof machineStateSchema>;

/** A thread as a `snapshot` frame and `getThreadProjection` give it. */
export const threadSnapshotSchema = z.object({
  thread: threadRowSchema.extend(settingsSchema.shape),
  machine: machineStateSchema,
  /** The active turn, else the latest one. */
  turn: turnRowSchema.nullable(),
  /** A page, ascending; `before` its first ordinal continues. */
  items: z.array(itemRowSchema),
  /** Items of whatever age that go on although their turn has completed. */
  roster: z.array(itemRowSchema).default([]),
  /** All that are not closed. */
  requests: z.array(requestRowSchema),
  queue: queueSchema,
  usage: usageSchema.nullable(),
  plan: planSchema.nullable(),
  worktree: worktreeStateSchema.optional(),
  /** Where the thread branched off; items before that are marked as inherited. */
  lineage: lineageSchema.nullable().default(null),
  /** The highest ordinal that was given to an item, those of a fork's source included; `null`: not known. */
  itemCount: z.number().int().nonnegative().nullable().default(null),
  /** Of the newest turn that completed; `null`: none has, or not known. */
  completedTurnOrdinal: z.number().int().nonnegative().nullable().default(null),
});
export type ThreadSnapshot = z.infer<typeof threadSnapshotSchema>;
