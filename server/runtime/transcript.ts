/** A thread's items as its readers see them: its own, then those of the thread that it branched off from, to any depth. */
import { itemIdOf, type ItemId, type ThreadId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import { inheritance, type Lineage } from '../../machines/domain/lineage.ts';
import type { ThreadState } from '../../machines/domain/snapshot.ts';
import type { Journal } from '../../machines/ports/journal.ts';

export type TranscriptRows = Pick<Journal, 'threadState' | 'items' | 'item'>;

export interface ItemPage {
  /** An ordinal; `null`: the newest. */
  readonly before: number | null;
  readonly limit: number;
}

/** A thread whose items are seen by the one that is read, up to an ordinal. */
interface Ancestor {
  readonly threadId: ThreadId;
  readonly state: ThreadState;
  readonly until: number;
  /** When what is seen of it branched off: what became of an item since is not seen. Epoch ms. */
  readonly leftAt: number;
}

/** Ascending, with an ordinal below `before`: the newest `limit` of them. */
export function itemsOf(rows: TranscriptRows, threadId: ThreadId, { before, limit }: ItemPage): ItemRow[] {
  let found = rows.items(threadId, before, limit);
  for (const ancestor of ancestorsOf(rows, threadId)) {
    if (found.length >= limit) break;
    const end = Math.min(before ?? Infinity, ancestor.until + 1);
    const page = { before: end, limit: limit - found.length };
    found = [...inheritedFrom(rows, ancestor, page), ...found];
  }
  return found;
}

/** `null`: there is no such item, or it came after the thread had branched off. */
export function itemOf(rows: TranscriptRows, threadId: ThreadId, itemId: ItemId): ItemRow | null {
  const own = rows.item(threadId, itemId);
  if (own !== null) return own;
  for (const ancestor of ancestorsOf(rows, threadId)) {
    const gone = goneFrom(rows, ancestor);
    if (gone?.itemId === itemId) return gone;
    const item = rows.item(ancestor.threadId, itemId);
    if (item !== null) return item.ordinal > ancestor.until ? null : inherited(ancestor, item);
  }
  return null;
}

/** What a reader of the thread sees of others, the nearest first. */
function* ancestorsOf(rows: TranscriptRows, threadId: ThreadId): Generator<Ancestor> {
  let child = rows.threadState(threadId);
  let [until, leftAt] = [Infinity, Infinity];
  for (;;) {
    const from = inheritance(child?.lineage ?? null);
    if (child === null || from === null) return;
    until = Math.min(until, from.until);
    leftAt = Math.min(leftAt, child.row.createdAt);
    const state = rows.threadState(from.threadId);
    if (state === null) return;
    yield { threadId: from.threadId, state, until, leftAt };
    child = state;
  }
}

function inheritedFrom(
  rows: TranscriptRows,
  ancestor: Ancestor,
  { before, limit }: { before: number; limit: number },
): ItemRow[] {
  const gone = goneFrom(rows, ancestor);
  if (gone !== null) return gone.ordinal < before ? [gone] : [];
  return rows.items(ancestor.threadId, before, limit).map((item) => inherited(ancestor, item));
}

/** What goes on there is no work of this thread. */
function inherited({ threadId }: Ancestor, { background: _, ...item }: ItemRow): ItemRow {
  const status = item.status === 'open' ? 'unknown' : item.status;
  return { ...item, status, inherited: { threadId } };
}

/** Stands for all items of a thread that was purged; `null`: it was not, or none of its own is seen. */
function goneFrom(rows: TranscriptRows, { threadId, state, until, leftAt }: Ancestor): ItemRow | null {
  const first = itemsBefore(state.lineage);
  if (state.removal !== 'deleted' || until <= first) return null;
  if (rows.items(threadId, null, 1).length > 0) return null;
  return {
    itemId: itemIdOf(threadId, 'purged'),
    ordinal: until,
    turnId: null,
    attempt: 1,
    body: { kind: 'notice', tone: 'info', topic: 'history.purged' },
    text: `What was said here is gone: thread ${threadId} was deleted and purged.`,
    status: 'completed',
    createdAt: leftAt,
    updatedAt: leftAt,
    inherited: { threadId },
  };
}

const itemsBefore = (lineage: Lineage | null): number => inheritance(lineage)?.until ?? 0;
