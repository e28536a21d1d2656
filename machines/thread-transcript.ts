/** What a thread writes down of what its provider says. */
import { actOf } from './act.ts';
import type { ThreadContext } from './domain/context.ts';
import type { ThreadInputOf as Of } from './domain/input.ts';
import type { ThreadEvent } from './thread-events.ts';
import * as turns from './thread-turns.ts';

const act = actOf<ThreadContext, ThreadEvent>();

export const transcriptMoves = {
  recordStart: act((context, event: Of<'provider.itemStarted'>) =>
    turns.recordItem(context, 'item.started', event),
  ),
  recordUpdate: act((context, event: Of<'provider.itemUpdated'>) =>
    turns.recordItem(context, 'item.updated', event),
  ),
  recordEnd: act((context, event: Of<'provider.itemCompleted'>) => {
    const { kind } = event.item.body;
    const move = turns.recordItem(context, 'item.completed', event);
    const canAsk = (kind === 'subagent' || kind === 'task') && context.link.phase !== 'none';
    return canAsk ? { ...move, toConnection: { type: '$taskEnded', itemId: event.item.itemId } } : move;
  }),
  recordUsage: act((_, { usage }: Of<'provider.usageReported'>) => ({
    facts: [{ type: 'usage.updated', usage }],
  })),
  recordPlan: act((_, { turnId, explanation, steps }: Of<'provider.planReported'>) => ({
    facts: [{ type: 'plan.updated', turnId, explanation, steps }],
  })),
};
