/** What a conversation has to be told of what was said before it: planned, built by the runtime, given with a prompt. */
import type { Move } from './act.ts';
import type { ThreadContext } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import { failure, type Failure } from './domain/error.ts';
import type { Fact } from './domain/fact.ts';
import { itemIdOf, type ItemId, type TurnId } from './domain/ids.ts';
import type { ThreadInputOf } from './domain/input.ts';
import type { Item } from './domain/item.ts';
import { RESUME, type Rollback } from './domain/opening.ts';
import { DEADLINES_MS, type ArmTimer } from './domain/timer.ts';
import type { Transfer, TransferPlan, TransferReport } from './domain/transfer.ts';
import { withoutModel } from './domain/turn.ts';
import { withNotice } from './thread-notices.ts';
import { foldQueue } from './thread-queue.ts';

type Context = ThreadContext;
type ThreadMove = Move<Context, never>;

const TIMED_OUT = failure('TRANSFER_FAILED', 'what was said before could not be put together in time');

/**
 * What another thread brings back. With it goes all of this one's where the conversation is to be told some of it anyway,
 * so that it can be placed.
 */
export function noteOffer(context: Context, plan: TransferPlan): ThreadMove {
  const move = withTransfer(context, {}, plan);
  const isSwitched = context.transfers.some(({ kind, after }) => kind === 'switch' && after > 0);
  if (!isSwitched) return move;
  return withTransfer(context, move, { kind: 'switch', ...ownTurns(context) });
}

/**
 * The same move, which also plans the transfer. One of the same kind and source that still waits is superseded, and one
 * of the thread's own turns by any other of these; where there is nothing to carry, that is all.
 */
export function withTransfer(context: Context, move: ThreadMove, plan: TransferPlan): ThreadMove {
  const now = { ...context, ...move.set };
  const old = now.transfers.filter((transfer) => isReplaced(transfer, plan, now));
  const kept = now.transfers.filter((transfer) => !old.includes(transfer));
  const { source, kind, until } = plan;
  const ofOthers = source === now.threadId ? [] : old;
  const after = Math.min(plan.after, ...ofOthers.map((transfer) => transfer.after));
  const ordinal = now.itemCount + 1;
  const transferId = itemIdOf(now.threadId, `transfer:${ordinal}`);
  const isNeeded = until > after;
  const superseded = old.map((each) => supersededFact(each, isNeeded ? transferId : null));
  const facts = [...(move.facts ?? []), ...superseded];
  if (!isNeeded) return { ...move, set: { ...move.set, transfers: kept }, facts };
  const transfer: Transfer = { transferId, kind, source, after, until, status: 'building' };
  return {
    ...move,
    set: { ...move.set, itemCount: ordinal, transfers: [...kept, transfer] },
    facts: [
      ...facts,
      { type: 'transfer.planned', transfer },
      { type: 'item.started', item: itemOf(transfer, ordinal, { text: '', status: 'open' }) },
    ],
    effects: [...(move.effects ?? []), build(now, transfer)],
  };
}

const isReplaced = (transfer: Transfer, { kind, source }: TransferPlan, { threadId }: Context): boolean =>
  transfer.source === source && (transfer.kind === kind || source === threadId);

const supersededFact = ({ transferId }: Transfer, by: ItemId | null): Fact => ({
  type: 'transfer.superseded',
  transferId,
  by,
});

const build = ({ threadId }: Context, transfer: Transfer): Effect => ({
  type: 'transfer.build',
  threadId,
  transfer,
});

type Written = Pick<Item, 'text' | 'status'> & { readonly report?: TransferReport };

function itemOf(transfer: Transfer, ordinal: number, { report, ...written }: Written): Item {
  const { transferId, kind, source, after, until } = transfer;
  const body = { kind: 'transfer', transfer: kind, source, after, until, ...(report && { report }) } as const;
  return { itemId: transferId, ordinal, turnId: null, attempt: 1, body, ...written };
}

/** Turns of the thread itself that are over, or about to be. */
export const ownTurns = ({ threadId, turnCount, activeTurn }: Context) => ({
  source: threadId,
  after: 0,
  until: activeTurn === null ? turnCount : turnCount - 1,
});

