/** Every method of the socket: scope, parameters and result. The gateway parses with it and `/openrpc.json` shows it. */
import { z } from 'zod';
import { changedFileSchema, checkpointRowSchema, conflictSchema } from '../../machines/domain/checkpoint.ts';
import { commandSchema } from '../../machines/domain/command.ts';
import { entryOutcomeSchema } from '../../machines/domain/entry.ts';
import { failureSchema } from '../../machines/domain/error.ts';
import { factSchema, statusSchema } from '../../machines/domain/fact.ts';
import {
  commandIdSchema,
  itemIdSchema,
  requestIdSchema,
  threadIdSchema,
  turnIdSchema,
} from '../../machines/domain/ids.ts';
import { instanceRowSchema } from '../../machines/domain/instance.ts';
import { machineStateSchema, threadRowSchema } from '../../machines/domain/snapshot.ts';
import { inspectedEntrySchema, wireSnapshotSchema } from './frame.ts';
import type { Scope } from './scope.ts';

export const PROTOCOL_VERSION = 1;

/** A method of the socket. Parameters are an object by name, and strict. */
export interface Method<Given, Params, Result> {
  readonly summary: string;
  /** What the token must allow; for some methods the parameters decide. */
  readonly scope: Scope | ((params: Params) => Scope);
  readonly params: z.ZodType<Params, Given>;
  readonly result: z.ZodType<Result>;
}

/** A method without a scope does not compile. */
export const method = <Given, Params, Result>(
  spec: Method<Given, Params, Result>,
): Method<Given, Params, Result> => spec;

const sequence = z.number().int().nonnegative();
const pageOf = (most: number, usual: number) => z.number().int().min(1).max(most).default(usual);
const subscriptionId = z.string().max(64);
const nothing = z.strictObject({});
const cursor = {
  /** The `sequence` of the last frame seen; with the `epoch` that it was seen in. */
  afterSequence: sequence.optional(),
  epoch: z.string().max(64).optional(),
};

/** Bounds of the pages that clients ask for. */
export const PAGES = Object.freeze({
  threadCount: 50,
  itemCount: 50,
  mostCount: 200,
  eventEntryCount: 200,
  mostEventEntryCount: 1_000,
  /** UTF-16 code units of an item's text; each takes at most 6 bytes in JSON. */
  textUnits: 65_536,
  mostTextUnits: 131_072,
});

const serverInfo = method({
  summary: 'Version, epoch and machine hash of the server.',
  scope: 'read',
  params: nothing,
  result: z.object({
    version: z.string(),
    protocol: z.literal(PROTOCOL_VERSION),
    epoch: z.string(),
    machineHash: z.string(),
  }),
});

const listProviders = method({
  summary: 'All configured provider instances.',
  scope: 'read',
  params: nothing,
  result: z.object({
    providers: z.array(instanceRowSchema),
    /** What the configuration file asks for and is not in force, and why. */
    notices: z.array(z.string()).default([]),
  }),
});

const dispatchCommand = method({
  summary:
    'Asks for a change; the same commandId and command give the first result. thread.delete needs admin.',
  scope: ({ command }) => (command.type === 'thread.delete' ? 'admin' : 'operate'),
  params: z.strictObject({ commandId: commandIdSchema, command: commandSchema }),
  result: z.object({
    sequence,
    threadId: threadIdSchema,
    turnId: turnIdSchema.optional(),
    queueEntryId: turnIdSchema.optional(),
    requestId: requestIdSchema.optional(),
    duplicate: z.boolean(),
  }),
});

const listThreads = method({
  summary: 'A page of the thread list, latest change first.',
  scope: 'read',
  params: z.strictObject({
    archived: z.boolean().optional(),
    status: statusSchema.optional(),
    query: z.string().max(200).optional(),
    cursor: z.string().max(512).optional(),
    limit: pageOf(PAGES.mostCount, PAGES.threadCount),
  }),
  result: z.object({ threads: z.array(threadRowSchema), next: z.string().nullable() }),
});

const getThreadProjection = method({
  summary: 'A thread with a page of its items, the newest or those before an ordinal.',
  scope: 'read',
  params: z.strictObject({
    threadId: threadIdSchema,
    before: z.number().int().positive().optional(),
    limit: pageOf(PAGES.mostCount, PAGES.itemCount),
  }),
  result: z.object({ epoch: z.string(), sequence, version: sequence, snapshot: wireSnapshotSchema }),
});

const storedChart = z.object({ value: z.unknown(), context: z.unknown(), output: z.unknown().optional() });

