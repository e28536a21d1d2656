/** Entries of the transcript. One schema per kind; `kind` decides the rest. */
import { z } from 'zod';
import { changesSchema, restoredSchema, rollbackTargetSchema } from './checkpoint.ts';
import { failureSchema } from './error.ts';
import { attachmentIdSchema, itemIdSchema, threadIdSchema, turnIdSchema } from './ids.ts';
import { taskOutcomeSchema, taskSchema } from './task.ts';
import { transferKindSchema, transferReportSchema } from './transfer.ts';

/**
 * `open` while the provider still works on it; `unknown` where the connection was lost before its end;
 * `declined` where a person refused it.
 */
export const itemStatusSchema = z.enum(['open', 'completed', 'failed', 'declined', 'interrupted', 'unknown']);
export type ItemStatus = z.infer<typeof itemStatusSchema>;

const fileChangeSchema = z.object({
  path: z.string(),
  kind: z.enum(['added', 'modified', 'deleted', 'renamed']),
  /** The old path of a renamed file. */
  from: z.string().optional(),
  diff: z.string().optional(),
});

const stepSchema = z.object({ text: z.string(), status: z.enum(['pending', 'running', 'completed']) });
export type PlanStep = z.infer<typeof stepSchema>;

/** What is special to a kind. `text`, the part that grows by deltas, stands beside it in the item. */
export const itemBodySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('user_message'),
    /** How the message came in. */
    intent: z.enum(['start', 'steer', 'provider']),
    attachments: z.array(attachmentIdSchema).default([]),
    /** As in the prompt: threads whose agents said it. */
    from: z.array(threadIdSchema).optional(),
  }),
  z.object({
    kind: z.literal('assistant_message'),
    /** `commentary` between tool calls, `final` for the answer, where the provider tells them apart. */
    phase: z.enum(['commentary', 'final']).optional(),
  }),
  z.object({ kind: z.literal('reasoning') }),
  z.object({
    kind: z.literal('command'),
    command: z.string(),
    cwd: z.string().optional(),
    exitCode: z.number().int().nullable().optional(),
    durationMs: z.number().nonnegative().optional(),
  }),
  z.object({ kind: z.literal('file_change'), changes: z.array(fileChangeSchema) }),
  z.object({
    kind: z.literal('tool_call'),
    tool: z.string(),
    server: z.string().optional(),
    /** The call's arguments as JSON text. */
    input: z.string().optional(),
  }),
  z.object({ kind: z.literal('web_search'), query: z.string() }),
  z.object({
    kind: z.literal('plan'),
    /** The turn, perhaps of another thread, whose start was accepted with this plan as its source. */
    implementedBy: z.object({ threadId: threadIdSchema, turnId: turnIdSchema }).optional(),
  }),
  z.object({ kind: z.literal('todo_list'), steps: z.array(stepSchema) }),
  z.object({ kind: z.literal('task'), title: z.string() }),
  z.object({
    kind: z.literal('subagent'),
    title: z.string(),
    nativeThreadId: z.string().optional(),
    /** The thread that it is: what it says and does is there. Absent: it has none, and that stands under this item. */
    threadId: threadIdSchema.optional(),
  }),
  z.object({ kind: z.literal('compaction') }),
  /** What the turn changed in the workspace. */
  changesSchema.extend({ kind: z.literal('checkpoint') }),
  z.object({
    kind: z.literal('rollback'),
    target: rollbackTargetSchema,
    /** `null` while it is under way, and where no files were asked for. */
    restored: restoredSchema.nullable(),
  }),
  /** What was said before and a conversation does not know: the text is given to it with the next prompt. */
  z.object({
    kind: z.literal('transfer'),
    transfer: transferKindSchema,
    source: threadIdSchema,
    /** Ordinals of the turns of the source: those above `after`, up to `until`. */
    after: z.number().int().nonnegative(),
    until: z.number().int().nonnegative(),
    report: transferReportSchema.optional(),
    /** The turn whose prompt it went with. */
    consumedBy: turnIdSchema.optional(),
    /** It was never given; a newer one was put in its place, or there is nothing left to tell. */
    superseded: z.literal(true).optional(),
  }),
  /** A task of another thread, open until that has ended; the text is its result. */
  taskSchema.extend({
    kind: z.literal('delegation'),
    outcome: taskOutcomeSchema.optional(),
    failure: failureSchema.optional(),
  }),
  z.object({
    kind: z.literal('notice'),
    tone: z.enum(['info', 'tool', 'approval', 'error']),
    /** A word for the occasion, such as `provider.retrying` or `context.lost`. */
    topic: z.string().max(64),
  }),
  z.object({ kind: z.literal('error'), code: z.string(), retryable: z.boolean() }),
  z.object({ kind: z.literal('unrecognized'), method: z.string() }),
]);
export type ItemBody = z.infer<typeof itemBodySchema>;
export type ItemKind = ItemBody['kind'];

const BACKGROUND_KINDS: ReadonlySet<ItemKind> = new Set(['command', 'task', 'subagent']);

/** Work that may go on when its turn has completed. */
export const canOutlive = ({ kind }: ItemBody): boolean => BACKGROUND_KINDS.has(kind);

/** What an adapter or a chart says of an item; the thread adds turn, attempt and ordinal. */
export const itemDraftSchema = z.object({
  itemId: itemIdSchema,
  body: itemBodySchema,
  /** Message text, reasoning, command output, tool result or plan; the whole of it, replacing what was streamed. */
  text: z.string(),
  status: itemStatusSchema,
  parentItemId: itemIdSchema.optional(),
  /** Where its provider frame stands in the protocol log. */
  rawRef: z.string().max(128).optional(),
});
export type ItemDraft = z.infer<typeof itemDraftSchema>;

/** Characters of a text that says the gist of something, of which the whole is in the protocol log. */
export const DETAIL_LENGTH = 4096;
export const TITLE_LENGTH = 200;

/** The same, with its details cut: notices, errors, titles, and what is not known. */
export function bounded(draft: ItemDraft): ItemDraft {
  const { body } = draft;
  switch (body.kind) {
    case 'notice':
    case 'error':
    case 'unrecognized':
      return { ...draft, text: draft.text.slice(0, DETAIL_LENGTH) };
    case 'task':
    case 'subagent':
      return { ...draft, body: { ...body, title: body.title.slice(0, TITLE_LENGTH) } };
    default:
      return draft;
  }
}

/** An item as facts carry it. */
export const itemSchema = itemDraftSchema.extend({
  /** Position in the thread, from 1, without duplicates; an item that starts again keeps its first one. */
  ordinal: z.number().int().positive(),
  /** `null`: belongs to the thread, not to a turn. */
  turnId: turnIdSchema.nullable(),
  attempt: z.number().int().positive(),
});
export type Item = z.infer<typeof itemSchema>;

/** An item as projections and clients hold it. Times are epoch ms. */
export const itemRowSchema = itemSchema.extend({
  createdAt: z.number(),
  updatedAt: z.number(),
  /** It goes on although its turn has completed: a part of the thread's roster. Left out of all others. */
  background: z.literal(true).optional(),
  /** Its turn was rolled back: the conversation does not have it any more. Left out of all others. */
  rolledBack: z.literal(true).optional(),
  /** It is of that thread, which this one branched off from later. Said by whoever reads, never stored. */
  inherited: z.object({ threadId: threadIdSchema }).optional(),
});
export type ItemRow = z.infer<typeof itemRowSchema>;
