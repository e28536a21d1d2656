/** A thread at one moment: now, as it is followed, or any earlier one, from a snapshot. All views draw from this alone. */
import type { RequestRow } from '../../../machines/domain/request.ts';
import type { ThreadSnapshot } from '../../../machines/domain/snapshot.ts';
import type { TurnRow } from '../../../machines/domain/turn.ts';
import type { ThreadView } from '../../client/thread-view.ts';
import type { WireItem, WireSnapshot } from '../../gateway/frame.ts';
import type { ItemPages, ItemSource } from './item-pages.ts';

export interface Moment extends Omit<ThreadSnapshot, 'items' | 'roster'> {
  readonly items: ItemSource;
  /** The newest ones, ascending. */
  readonly latest: readonly WireItem[];
  readonly roster: readonly WireItem[];
  /** The last one that ended with its owner, unless another turn has begun since: it can be asked again. */
  readonly expired: readonly RequestRow[];
  /** Of the last frame. */
  readonly version: number;
}

const LATEST_COUNT = 50;

/** `null`: the view has no state yet. `expired`: what was no more asked when the view began. */
export function momentOf(
  view: ThreadView,
  pages: ItemPages,
  expired: readonly RequestRow[] = [],
): Moment | null {
  const { state, machine } = view;
  if (state === null || machine === null) return null;
  const turn = latestTurn(view);
  const items = pages.source(view);
  const ordered = [...view.items.values()].toSorted((left, right) => left.ordinal - right.ordinal);
  return {
    thread: { ...state.row, ...state.settings },
    machine,
    turn,
    items,
    latest: ordered.slice(-LATEST_COUNT),
    roster: ordered.filter(({ background }) => background === true),
    requests: [...view.requests.values()].filter(isOpen),
    expired: [...expired, ...view.requests.values()]
      .filter(({ outcome, turnId }) => outcome === 'expired' && isOfLatest(turnId, turn))
      .slice(-1),
    queue: state.queue,
    usage: state.usage,
    plan: state.plan,
    lineage: state.lineage,
    itemCount: state.itemCount,
    completedTurnOrdinal: state.completedTurnOrdinal,
    ...(state.worktree && { worktree: state.worktree }),
    version: view.version,
  };
}

/** Background work and connections ask for themselves. */
const isOfLatest = (turnId: RequestRow['turnId'], turn: TurnRow | null): boolean =>
  turnId === null || turnId === turn?.turnId;

/** Of a snapshot that was asked for; what lies before its page is not there. */
export function momentOfSnapshot(snapshot: WireSnapshot, version: number): Moment {
  const byOrdinal = new Map(snapshot.items.map((item) => [item.ordinal, item]));
  const first = snapshot.items[0]?.ordinal ?? 0;
  const last = snapshot.items.at(-1)?.ordinal ?? 0;
  const items: ItemSource = {
    first,
    last,
    at: (ordinal) => byOrdinal.get(ordinal) ?? null,
    want: () => undefined,
  };
  return { ...snapshot, items, latest: snapshot.items.slice(-LATEST_COUNT), expired: [], version };
}

const isOpen = ({ status }: RequestRow): boolean => status !== 'closed';

/** The active one, else the latest. */
function latestTurn({ turns, state }: ThreadView): TurnRow | null {
  const active = state?.row.activeTurnId ?? null;
  const known = active === null ? undefined : turns.get(active);
  if (known !== undefined) return known;
  return [...turns.values()].reduce<TurnRow | null>(
    (latest, turn) => (latest === null || turn.ordinal > latest.ordinal ? turn : latest),
    null,
  );
}