const getThreadStateAt = method({
  summary: 'A thread as it was after its last entry at or below a sequence. With `contexts` it needs admin.',
  scope: ({ contexts }) => (contexts ? 'admin' : 'read'),
  params: z.strictObject({
    threadId: threadIdSchema,
    sequence,
    before: z.number().int().positive().optional(),
    limit: pageOf(PAGES.mostCount, PAGES.itemCount),
    /** With what the charts remembered, secrets taken out. */
    contexts: z.boolean().default(false),
  }),
  result: z.object({
    /** Of the entry. */
    sequence,
    version: sequence,
    at: z.number(),
    /** The machines as they stood, and the hash of the charts that recorded the entry. */
    machine: machineStateSchema.extend({ machineHash: z.string() }),
    snapshot: wireSnapshotSchema,
    /** Text that was streamed before this version is told only when its item is complete. */
    prunedBefore: sequence.optional(),
    /**
     * The charts of this release make something else of that entry: until the next settled moment only what clients
     * saw is known, and `machine` is not.
     */
    unsure: z.object({ sequence, machineHash: z.string(), failure: failureSchema }).optional(),
    contexts: z
      .object({ root: storedChart, connection: storedChart.optional(), turn: storedChart.optional() })
      .optional(),
  }),
});

const getItem = method({
  summary: 'A part of the text of an item; offset, limit and total count UTF-16 code units.',
  scope: 'read',
  params: z.strictObject({
    threadId: threadIdSchema,
    itemId: itemIdSchema,
    offset: z.number().int().nonnegative().default(0),
    limit: pageOf(PAGES.mostTextUnits, PAGES.textUnits),
  }),
  result: z.object({ text: z.string(), total: z.number().int().nonnegative() }),
});

const subscribeShell = method({
  summary: 'Follows the thread list and the provider instances.',
  scope: 'read',
  params: z.strictObject(cursor),
  result: z.object({ subscriptionId }),
});

const subscribeThread = method({
  summary: 'Follows a thread, from a snapshot or from the last frame seen.',
  scope: 'read',
  params: z.strictObject({
    threadId: threadIdSchema,
    ...cursor,
    /** `false`: no `item.delta`; `item.completed` carries the whole text. */
    deltas: z.boolean().default(true),
  }),
  result: z.object({ subscriptionId }),
});

const inspectThread = method({
  summary:
    'Looks inside a thread: each entry with what its actors did, what they asked for and timers, as it is committed.',
  scope: 'admin',
  params: z.strictObject({ threadId: threadIdSchema, ...cursor }),
  result: z.object({ subscriptionId }),
});

const readInspected = method({
  summary: 'The same of entries above a version, computed again.',
  scope: 'admin',
  params: z.strictObject({
    threadId: threadIdSchema,
    after: sequence.default(0),
    limit: pageOf(PAGES.eventEntryCount, PAGES.eventEntryCount),
  }),
  result: z.object({
    entries: z.array(inspectedEntrySchema),
    /** The `after` of the next page; `null`: there is none. */
    next: sequence.nullable(),
  }),
});

const unsubscribe = method({
  summary: 'Ends a subscription.',
  scope: 'read',
  params: z.strictObject({ subscriptionId }),
  result: nothing,
});

const acknowledge = method({
  summary: 'Says what was handled, so that the server knows of lag early.',
  scope: 'read',
  params: z.strictObject({ subscriptionId, sequence }),
  result: nothing,
});

const readEvents = method({
  summary: 'Facts of a thread above a version; with scope admin the inputs too.',
  scope: 'read',
  params: z.strictObject({
    threadId: threadIdSchema,
    after: sequence.default(0),
    /** Entries, not facts. */
    limit: pageOf(PAGES.mostEventEntryCount, PAGES.eventEntryCount),
  }),
  result: z.object({
    events: z.array(z.object({ sequence, version: sequence, at: z.number(), fact: factSchema })),
    inputs: z
      .array(
        z.object({
          sequence,
          version: sequence,
          at: z.number(),
          outcome: entryOutcomeSchema,
          commandId: commandIdSchema.nullable(),
          input: z.unknown(),
        }),
      )
      .optional(),
    /** The `after` of the next page; `null`: there is none. */
    next: sequence.nullable(),
    /**
     * Deltas with a version below this are gone: their text is told by later facts. All other entries are there and
     * keep their numbers, so that versions and sequences below it may have gaps.
     */
    prunedBefore: sequence.optional(),
  }),
});

const purge = method({
  summary: 'Takes all text of deleted threads away for ever; answers when it is gone.',
  scope: 'admin',
  params: z
    .strictObject({
      threadIds: z.array(threadIdSchema).min(1).max(PAGES.mostCount).optional(),
      /** Threads that were deleted before this time (epoch ms), the oldest first; a call takes at most 200. */
      deletedBefore: z.number().optional(),
    })
    .refine((given) => (given.threadIds === undefined) !== (given.deletedBefore === undefined), {
      message: 'give either threadIds or deletedBefore',
    }),
  result: z.object({ purged: z.array(threadIdSchema) }),
});

