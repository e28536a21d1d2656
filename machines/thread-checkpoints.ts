/** How the files of the workspace are captured around turns, as data. */
import type { Move } from './act.ts';
import { ASKED_LIMIT, CAPTURE_ATTEMPTS, type AskedCapture } from './domain/checkpoint.ts';
import type { ThreadContext } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import { failure, type Failure } from './domain/error.ts';
import type { Fact } from './domain/fact.ts';
import { itemIdOf, type TurnId } from './domain/ids.ts';
import type { ThreadInputOf as Of } from './domain/input.ts';
import { DEADLINES_MS, type ArmTimer } from './domain/timer.ts';
import { withNextItem } from './thread-items.ts';
import { withNotice } from './thread-notices.ts';

type Context = ThreadContext;
type ThreadMove = Move<Context, never>;
/** What names a capture. */
export type Named = Pick<AskedCapture, 'turnId' | 'point'>;

const TIMER = 'checkpoint.timedOut';
const armed: ArmTimer = {
  name: TIMER,
  owner: 'thread',
  afterMs: DEADLINES_MS.capture,
  idle: false,
  fires: { type: TIMER },
};

const isIt =
  ({ turnId, point }: Named) =>
  (asked: Named): boolean =>
    asked.turnId === turnId && asked.point === point;

export const askedIn = ({ captures }: Context, named: Named): AskedCapture | undefined =>
  captures.find(isIt(named));

/** The next prompt waits for what the turn before it leaves: else its changes would count as that turn's. */
export const holdsHandOver = ({ captures }: Pick<Context, 'captures'>): boolean =>
  captures.some(({ point }) => point === 'after');

const capture = (asked: AskedCapture): Effect => ({ type: 'checkpoint.capture', ...asked });

/** The move, which also begins a turn: its files are captured beside it. */
export function withBefore({ captures, settings }: Context, move: ThreadMove, turnId: TurnId): ThreadMove {
  if (settings.checkpoints !== true || captures.length >= ASKED_LIMIT) return move;
  return asking(move, captures, { turnId, point: 'before' });
}

/** The move, which also ends a turn. Without its beginning nothing could be said of its end. */
export function withAfter(
  { captures, capturedTurnId }: Context,
  move: ThreadMove,
  turnId: TurnId,
): ThreadMove {
  return capturedTurnId === turnId ? asking(move, captures, { turnId, point: 'after' }) : move;
}

function asking(move: ThreadMove, captures: Context['captures'], named: Named): ThreadMove {
  const asked = { ...named, tries: 1 };
  return {
    ...move,
    set: {
      ...move.set,
      captures: [...captures, asked],
      capturedTurnId: named.point === 'before' ? named.turnId : null,
    },
    facts: [...(move.facts ?? []), { type: 'checkpoint.capturing', ...named }],
    effects: [...(move.effects ?? []), capture(asked)],
    arm: armed,
  };
}

/** The capture is answered; the timer goes with the last one. */
function answered({ captures, capturedTurnId }: Context, named: Named, facts: readonly Fact[]): ThreadMove {
  const rest = captures.filter((asked) => !isIt(named)(asked));
  const hasBegun = facts.some(({ type }) => type === 'checkpoint.captured');
  const isLost = !hasBegun && named.point === 'before' && capturedTurnId === named.turnId;
  return {
    set: { captures: rest, capturedTurnId: isLost ? null : capturedTurnId },
    facts,
    ...(rest.length === 0 ? { cancel: { name: TIMER } } : {}),
  };
}

export function note(
  context: Context,
  event: Of<'checkpoint.captured' | 'checkpoint.missing' | 'checkpoint.failed'>,
): ThreadMove {
  if (event.type === 'checkpoint.captured') return captured(context, event);
  return event.type === 'checkpoint.missing' ? missing(context, event) : failed(context, event);
}

function captured(context: Context, { type, ...told }: Of<'checkpoint.captured'>): ThreadMove {
  const move = answered(context, told, [{ type, ...told }]);
  const { turnId, changes } = told;
  if (changes === null || changes.fileCount === 0) return move;
  const itemId = itemIdOf(turnId, 'checkpoint');
  return withNextItem(context, move, () => ({
    itemId,
    turnId,
    body: { kind: 'checkpoint', ...changes },
    text: '',
  }));
}

const missing = (context: Context, { type, ...told }: Of<'checkpoint.missing'>): ThreadMove =>
  answered(context, told, [{ type, ...told }]);

/** Tried again within a bound, then given up for everybody to see. */
function failed(context: Context, event: Of<'checkpoint.failed'>): ThreadMove {
  const asked = askedIn(context, event);
  if (asked === undefined) return {};
  if (asked.tries >= CAPTURE_ATTEMPTS) return givenUp(context, [asked], event.failure);
  const again = { ...asked, tries: asked.tries + 1 };
  const captures = context.captures.map((each) => (each === asked ? again : each));
  return { set: { captures }, effects: [capture(again)] };
}

/** It took too long: the thread goes on without. */
export const overdue = (context: Context): ThreadMove =>
  givenUp(
    context,
    context.captures,
    failure('CHECKPOINT_TIMED_OUT', 'capturing the files of the workspace took too long'),
  );

/** After a restart ends are captured again. A beginning is not: meanwhile the turn may have changed something. */
export function recovered(context: Context): ThreadMove {
  const { captures } = context;
  if (captures.length === 0) return {};
  const lost = captures.filter(({ point }) => point === 'before');
  const cause = failure(
    'CHECKPOINT_FAILED',
    'the server ended while the files of the workspace were captured',
  );
  const move = lost.length === 0 ? {} : givenUp(context, lost, cause);
  const rest = captures.filter(({ point }) => point === 'after');
  return { ...move, effects: rest.map(capture), ...(rest.length === 0 ? {} : { arm: armed }) };
}

function givenUp(context: Context, given: readonly AskedCapture[], cause: Failure): ThreadMove {
  const facts = given.map(({ turnId, point }): Fact => ({
    type: 'checkpoint.failed',
    turnId,
    point,
    failure: cause,
  }));
  const left = given.reduce((move: ThreadMove, each) => answered({ ...context, ...move.set }, each, []), {});
  const { turnId } = given.at(-1) ?? { turnId: null };
  const notice = { topic: 'checkpoint.failed', text: cause.message, ...(turnId !== null && { turnId }) };
  return withNotice(context, { ...left, facts }, notice);
}
