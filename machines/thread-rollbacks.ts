/** How a thread goes back to an earlier turn, as data: the files first, then at once turns and conversation, or neither. */
import type { Move } from './act.ts';
import type { PendingRollback, RollbackTarget } from './domain/checkpoint.ts';
import type { ThreadContext } from './domain/context.ts';
import { failure, type Failure } from './domain/error.ts';
import type { Fact } from './domain/fact.ts';
import type { ThreadInputOf as Of } from './domain/input.ts';
import type { Item } from './domain/item.ts';
import { RESUME, type Opening } from './domain/opening.ts';
import { DEADLINES_MS } from './domain/timer.ts';
import * as queue from './thread-queue.ts';

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
  const told = rollback.prompt === null ? [] : edited(context, rollback);
  return {
    set: {
      ...ended(context),
      ...(rollback.conversation ? conversationAt(context, rollback) : {}),
      lastError: null,
      queue: queue.foldQueue(context.queue, told),
    },
    facts: [...endFacts(context, rollback, { restored, failure: null }), ...told],
    cancel: { name: TIMER },
  };
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
function conversationAt(context: Context, rollback: PendingRollback): Partial<Context> {
  const opening = openingAt(context, rollback);
  const session = opening === RESUME ? null : context.session;
  return { session, opening, transfers: [], otherSessions: {}, retryable: null };
}

/** `RESUME`: from the start. */
function openingAt({ threadId, session, capabilities }: Context, at: PendingRollback): Opening {
  const { nativeTurnId, ordinal: turnOrdinal } = at;
  if (at.turnId === null || session === null || nativeTurnId === null) return RESUME;
  if (capabilities.rollback !== undefined)
    return { type: 'rollback', rollback: { nativeTurnId, files: false } };
  const fork = { nativeThreadId: session.nativeThreadId, nativeTurnId };
  return { type: 'fork', fork, threadId, turnOrdinal };
}