/** The provider cannot go on with the conversation: the same connection begins another one, which is told all of it. */
export function fallBack(context: Context, cause: Failure): ThreadMove {
  const { opening, session } = context;
  const text = `the agent could not go on with the conversation (${cause.message}); it begins a new one, and what was said before goes along with the next prompt`;
  const forgotten: Fact[] =
    session === null
      ? []
      : [
          {
            type: 'connection.sessionForgotten',
            nativeThreadId: session.nativeThreadId,
            failure: { ...cause, code: 'RESUME_FAILED', retryable: false },
          },
        ];
  const begun: ThreadMove = { set: { session: null, opening: RESUME }, facts: forgotten };
  const said = withNotice(context, begun, { topic: 'context.carried', tone: 'info', text });
  if (opening.type === 'fork') {
    const { threadId: source, turnOrdinal: until } = opening;
    return withTransfer(context, said, { kind: 'fork', source, after: 0, until });
  }
  const kind = opening.type === 'rollback' ? 'rollback' : 'resume';
  return withTransfer(context, said, { kind, ...ownTurns(context) });
}

/** A session that ends for good: what it knew is carried to the next one. One that took no prompt knew nothing. */
export function withForgotten(context: Context, move: ThreadMove): ThreadMove {
  const { session, threadId: source, turnCount: until } = context;
  if (session?.state !== 'confirmed') return move;
  return withTransfer(context, move, { kind: 'resume', source, after: 0, until });
}

/**
 * The newest turns are out of the conversation, from the one after `ordinal` on; the next prompt sees to it.
 * `rollback`: what the provider is to do; `null` where nothing can tell it.
 */
export function noteRollback(
  context: Context,
  { ordinal: until, rollback }: { readonly ordinal: number; readonly rollback: Rollback | null },
): ThreadMove {
  const { session, threadId: source } = context;
  const otherSessions = Object.fromEntries(
    Object.entries(context.otherSessions).filter(([, { seenTurns }]) => seenTurns <= until),
  );
  // what still waits to be carried has the turns that are out
  const isTold = context.transfers.every((transfer) => transfer.source !== source);
  const canAsk = session?.state === 'confirmed' && rollback !== null && until > 0 && isTold;
  if (canAsk && rollback !== null) return { set: { otherSessions, opening: { type: 'rollback', rollback } } };
  const set = { otherSessions, session: null, opening: RESUME };
  return withTransfer(context, { set }, { kind: 'rollback', source, after: 0, until });
}

export function noteBuilt(context: Context, built: ThreadInputOf<'transfer.built'>): ThreadMove {
  const { text, report } = built;
  return changed(context, built.transferId, { status: 'ready', item: { text, report, status: 'completed' } });
}

/** It is tried again with the next prompt. */
export function noteFailed(context: Context, event: ThreadInputOf<'transfer.failed'>): ThreadMove {
  const item = { text: event.failure.message, status: 'failed' } as const;
  return changed(context, event.transferId, { status: 'failed', item });
}

function changed(
  context: Context,
  transferId: ItemId,
  { status, item }: { readonly status: Transfer['status']; readonly item: Written },
): ThreadMove {
  const found = context.transfers.find((transfer) => transfer.transferId === transferId);
  if (found === undefined) return {};
  const ordinal = context.itemCount + 1;
  const transfers = context.transfers.map((each) => (each === found ? { ...each, status } : each));
  return {
    set: { itemCount: ordinal, transfers },
    facts: [{ type: 'item.completed', item: itemOf(found, ordinal, item) }],
  };
}

/** What a run of the server that has ended was to put together. */
export const buildsOf = (context: Context): readonly Effect[] =>
  context.transfers.filter(({ status }) => status === 'building').map((transfer) => build(context, transfer));

/** Not a compaction, and nothing that the provider began. */
const hasPrompt = ({ activeTurn }: Context): boolean => (activeTurn?.prompt ?? null) !== null;

/** The prompt that is about to go out waits for what is not there yet: asked for again, as a new run of the server must. */
export function ask(context: Context): ThreadMove {
  if (!hasPrompt(context) || context.transfers.length === 0) return {};
  const missing = context.transfers.filter(({ status }) => status !== 'ready');
  const failed = missing.filter(({ status }) => status === 'failed');
  const { itemCount } = context;
  return {
    set: {
      itemCount: itemCount + failed.length,
      transfers: context.transfers.map((each) =>
        each.status === 'failed' ? { ...each, status: 'building' } : each,
      ),
    },
    facts: failed.map((transfer, index) => ({
      type: 'item.started',
      item: itemOf(transfer, itemCount + index + 1, { text: '', status: 'open' }),
    })),
    effects: missing.map((transfer) => build(context, { ...transfer, status: 'building' })),
  };
}

