/** Tools for threads: those that have come of the agent's own, and that one itself. No others are told of. */
import { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import { itemIdSchema, threadIdSchema, turnIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import { isBeyond } from '../../machines/domain/policy.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import { commandIdOf } from './task-tools.ts';
import { ACTS, freshCommandId, READS, tool, type Call, type Tool } from './tool.ts';

const LISTED_COUNT = 100;
/** Characters: of one item in a page, of a page, and of a piece of one item that is read on. */
const ITEM_LENGTH = 4_000;
const PAGE_LENGTH = 40_000;
const PIECE_LENGTH = 40_000;

const list = tool({
  name: 'list',
  description: 'Your own thread, the threads of your tasks, theirs, and forks of them.',
  input: z.object({}),
  annotations: READS,
  run: ({ runtime: { family }, principal: { threadId } }) => {
    const all = Iterator.from(family.all(threadId))
      .take(LISTED_COUNT + 1)
      .toArray();
    return {
      threads: all.slice(0, LISTED_COUNT).map((state) => rowOf(state)),
      isCut: all.length > LISTED_COUNT,
    };
  },
});

function rowOf({ row, lineage, queue }: ThreadState): object {
  const { id, title, instanceId, model, status, openRequestCount, parentId, archived, preview } = row;
  return {
    threadId: id,
    parentId,
    ...(lineage && { kind: lineage.kind }),
    title,
    instanceId,
    model,
    status,
    queuedCount: queue.entries.length,
    ...(openRequestCount > 0 && { waitsForPerson: true }),
    ...(archived && { archived }),
    preview,
  };
}

const read = tool({
  name: 'read',
  description:
    'The transcript of a thread, the newest page first; `next` is the `before` of the page before. Long texts are cut: with `itemId` and `offset` one of them is read on.',
  input: z.object({
    threadId: threadIdSchema,
    before: z.number().int().positive().optional(),
    limit: z.number().int().min(1).max(100).default(20),
    itemId: itemIdSchema.optional(),
    offset: z.number().int().nonnegative().default(0),
  }),
  annotations: READS,
  run: (call, { threadId, before, limit, itemId, offset }) => {
    const { reads, family } = call.runtime;
    family.state(call.principal.threadId, threadId);
    if (itemId !== undefined) return pieceOf(reads.item(threadId, itemId), offset);
    const { items, thread } = reads.snapshot(threadId, { before: before ?? null, limit }).snapshot;
    const fitting = fittingOf(items);
    const first = fitting[0]?.ordinal ?? 0;
    return {
      threadId,
      status: thread.status,
      items: fitting.map((item) => shownItem(item)),
      next: first > 1 ? first : null,
    };
  },
});

/** The newest ones that a page has room for; one at least. */
function fittingOf(items: readonly ItemRow[]): readonly ItemRow[] {
  let length = 0;
  const first = items.findLastIndex(({ text }) => {
    length += Math.min(ITEM_LENGTH, text.length);
    return length > PAGE_LENGTH;
  });
  return items.slice(Math.min(first + 1, items.length - 1));
}

function shownItem({ itemId, ordinal, turnId, status, body, text }: ItemRow): object {
  const isCut = text.length > ITEM_LENGTH;
  return {
    itemId,
    ordinal,
    turnId,
    status,
    ...gistOf(body),
    text: text.slice(0, ITEM_LENGTH),
    ...(isCut && { total: text.length }),
  };
}

function gistOf(body: ItemRow['body']): object {
  switch (body.kind) {
    case 'command':
      return {
        kind: body.kind,
        command: body.command.slice(0, ITEM_LENGTH),
        exitCode: body.exitCode ?? null,
      };
    case 'file_change':
      return { kind: body.kind, paths: body.changes.slice(0, 50).map(({ path }) => path) };
    case 'tool_call':
      return { kind: body.kind, tool: body.tool };
    default:
      return { kind: body.kind };
  }
}

function pieceOf(item: ItemRow | null, offset: number): object {
  if (item === null) throw new RuntimeError('ITEM_NOT_FOUND', 'the thread has no such item');
  const end = offset + PIECE_LENGTH;
  const { itemId, text } = item;
  const next = end < text.length ? end : null;
  return { itemId, text: text.slice(offset, end), offset, total: text.length, next };
}

const send = tool({
  name: 'send',
  description:
    'Says something to the agent of another thread: queued behind what it does, or, as `steer`, into its running turn.',
  input: z.object({
    threadId: threadIdSchema,
    text: z.string().min(1).max(200_000),
    mode: z.enum(['queue', 'steer']).default('queue'),
    clientRequestId: z.string().min(1).max(128).optional(),
  }),
  annotations: ACTS,
  run: async (call, { threadId, text, mode, clientRequestId }) => {
    checkOther(call, threadId);
    const commandId = commandIdOf(call, clientRequestId);
    const own = call.principal.threadId;
    const isTask = mode === 'queue' && isTaskOf(call, threadId);
    const { turnId, queueEntryId } = await call.runtime.dispatch(
      commandId,
      isTask
        ? { type: 'task.delegate', threadId: own, to: threadId, text, wake: 'never' }
        : { type: 'turn.submit', threadId, text, mode, attachments: [] },
    );
    return { threadId, ...(isTask ? { taskId: turnId } : { turnId: turnId ?? queueEntryId }) };
  },
});

/** Its end is told then, and what is said there is marked as the agent's. */
function isTaskOf({ runtime: { family }, principal }: Call, threadId: ThreadId): boolean {
  const { lineage } = family.state(principal.threadId, threadId);
  return lineage?.kind === 'delegate' && lineage.parentId === principal.threadId;
}

/** @throws {RuntimeError} THREAD_NOT_FOUND, TASK_NOT_ALLOWED, TASK_LIMIT */
function checkOther({ runtime: { family }, principal }: Call, threadId: ThreadId): void {
  const own = family.state(principal.threadId, principal.threadId);
  const other = family.state(principal.threadId, threadId);
  if (threadId === principal.threadId) {
    throw new RuntimeError('TASK_NOT_ALLOWED', 'that is your own thread');
  }
  if (isBeyond(other.settings, own.settings)) {
    throw new RuntimeError('TASK_NOT_ALLOWED', `thread ${threadId} may do more than you may`);
  }
  const isIdle = other.row.activeTurnId === null;
  if (isIdle && family.busyCount(principal.threadId) >= family.bounds.aliveCount) {
    throw new RuntimeError('TASK_LIMIT', 'so many threads of the family work already');
  }
}

const interrupt = tool({
  name: 'interrupt',
  description: 'Interrupts what the agent of another thread does now.',
  input: z.object({ threadId: threadIdSchema, turnId: turnIdSchema.optional() }),
  annotations: ACTS,
  run: async (call, { threadId, turnId }) => {
    const { family } = call.runtime;
    const { row } = family.state(call.principal.threadId, threadId);
    if (threadId === call.principal.threadId) {
      throw new RuntimeError('TASK_NOT_ALLOWED', 'that is your own thread');
    }
    await call.runtime.dispatch(freshCommandId(call), {
      type: 'turn.interrupt',
      threadId,
      ...(turnId && { turnId }),
    });
    return { threadId, interrupted: row.activeTurnId };
  },
});

const fork = tool({
  name: 'fork',
  description:
    'Makes a thread that goes on from a completed turn of yours or of another thread, the newest by default. It is idle until something is sent to it.',
  input: z.object({
    threadId: threadIdSchema,
    turnId: turnIdSchema.optional(),
    title: z.string().max(200).optional(),
    clientRequestId: z.string().min(1).max(128).optional(),
  }),
  annotations: ACTS,
  run: async (call, { threadId, turnId, title, clientRequestId }) => {
    call.runtime.family.state(call.principal.threadId, threadId);
    const result = await call.runtime.dispatch(commandIdOf(call, clientRequestId), {
      type: 'thread.fork',
      threadId,
      ...(turnId && { turnId }),
      ...(title !== undefined && { title }),
    });
    return { threadId: result.threadId, duplicate: result.duplicate };
  },
});

export const THREAD_TOOLS: readonly Tool[] = [list, read, send, interrupt, fork];
