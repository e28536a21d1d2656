import type {
  Conflict,
  PlanRequest,
  Restoration,
  RestorePlan,
} from '../../machines/ports/workspace-history.ts';
import { readPathChanges } from './changes.ts';
import { isInTheWay } from './in-the-way.ts';
import { planOf, type Span } from './plan.ts';
import type { Shadow } from './shadow.ts';

/** The plan for the files as they are in `treeNow`. @throws {RuntimeError} CHECKPOINT_LOST, GIT_FAILED */
export async function readPlan(shadow: Shadow, treeNow: string, request: PlanRequest): Promise<RestorePlan> {
  const spans: Span[] = [];
  for (const [index, { before, after }] of request.steps.entries()) {
    const next = request.steps[index + 1]?.before ?? treeNow;
    spans.push({ whose: 'thread', changes: await readPathChanges(shadow, { from: before, to: after }) });
    spans.push({ whose: 'others', changes: await readPathChanges(shadow, { from: after, to: next }) });
  }
  return leaveUnseen(shadow.repository.root, planOf(spans, request));
}

/** Where no captured file is, something else may be. */
async function leaveUnseen(root: string, plan: RestorePlan): Promise<RestorePlan> {
  const removed = new Set(plan.restore.filter((each) => each.to === null).map((each) => each.path));
  const [restore, unseen]: [Restoration[], Conflict[]] = [[], []];
  for (const restoration of plan.restore) {
    const { path, from, forced: isForced } = restoration;
    const isUnseen = from === null && (await isInTheWay({ root, path, removed, isForced }));
    if (isUnseen) unseen.push({ path, reason: 'unseen' });
    else restore.push(restoration);
  }
  const conflicts = [...plan.conflicts, ...unseen].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { restore, conflicts };
}
