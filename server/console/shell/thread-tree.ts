/** The list as it is shown: filtered, the latest change first, and what branched off under where it comes from. */
import type { Status } from '../../../machines/domain/fact.ts';
import type { ThreadId } from '../../../machines/domain/ids.ts';
import type { ThreadRow } from '../../../machines/domain/snapshot.ts';

export interface ListFilter {
  readonly query: string;
  readonly status: Status | 'all' | 'attention' | 'unread';
  readonly archived: boolean;
}

export interface TreeRow {
  readonly row: ThreadRow;
  /** 0: it has no parent in the list. */
  readonly depth: number;
}

const MOST_DEPTH = 3;

export function treeOf(
  rows: Iterable<ThreadRow>,
  filter: ListFilter,
  isUnread: (row: ThreadRow) => boolean,
): TreeRow[] {
  const shown = [...rows].filter((row) => isShown(row, filter, isUnread));
  const ids = new Set(shown.map(({ id }) => id));
  const children = new Map<ThreadId | null, ThreadRow[]>();
  for (const row of shown) {
    const parent = row.parentId !== null && ids.has(row.parentId) ? row.parentId : null;
    children.set(parent, [...(children.get(parent) ?? []), row]);
  }
  return branch(children, null, 0);
}

function branch(
  children: ReadonlyMap<ThreadId | null, readonly ThreadRow[]>,
  parent: ThreadId | null,
  depth: number,
): TreeRow[] {
  const rows = (children.get(parent) ?? []).toSorted((left, right) => right.updatedAt - left.updatedAt);
  return rows.flatMap((row) => [
    { row, depth: Math.min(depth, MOST_DEPTH) },
    ...branch(children, row.id, depth + 1),
  ]);
}

function isShown(row: ThreadRow, filter: ListFilter, isUnread: (row: ThreadRow) => boolean): boolean {
  if (row.archived !== filter.archived) return false;
  if (filter.status === 'attention' && row.openRequestCount === 0) return false;
  if (filter.status === 'unread' && !isUnread(row)) return false;
  const isWord = !['all', 'attention', 'unread'].includes(filter.status);
  if (isWord && row.status !== filter.status) return false;
  const query = filter.query.trim().toLowerCase();
  const text = `${row.title}\n${row.preview}\n${row.cwd}\n${row.instanceId}`.toLowerCase();
  return query === '' || text.includes(query);
}

const TITLE_LENGTH = 80;

/** The first line of its first prompt. */
export const titleOfPrompt = (text: string): string =>
  text.trim().split('\n', 1)[0]?.slice(0, TITLE_LENGTH) ?? '';

/** What a thread is called where it has no title. */
export const titleOf = ({ title, preview, id }: Pick<ThreadRow, 'title' | 'preview' | 'id'>): string =>
  title || preview.split('\n', 1)[0]?.slice(0, TITLE_LENGTH) || id;
