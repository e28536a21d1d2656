/** How a turn ends: pure decisions on its context and what it was told. */
import type { ConnectionEnd, TurnContext, TurnEnd } from './domain/context.ts';
import { failure, type Failure } from './domain/error.ts';
import type { TurnId } from './domain/ids.ts';
import type { ThreadInputOf } from './domain/input.ts';
import type { InterruptReason } from './domain/turn.ts';

type Context = TurnContext;

const NOTHING = { failure: null, reason: null, into: null };
const COMPLETED: TurnEnd = { ...NOTHING, outcome: 'completed' };
const STALLED = failure('STALLED', '');
const RESTARTED = failure('SERVER_RESTARTED', '');

export const interruptedEnd = (reason: InterruptReason, cause: Failure | null = null): TurnEnd => ({
  ...NOTHING,
  outcome: 'interrupted',
  reason,
  failure: cause,
});
export const failedEnd = (cause: Failure): TurnEnd => ({ ...NOTHING, outcome: 'failed', failure: cause });
export const absorbedEnd = (into: TurnId): TurnEnd => ({ ...NOTHING, outcome: 'absorbed', into });
export const UNDELIVERED_END = failedEnd(failure('NOT_DELIVERED', ''));
export const UNSTARTED_END = failedEnd(failure('START_TIMED_OUT', ''));
export const UNSTEERED_END = failedEnd(failure('STEER_TIMED_OUT', ''));
/** What became of it while the server was away is not known. */
export const UNKNOWN_END: TurnEnd = { ...NOTHING, outcome: 'unknown', failure: RESTARTED };

/** The provider's word. A failed turn stays failed; one that completes in spite of an interrupt is completed. */
export function reportedEnd(context: Context, event: Reported): TurnEnd {
  if (event.outcome === 'completed') return COMPLETED;
  if (event.outcome === 'failed') return failedEnd(event.failure ?? failure('PROVIDER_ERROR', ''));
  const reason = context.interrupt?.reason ?? 'provider';
  return reason === 'stalled' ? failedEnd(STALLED) : interruptedEnd(reason, event.failure);
}
type Reported = Pick<ThreadInputOf<'provider.turnEnded'>, 'outcome' | 'failure'>;

/** The provider says that nothing runs: an error fails the turn, anything else ends it as interrupted. */
export function inactiveEnd(
  context: Context,
  { state, failure: cause }: ThreadInputOf<'provider.becameInactive'>,
): TurnEnd {
  return reportedEnd(context, { outcome: state === 'error' ? 'failed' : 'interrupted', failure: cause });
}

/** The connection ended under the turn. */
export function lostEnd({ interrupt }: Context, { how, failure: cause }: ConnectionEnd): TurnEnd {
  if (how === 'restarted') return interruptedEnd('server-restarted', cause);
  if (interrupt?.reason === 'stalled') return failedEnd(STALLED);
  if (interrupt !== null) return interruptedEnd(interrupt.reason, how === 'lost' ? cause : null);
  return how === 'closed' ? interruptedEnd('stopped') : failedEnd(cause);
}

/** The provider did not answer an interrupt in time. */
export function unansweredEnd({ interrupt }: Context): TurnEnd {
  if (interrupt?.reason === 'stalled') return failedEnd(STALLED);
  return interruptedEnd(interrupt?.reason ?? 'user', failure('INTERRUPT_TIMED_OUT', ''));
}

/** What a look-up after a restart found. */
export function lookedUpEnd(
  { attempt }: Context,
  { found, failure: cause }: ThreadInputOf<'provider.turnLookedUp'>,
): TurnEnd {
  if (found === 'unknown') return UNKNOWN_END;
  if (found === 'completed') return COMPLETED;
  if (found === 'failed') return failedEnd(cause ?? failure('PROVIDER_ERROR', ''));
  // an earlier attempt did reach the provider, and was interrupted for this one
  return found === 'absent' && attempt === 1
    ? UNDELIVERED_END
    : interruptedEnd('server-restarted', cause ?? RESTARTED);
}
