/** The turn after which a fork branches off: of the thread itself, or one that it has inherited. */
import { RuntimeError } from '../../machines/domain/error.ts';
import { itemIdOf, type ThreadId, type TurnId } from '../../machines/domain/ids.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import { ThreadProjection } from './projection.ts';
import type { IntakeParts } from './take.ts';

const TURNS_AT_ONCE = 32;

export interface Branch {
  /** Whose turn it is: the thread, or one that it descends from. */
  readonly ownerId: ThreadId;
  readonly turn: TurnRow;
  /** No turn of the owner came after it. */
  readonly isNewest: boolean;
  /** Of the last item that belongs to the turn or stands before it. */
  readonly itemOrdinal: number;
}

/** As much of a thread as a descendant of it sees. */
interface Visible {
  readonly rows: ThreadProjection;
  readonly turnsUntil: number;
  readonly itemsUntil: number;
  /** When what is seen branched off: what was rolled back since is still seen. Epoch ms. */
  readonly leftAt: number;
}

type Parts = Pick<IntakeParts, 'threads' | 'journal'>;

/** `turnId`: left out for the newest completed one. @throws {RuntimeError} TURN_NOT_FOUND, TURN_NOT_COMPLETED, NO_COMPLETED_TURN */
export function branchAt(parts: Parts, threadId: ThreadId, turnId: TurnId | undefined): Branch {
  for (const visible of visibleFrom(parts, threadId)) {
    const turn = turnId === undefined ? newestCompleted(visible) : turnIn(visible, turnId);
    if (turn === null) continue;
    if (hasCompleted(visible, turn)) return branchOf(visible, turn);
    throw new RuntimeError('TURN_NOT_COMPLETED', `turn ${turn.turnId} has not completed`, {
      details: { status: turn.status },
    });
  }
  if (turnId !== undefined)
    throw new RuntimeError('TURN_NOT_FOUND', `thread ${threadId} has no turn ${turnId}`);
  throw new RuntimeError('NO_COMPLETED_TURN', `thread ${threadId} has completed no turn`);
}

/** The thread, then what it branched off from, then what that did. */
function* visibleFrom({ threads, journal }: Parts, threadId: ThreadId): Generator<Visible> {
  let [turnsUntil, itemsUntil, leftAt] = [Infinity, Infinity, Infinity];
  for (let next: ThreadId | null = threadId; next !== null;) {
    const rows: ThreadProjection = threads.peek(next)?.projection ?? new ThreadProjection(next, journal);
    yield { rows, turnsUntil, itemsUntil, leftAt };
    const lineage = rows.state?.lineage ?? null;
    leftAt = Math.min(leftAt, rows.state?.row.createdAt ?? Infinity);
    if (lineage?.kind !== 'fork') return;
    next = lineage.parentId;
    turnsUntil = Math.min(turnsUntil, lineage.turnOrdinal);
    itemsUntil = Math.min(itemsUntil, lineage.itemOrdinal);
  }
}

function turnIn({ rows, turnsUntil }: Visible, turnId: TurnId): TurnRow | null {
  const turn = rows.turns.get(turnId);
  return turn === undefined || turn.ordinal > turnsUntil ? null : turn;
}

/** As it is seen: a thread may have rolled back what another one had inherited of it. */
function hasCompleted({ rows, leftAt }: Visible, turn: TurnRow): boolean {
  if (turn.status !== 'rolledBack' || leftAt === Infinity) return turn.status === 'completed';
  const prompt = rows.items.get(itemIdOf(turn.turnId, `prompt:${turn.turnId}`));
  const isSeen = prompt?.rolledBack === true && prompt.updatedAt > leftAt;
  const { endedAt, failure, reason, into } = turn;
  return isSeen && endedAt !== null && failure === null && reason === null && into === null;
}

function newestCompleted(visible: Visible): TurnRow | null {
  const { rows, turnsUntil } = visible;
  for (let below = turnsUntil + 1; ;) {
    const page = rows.turnsBelow(below, TURNS_AT_ONCE);
    const found = page.find((turn) => hasCompleted(visible, turn));
    if (found !== undefined) return found;
    if (page.length < TURNS_AT_ONCE) return null;
    below = page.at(-1)?.ordinal ?? 0;
  }
}

/** Of the turns that the thread has itself; 0: none has. */
export const newestCompletedOrdinal = (rows: ThreadProjection): number =>
  newestCompleted({ rows, turnsUntil: Infinity, itemsUntil: Infinity, leftAt: Infinity })?.ordinal ?? 0;

function branchOf({ rows, itemsUntil }: Visible, turn: TurnRow): Branch {
  const next = turnAfter(rows, turn.ordinal);
  const itemOrdinal = Math.min(itemsUntil, next === null ? itemCountOf(rows) : itemsBefore(rows, next));
  return { ownerId: rows.threadId, turn, isNewest: next === null, itemOrdinal };
}

function turnAfter(rows: ThreadProjection, ordinal: number): TurnRow | null {
  const [next] = rows.turnsBelow(ordinal + 2, 1);
  return next?.ordinal === ordinal + 1 ? next : null;
}

/** Rows of older releases do not say it: there it begins with its prompt, if it has one. */
function itemsBefore(rows: ThreadProjection, turn: TurnRow): number {
  if (turn.itemsBefore !== undefined) return turn.itemsBefore;
  const prompt = rows.items.get(itemIdOf(turn.turnId, `prompt:${turn.turnId}`));
  if (prompt !== undefined) return prompt.ordinal - 1;
  const next = turnAfter(rows, turn.ordinal);
  return next === null ? itemCountOf(rows) : itemsBefore(rows, next);
}

const itemCountOf = (rows: ThreadProjection): number => rows.state?.itemCount ?? rows.newestItemOrdinal();