/** The active turn's prompt could go out, but for what is to go with it. */
export const isHeldUp = (context: Context): boolean =>
  hasPrompt(context) &&
  context.link.phase === 'open' &&
  context.session !== null &&
  context.transfers.some(({ status }) => status === 'building');

/** The turn goes on without, and a person is told. */
export function giveUp(context: Context): ThreadMove {
  const late = context.transfers.filter(({ status }) => status === 'building');
  const moves = late.reduce<ThreadMove>((move, { transferId }) => {
    const now = { ...context, ...move.set };
    const failed = noteFailed(now, { type: 'transfer.failed', transferId, failure: TIMED_OUT });
    return { set: { ...move.set, ...failed.set }, facts: [...(move.facts ?? []), ...(failed.facts ?? [])] };
  }, {});
  const text = `${TIMED_OUT.message}; the agent does not know of it yet`;
  return withNotice({ ...context, ...moves.set }, moves, { topic: 'context.late', text });
}

/** What goes with the active turn's prompt. */
export const readyFor = (context: Context): readonly ItemId[] =>
  !hasPrompt(context)
    ? []
    : context.transfers.filter(({ status }) => status === 'ready').map(({ transferId }) => transferId);

/** The provider has taken the prompt, and these with it; said once. */
export function consume(context: Context, turnId: TurnId, given: readonly ItemId[]): ThreadMove {
  const isGiven = ({ transferId }: Transfer): boolean => given.includes(transferId);
  const transferIds = context.transfers.filter(isGiven).map(({ transferId }) => transferId);
  if (transferIds.length === 0) return {};
  return {
    set: { transfers: context.transfers.filter((transfer) => !isGiven(transfer)) },
    facts: [{ type: 'transfer.consumed', transferIds, turnId }],
  };
}

/** The thread goes on with another instance: its session there, if it has one, and what that has not seen. */
export function switched(context: Context): ThreadMove {
  const { switching, settings, opening, transfers, turnCount, threadId: source } = context;
  if (switching === null) return {};
  const { instanceId, model, options, capabilities } = switching;
  if (instanceId === settings.instanceId) {
    const set = { switching: null, settings: { ...settings, model, options } };
    return { set, facts: [{ type: 'thread.modelSet', model, options }] };
  }
  const known = context.otherSessions[instanceId] ?? null;
  const { [instanceId]: _, ...rest } = context.otherSessions;
  const from = settings.instanceId;
  const said = { type: 'thread.providerSwitched', from, instanceId, model, options } as const;
  const move: ThreadMove = {
    set: {
      switching: null,
      settings: { ...settings, instanceId, model, options },
      capabilities,
      opening: RESUME,
      session: known?.session ?? null,
      otherSessions: { ...rest, ...leftBehind(context) },
      retryable: context.retryable && withoutModel(context.retryable),
      queue: foldQueue(context.queue, [said]),
    },
    facts: [said],
  };
  if (opening.type === 'fork') {
    const { threadId, turnOrdinal: until } = opening;
    return withTransfer(context, move, { kind: 'fork', source: threadId, after: 0, until });
  }
  // with what comes from another thread goes all of this one's, so that it can be placed
  const isMerging = transfers.some(({ kind }) => kind === 'merge-back');
  const after = isMerging ? 0 : (known?.seenTurns ?? 0);
  return withTransfer(context, move, { kind: 'switch', source, after, until: turnCount });
}

/** The session that a switch leaves, to come back to; one whose newest turns were to come out is not. */
function leftBehind({
  settings,
  session,
  opening,
  transfers,
  threadId,
  turnCount,
}: Context): Context['otherSessions'] {
  if (session?.state !== 'confirmed' || opening.type !== 'resume') return {};
  const untold = transfers.filter(({ source }) => source === threadId).map(({ after }) => after);
  return { [settings.instanceId]: { session, seenTurns: Math.min(turnCount, ...untold) } };
}

/** Bounds the wait of a prompt for what goes with it. */
export const handOverTimer = (turnId: TurnId): ArmTimer => ({
  name: 'handOver.timedOut',
  owner: 'turn',
  afterMs: DEADLINES_MS.handOver,
  idle: false,
  fires: { type: 'handOver.timedOut', turnId, attempt: 1 },
});
