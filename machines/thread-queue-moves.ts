/** What a thread does with its queue. */
import { actOf, type Move } from './act.ts';
import type { ThreadContext } from './domain/context.ts';
import type { Fact } from './domain/fact.ts';
import type { ThreadInputOf as Of } from './domain/input.ts';
import type { Prompt } from './domain/turn.ts';
import type { ThreadEvent } from './thread-events.ts';
import * as queue from './thread-queue.ts';
import { cancelled } from './thread-tasks.ts';
import { promptOf } from './thread-turns.ts';

type Context = ThreadContext;
const act = actOf<Context, ThreadEvent>();

export const queueMoves = {
  enqueue: act((context, { prompt }: { prompt: Prompt }) =>
    onQueue(context, [queue.added(prompt, context.queue.entries.length)]),
  ),
  /** A start goes to the head: it would have begun at once. */
  enqueueAny: act((context, { mode, prompt }: Of<'turn.submit'>) =>
    mode === 'start'
      ? next(context, prompt)
      : onQueue(context, [queue.added(prompt, context.queue.entries.length)]),
  ),
  /** To the head, to run as soon as it can, whatever else is queued. */
  enqueueNext: act((context, { prompt }: { prompt: Prompt }) => next(context, prompt)),
  editEntry: act((context, { queueEntryId, text }: Of<'queue.edit'>) =>
    onQueue(context, [{ type: 'queue.edited', queueEntryId, text }]),
  ),
  reorderEntry: act((context, { queueEntryId, before }: Of<'queue.reorder'>) =>
    onQueue(context, [queue.reordered(context.queue, queueEntryId, before)]),
  ),
  cancelEntry: act((context, { queueEntryId }: Of<'queue.cancel'>) => ({
    ...onQueue(context, [queue.removed(queueEntryId, 'cancelled')]),
    effects: cancelled(
      context,
      context.queue.entries.filter(({ turnId }) => turnId === queueEntryId),
    ),
  })),
  promoteEntry: act((context, { queueEntryId }: Of<'queue.promote'>) => {
    const entry = context.queue.entries.find((each) => each.turnId === queueEntryId);
    if (entry === undefined) return {};
    return {
      ...onQueue(context, [queue.removed(queueEntryId, 'promoted')]),
      toTurn: { type: '$steer', steer: promptOf(entry) },
    };
  }),
  /** A person does not wait for background work either. */
  releaseQueue: act((context) => {
    const move = onQueue(context, queue.released(context.queue));
    return { ...move, set: { ...move.set, link: { ...context.link, folds: false } } };
  }),
  holdForBackground: act((context) => onQueue(context, queue.held(context.queue, 'background'))),
  holdInterrupted: act((context) => onQueue(context, queue.held(context.queue, 'interrupted'))),
  holdStopped: act((context) => onQueue(context, queue.held(context.queue, 'stopped'))),
};

export const onQueue = (context: Context, facts: readonly Fact[]): Move<Context, never> => ({
  set: { queue: queue.foldQueue(context.queue, facts) },
  facts,
});

/** To the head of a queue that flows again. */
export const next = (context: Context, prompt: Prompt): Move<Context, never> =>
  onQueue(context, [...queue.released(context.queue), queue.added(prompt, 0, { intent: 'next' })]);