const filePage = {
  /** Only this file, relative to the root of the repository. */
  path: z.string().min(1).max(4096).optional(),
  cursor: z
    .string()
    .regex(/^\d{1,9}$/)
    .optional(),
  limit: pageOf(PAGES.mostCount, PAGES.threadCount),
  /** With the unified diff of the files on the page, at most 256 KiB of it. */
  text: z.boolean().default(false),
};

const diffResult = z.object({
  /** Where it is not `captured`, the files are what the provider itself said that it changed. */
  status: checkpointRowSchema.shape.status,
  /** Why it is missing. */
  reason: z.string().nullable(),
  /** Of all pages. */
  fileCount: z.number().int().nonnegative(),
  additions: z.number().int().nonnegative(),
  deletions: z.number().int().nonnegative(),
  files: z.array(changedFileSchema),
  /** The `cursor` of the next page; `null`: there is none. */
  next: z.string().nullable(),
  diff: z.string().nullable(),
  /** Something was left out at the end of the diff. */
  truncated: z.boolean(),
});

const getTurnDiff = method({
  summary: 'The files that a turn changed, page by page.',
  scope: 'read',
  params: z.strictObject({ threadId: threadIdSchema, turnId: turnIdSchema, ...filePage }),
  result: diffResult,
});

const getThreadDiff = method({
  summary: 'What the turns of a thread changed altogether, page by page; what was rolled back is not in it.',
  scope: 'read',
  params: z.strictObject({ threadId: threadIdSchema, ...filePage }),
  result: diffResult,
});

const getRollbackPlan = method({
  summary: 'What checkpoint.rollback to that turn would do now; nothing is changed.',
  scope: 'read',
  params: z.strictObject({
    threadId: threadIdSchema,
    turnId: turnIdSchema.nullable(),
    files: z.boolean().default(true),
    conversation: z.boolean().default(true),
    force: z.array(z.string().min(1).max(4096)).max(1000).default([]),
  }),
  result: z.object({
    /** Turns that would be rolled back. */
    turnIds: z.array(turnIdSchema),
    /** Files that would be put back, the first thousand; one that does not remain would be removed. */
    restore: z.array(z.object({ path: z.string(), remains: z.boolean() })),
    restoreCount: z.number().int().nonnegative(),
    /** Files that would be left alone, the first hundred. */
    conflicts: z.array(conflictSchema),
    conflictCount: z.number().int().nonnegative(),
  }),
});

const listFolders = method({
  summary: 'The folders in a folder, inside the roots of the configuration, to choose where a thread works.',
  scope: 'operate',
  params: z.strictObject({
    /** Absolute; absent: the first root. */
    path: z.string().min(1).max(4096).optional(),
  }),
  result: z.object({
    path: z.string(),
    /** `null`: nothing above it may be looked at. */
    parent: z.string().nullable(),
    roots: z.array(z.string()),
    folders: z.array(z.object({ name: z.string(), path: z.string(), isRepository: z.boolean() })),
    /** There are more. */
    truncated: z.boolean(),
  }),
});

export const PROTOCOL = {
  'server.info': serverInfo,
  'providers.list': listProviders,
  'orchestration.dispatchCommand': dispatchCommand,
  'orchestration.listThreads': listThreads,
  'orchestration.getThreadProjection': getThreadProjection,
  'orchestration.getThreadStateAt': getThreadStateAt,
  'orchestration.getItem': getItem,
  'orchestration.subscribeShell': subscribeShell,
  'orchestration.subscribeThread': subscribeThread,
  'inspection.subscribeThread': inspectThread,
  'inspection.readEntries': readInspected,
  'orchestration.unsubscribe': unsubscribe,
  'orchestration.acknowledge': acknowledge,
  'orchestration.readEvents': readEvents,
  'orchestration.getTurnDiff': getTurnDiff,
  'orchestration.getThreadDiff': getThreadDiff,
  'orchestration.getRollbackPlan': getRollbackPlan,
  'workspace.listFolders': listFolders,
  'store.purge': purge,
} as const;

export type MethodName = keyof typeof PROTOCOL;
/** What a client may give: defaults can be left out. */
export type GivenOf<M extends MethodName> = z.input<(typeof PROTOCOL)[M]['params']>;
export type ParamsOf<M extends MethodName> = z.output<(typeof PROTOCOL)[M]['params']>;
export type ResultOf<M extends MethodName> = z.output<(typeof PROTOCOL)[M]['result']>;

/** The same table, in a form that generic code can index. */
export const METHODS: { readonly [M in MethodName]: Method<GivenOf<M>, ParamsOf<M>, ResultOf<M>> } = PROTOCOL;

export const isMethodName = (name: string): name is MethodName => Object.hasOwn(PROTOCOL, name);
