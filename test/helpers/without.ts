/** Moves as they would be without a rule; each is put in the place of the true one by `actionIs`. */
import { actOf } from '../../machines/act.ts';
import type { ThreadContext, TurnContext, TurnEnd, TurnOutput } from '../../machines/domain/context.ts';
import { failure } from '../../machines/domain/error.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import type { ProgressSignal, TurnSignal } from '../../machines/domain/signal.ts';
import type { ThreadEvent } from '../../machines/thread-events.ts';
import * as turns from '../../machines/thread-turns.ts';
import { actionIs, type Mutation } from './mutants.ts';

const onThread = actOf<ThreadContext, ThreadEvent>();
const onTurn = actOf<TurnContext, ThreadInput | TurnSignal, ProgressSignal>();

const NOTHING = { failure: null, reason: null, into: null };
export const INTERRUPTED: TurnEnd = { ...NOTHING, outcome: 'interrupted', reason: 'user' };
export const COMPLETED: TurnEnd = { ...NOTHING, outcome: 'completed' };
export const FAILED: TurnEnd = { ...NOTHING, outcome: 'failed', failure: failure('PROVIDER_ERROR', '') };

/** The action ends the turn like this, whatever was known before. */
export const endsAs = (action: string, end: TurnEnd): Mutation =>
  actionIs(
    'turn',
    action,
    onTurn(() => ({ set: { end } })),
  );

/** The thread changes what it makes of a turn's end. */
export const endsTurnBy = (
  change: (move: ReturnType<typeof turns.endTurn>, context: ThreadContext, output: TurnOutput) => object,
): Mutation =>
  actionIs(
    'thread',
    'endTurn',
    onThread((context, { output }: { output: TurnOutput }) => {
      const move = turns.endTurn(context, output);
      return { ...move, ...change(move, context, output) };
    }),
  );

/** Every end of a turn lets the queue flow. */
export const ALWAYS_FLOWS: Mutation = endsTurnBy(({ set }, { queue }) => ({
  set: { ...set, queue: { ...(set?.queue ?? queue), status: 'flowing', reason: null } },
}));

export const threadMove = onThread;
export const turnMove = onTurn;
