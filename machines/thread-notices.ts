/** What a person should see in the transcript and no provider says: that something could not be done. */
import type { Move } from './act.ts';
import type { ThreadContext, TurnOutput } from './domain/context.ts';
import { itemIdOf, type TurnId } from './domain/ids.ts';
import type { ItemBody } from './domain/item.ts';
import { withNextItem } from './thread-items.ts';

type ThreadMove = Move<ThreadContext, never>;

export interface Notice {
  readonly topic: string;
  readonly text: string;
  /** Default: `error`. */
  readonly tone?: Extract<ItemBody, { kind: 'notice' }>['tone'];
  /** Left out: it is of the thread itself. */
  readonly turnId?: TurnId;
}

/** The same move, which also makes the notice the next item of the thread. */
export function withNotice(context: ThreadContext, move: ThreadMove, notice: Notice | null): ThreadMove {
  if (notice === null) return move;
  const { topic, text, tone = 'error', turnId = null } = notice;
  return withNextItem(context, move, (ordinal) => ({
    itemId: itemIdOf(context.threadId, `notice:${ordinal}`),
    turnId,
    body: { kind: 'notice', tone, topic },
    text,
  }));
}

/** Of a turn's end; `null` where it went as it should, or where the provider says itself what is wrong. */
export function noticeOfEnd({ turnId, started, end: { outcome, failure } }: TurnOutput): Notice | null {
  if (failure === null || (started && failure.code.startsWith('PROVIDER_'))) return null;
  const text = failure.message;
  if (failure.code === 'INTERRUPT_TIMED_OUT') return { turnId, text, topic: 'interrupt.failed' };
  return { turnId, text, topic: outcome === 'failed' && !started ? 'start.failed' : `turn.${outcome}` };
}
