/** How a thread goes back to an earlier turn, as data: the files first, then at once turns and conversation, or neither. */
import type { Move } from './act.ts';
import type { PendingRollback, RollbackTarget } from './domain/checkpoint.ts';
import type { ThreadContext } from './domain/context.ts';
import { failure, type Failure } from './domain/error.ts';
import type { Fact } from './domain/fact.ts';
import type { ThreadInputOf as Of } from './domain/input.ts';
import type { Item } from './domain/item.ts';
import type { Opening } from './domain/opening.ts';
import { DEADLINES_MS } from './domain/timer.ts';
import * as queue from './thread-queue.ts';
import { noteRollback } from './thread-transfers.ts';

type Context = ThreadContext;
type ThreadMove = Move<Context, never>;
type Restored = Of<'checkpoint.restored'>['restored'];

const TIMER = 'restore.timedOut';

export function begin(context: Context, rollback: PendingRollback): ThreadMove {
  const { rollbackId } = rollback;
  const { link } = context;
  const target = targetOf(rollback);
  const ordinal = context.itemCount + 1;
  return {
    // why an earlier connection was closed does not matter any more
    set: { rollback, itemCount: ordinal, link: link.phase === 'none' ? { ...link, closing: null } : link },
    facts: [
      { type: 'rollback.began', rollbackId, target },
      { type: 'item.started', item: itemOf(rollback, { ordinal, status: 'open', restored: null }) },
    ],
  };
}

/** As soon as it is known what the last turn left. */
export function ask({ rollback, captures }: Context): ThreadMove {
  if (rollback === null || captures.length > 0) return {};
  const { rollbackId, ordinal, files, force } = rollback;
  return {
    effects: [{ type: 'checkpoint.restore', rollbackId, ordinal, files, force }],
    arm: {
      name: TIMER,
      owner: 'thread',
      afterMs: DEADLINES_MS.restore,
      idle: false,
      fires: { type: TIMER, rollbackId },
    },
  };
}

/** The files are back: from now on the later turns are gone, and the next prompt opens a conversation without them. */
export function finish(context: Context, restored: Restored): ThreadMove {
  const { rollback } = context;
  if (rollback === null) return {};
  const told = edited(context, rollback);
  const move: ThreadMove = {
    set: { ...ended(context), lastError: null, queue: queue.foldQueue(context.queue, told) },
    facts: [...endFacts(context, rollback, { restored, failure: null }), ...told],
    cancel: { name: TIMER },
  };
  return rollback.conversation ? withConversation(context, move, rollback) : move;
}

/** Nothing but files has changed, and those can be put back by another try. */
export function fail(context: Context, cause: Failure): ThreadMove {
  const { rollback } = context;
  if (rollback === null) return {};
  const back = rollback.prompt === null ? [] : queue.returned(context.queue, [rollback.prompt], cause);
  const waiting = queue.foldQueue(context.queue, back);
  const held = queue.held(waiting, 'failed');
  return {
    set: { ...ended(context), lastError: cause, queue: queue.foldQueue(waiting, held) },
    facts: [...endFacts(context, rollback, { restored: null, failure: cause }), ...back, ...held],
    cancel: { name: TIMER },
  };
}

export const overdue = (context: Context): ThreadMove =>
  fail(context, failure('RESTORE_TIMED_OUT', 'putting files back took too long'));

const ended = ({ itemCount }: Context): Partial<Context> => ({ rollback: null, itemCount: itemCount + 1 });

/** What a person edits runs next, whatever else is queued; in an archived thread nothing does. */
function edited(context: Context, { prompt }: PendingRollback): readonly Fact[] {
  if (prompt === null) return [];
  const next = queue.added(prompt, 0, { intent: 'next' });
  if (!context.archived) return [...queue.released(context.queue), next];
  return [next, ...queue.held(queue.foldQueue(context.queue, [next]), 'archived')];
}

function endFacts(
  { itemCount }: Context,
  rollback: PendingRollback,
  end: { readonly restored: Restored; readonly failure: Failure | null },
): readonly Fact[] {
  const { rollbackId, turnIds } = rollback;
  const status = end.failure === null ? 'completed' : 'failed';
  const { restored } = end;
  const item = itemOf(rollback, { ordinal: itemCount + 1, status, restored });
  return [
    { type: 'rollback.ended', rollbackId, target: targetOf(rollback), turnIds, ...end },
    { type: 'item.completed', item: { ...item, text: end.failure?.message ?? '' } },
  ];
}

const itemOf = (
  rollback: PendingRollback,
  { ordinal, status, restored }: Pick<Item, 'ordinal' | 'status'> & { restored: Restored },
): Item => ({
  itemId: rollback.rollbackId,
  ordinal,
  turnId: null,
  attempt: 1,
  body: { kind: 'rollback', target: targetOf(rollback), restored },
  text: '',
  status,
});

const targetOf = ({ turnId, ordinal, files, conversation }: PendingRollback): RollbackTarget => ({
  turnId,
  ordinal,
  files,
  conversation,
});

/** No conversation of the thread may have what comes after the turn. */
function withConversation(context: Context, move: ThreadMove, at: PendingRollback): ThreadMove {
  const now = { ...context, ...move.set };
  const { capabilities } = now;
  const opening = capabilities.rollback === undefined ? ownFork(now, at) : null;
  const rollback = at.nativeTurnId === null ? null : { nativeTurnId: at.nativeTurnId, files: false };
  const canAsk = capabilities.rollback !== undefined && at.turnId !== null;
  const { ordinal } = at;
  const noted = noteRollback(now, { ordinal, rollback: canAsk || opening !== null ? rollback : null });
  // a provider that takes nothing out begins another conversation with what stays
  const begun = opening === null || noted.set?.session === null ? {} : { opening };
  return {
    ...move,
    set: { ...move.set, ...noted.set, ...begun, retryable: null },
    facts: [...(move.facts ?? []), ...(noted.facts ?? [])],
    effects: noted.effects ?? [],
  };
}

function ownFork({ threadId, session, capabilities }: Context, at: PendingRollback): Opening | null {
  const { nativeTurnId, ordinal: turnOrdinal } = at;
  if (session === null || nativeTurnId === null || capabilities.fork !== 'turn') return null;
  return {
    type: 'fork',
    fork: { nativeThreadId: session.nativeThreadId, nativeTurnId },
    threadId,
    turnOrdinal,
  };
}
