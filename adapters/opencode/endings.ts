/** How turns begin and end at opencode, which names neither. */
import type { Failure } from '../../machines/domain/error.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { keyOf } from '../shared/decline.ts';
import type { HeardTurn } from './conversation.ts';
import { cutOffFailure, failureOfTurn, isAborted, NO_WORD } from './failures.ts';
import { at, itemReport, type Scope } from './scope.ts';

/** opencode has the prompt: it has said so, or shown its message. */
export function accepted(turn: HeardTurn, scope: Scope): readonly ProviderReport[] {
  if (turn.isAccepted) return [];
  turn.isAccepted = true;
  const { key, nativeTurnId } = turn;
  const reports: ProviderReport[] =
    key === null ? [] : [{ type: 'provider.turnAccepted', ...keyOf(key), nativeTurnId }];
  // what cannot begin at all is told before the prompt is answered
  return turn.error === null ? reports : [...reports, ...ended(turn, scope)];
}

/** From now on an abort reaches it. */
export function started(turn: HeardTurn, scope: Scope): readonly ProviderReport[] {
  if (turn.isStarted || !turn.isAccepted) return [];
  turn.isStarted = true;
  return [{ type: 'provider.turnStarted', ...at(scope, turn.nativeTurnId), isNew: false }, ...promptOf(turn)];
}

function promptOf(turn: HeardTurn): readonly ProviderReport[] {
  const { prompt } = turn;
  turn.prompt = [];
  return prompt;
}

/** Not the end by itself: opencode recovers from some. But nothing comes after one that is told before anything runs. */
export function failed(turn: HeardTurn, scope: Scope): readonly ProviderReport[] {
  const { error, isAccepted, isStarted } = turn;
  return error !== null && isAccepted && !isStarted ? ended(turn, scope) : [];
}

/**
 * Nothing runs in the session. It is the end when the newest message of the model is complete. After an abort or an error
 * opencode says so twice, and completes the message in between.
 */
export function becameIdle(turn: HeardTurn, scope: Scope): readonly ProviderReport[] {
  if (!turn.isAccepted) return [];
  const { newest, error } = turn;
  const isComplete = newest === null ? error !== null : newest.time.completed !== undefined;
  return isComplete ? ended(turn, scope) : [];
}

type Ended = Pick<ThreadInputOf<'provider.turnEnded'>, 'outcome' | 'failure'>;

/** The end, whatever was heard last. */
export function ended(turn: HeardTurn, scope: Scope): readonly ProviderReport[] {
  scope.talk.turn = null;
  scope.talk.compaction = null;
  const { nativeTurnId } = turn;
  const end = endOf(turn);
  const report: ProviderReport = { type: 'provider.turnEnded', ...at(scope, nativeTurnId), ...end };
  const error = end.failure === null ? [] : [errorItem(scope, nativeTurnId, end.failure)];
  return [...promptOf(turn), ...error, report];
}

const COMPLETED: Ended = { outcome: 'completed', failure: null };
const INTERRUPTED: Ended = { outcome: 'interrupted', failure: null };
const failedWith = (failure: Failure): Ended => ({ outcome: 'failed', failure });
/** Before its end. */
const CUT_OFF: ReadonlySet<string> = new Set(['length', 'content-filter', 'error']);

function endOf({ newest, error, isInterrupted }: HeardTurn): Ended {
  const cause = newest?.error ?? (newest === null ? error : null);
  if (cause !== null) return isAborted(cause) ? INTERRUPTED : failedWith(failureOfTurn(cause));
  const finish = newest?.finish;
  // an abort while a try is waited for leaves a message without a word
  if (finish === undefined) return isInterrupted ? INTERRUPTED : failedWith(NO_WORD);
  // the model wanted to go on: a person has declined its call
  if (finish === 'tool-calls') return INTERRUPTED;
  return CUT_OFF.has(finish) ? failedWith(cutOffFailure(finish)) : COMPLETED;
}

function errorItem(
  scope: Scope,
  nativeTurnId: string,
  { code, retryable, message }: Failure,
): ProviderReport {
  return itemReport(scope, nativeTurnId, {
    key: 'error',
    body: { kind: 'error', code, retryable },
    text: message,
    status: 'failed',
  });
}
