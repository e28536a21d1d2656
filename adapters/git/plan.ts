/** What taking back a thread's turns does to each path; pure. */
import type {
  Conflict,
  ConflictReason,
  FileState,
  PlanRequest,
  Restoration,
  RestorePlan,
} from '../../machines/ports/workspace-history.ts';
import type { PathChange } from './changes.ts';

/** Everything that happened from the target until now, in order: the thread's turns, and what lies between them. */
export interface Span {
  readonly whose: 'thread' | 'others';
  readonly changes: readonly PathChange[];
}

/** What became of one path from the first turn that changed it. */
interface PathHistory {
  readonly first: FileState | null;
  now: FileState | null;
  /** Others changed it since the thread did. */
  isTaken: boolean;
  /** Others changed it, and then the thread again. */
  isMixed: boolean;
}

export function planOf(
  spans: readonly Span[],
  { force = [], contested = [] }: Pick<PlanRequest, 'force' | 'contested'>,
): RestorePlan {
  const [forced, shared] = [new Set(force), new Set(contested)];
  const restore: Restoration[] = [];
  const conflicts: Conflict[] = [];
  const histories = [...historiesOf(spans)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, history] of histories) {
    if (isSame(history.now, history.first)) continue;
    const reason = conflictOf(history, shared.has(path));
    if (reason !== null && !forced.has(path)) conflicts.push({ path, reason });
    else restore.push({ path, from: history.now, to: history.first, forced: forced.has(path) });
  }
  return { restore, conflicts };
}

export function isSame(left: FileState | null, right: FileState | null): boolean {
  return left?.blob === right?.blob && left?.mode === right?.mode;
}

function historiesOf(spans: readonly Span[]): ReadonlyMap<string, PathHistory> {
  const histories = new Map<string, PathHistory>();
  for (const { whose, changes } of spans) {
    for (const { path, from, to } of changes) {
      const history = histories.get(path);
      if (history !== undefined) addChange(history, whose, to);
      else if (whose === 'thread')
        histories.set(path, { first: from, now: to, isTaken: false, isMixed: false });
    }
  }
  return histories;
}

function addChange(history: PathHistory, whose: Span['whose'], to: FileState | null): void {
  history.now = to;
  if (whose === 'others') history.isTaken = true;
  else if (history.isTaken) history.isMixed = true;
}

function conflictOf({ isTaken, isMixed }: PathHistory, isContested: boolean): ConflictReason | null {
  if (isContested) return 'contested';
  if (isMixed) return 'changed-between';
  return isTaken ? 'changed-since' : null;
}
