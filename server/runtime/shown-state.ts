import type { ThreadSnapshot, ThreadState } from '../../machines/domain/snapshot.ts';

type ShownState = Pick<
  ThreadSnapshot,
  'queue' | 'usage' | 'plan' | 'worktree' | 'lineage' | 'itemCount' | 'completedTurnOrdinal'
>;

/** What a snapshot takes over of a thread's state as it is, now and at an earlier moment. */
export const shownState = (state: ThreadState): ShownState => ({
  queue: state.queue,
  usage: state.usage,
  plan: state.plan,
  ...(state.worktree && { worktree: state.worktree }),
  lineage: state.lineage,
  itemCount: state.itemCount,
  completedTurnOrdinal: state.completedTurnOrdinal,
});
