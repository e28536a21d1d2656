/** The thread list, and how it is searched and filtered. */
import { useComputed, useSignal, type Signal } from '@preact/signals';
import { statusSchema } from '../../../machines/domain/fact.ts';
import { leave } from '../session/session.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { goTo, route } from '../state/route.ts';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { useNow } from '../ui/now.ts';
import { ThreadLink } from './thread-link.tsx';
import { treeOf, type ListFilter } from './thread-tree.ts';

const NO_FILTER: ListFilter = { query: '', status: 'all', archived: false };
const NOW_MS = 30_000;
/** Rows that are drawn at first; more when they are asked for. */
const ROW_COUNT = 200;

export function Sidebar({ store }: { readonly store: ConsoleStore }) {
  const filter = useSignal(NO_FILTER);
  const shownCount = useSignal(ROW_COUNT);
  const rows = useComputed(() =>
    treeOf(store.threads.value.values(), filter.value, (row) => store.seen.isUnread(row)),
  );
  const now = useNow(NOW_MS);
  const { value } = route;
  const current = value.page === 'thread' ? value.threadId : null;
  return (
    <nav class="sidebar" aria-label="Threads">
      <header class="sidebar-head">
        <a href="#/" class="brand">
          Threadchart
        </a>
        <IconButton icon="plus" label="New thread (n)" onClick={() => goTo('#/new')} />
        <Menu label="Console" items={[{ label: 'Sign out', run: () => void leave() }]} />
      </header>
      <Filters filter={filter} />
      <ul class="thread-list">
        {rows.value.slice(0, shownCount.value).map(({ row, depth }) => (
          <ThreadLink
            key={row.id}
            row={row}
            depth={depth}
            isCurrent={row.id === current}
            isUnread={row.id !== current && store.seen.isUnread(row)}
            now={now}
          />
        ))}
        {rows.value.length === 0 && store.isListed.value && <li class="muted pad">No threads here.</li>}
      </ul>
      {rows.value.length > shownCount.value && (
        <button type="button" class="link more" onClick={() => (shownCount.value += ROW_COUNT)}>
          {rows.value.length - shownCount.value} more
        </button>
      )}
    </nav>
  );
}

function Filters({ filter }: { readonly filter: Signal<ListFilter> }) {
  const set = (change: Partial<ListFilter>): void => void (filter.value = { ...filter.value, ...change });
  return (
    <div class="filters" role="search">
      <label class="search">
        <Icon name="search" />
        <input
          id="search"
          type="search"
          placeholder="Search"
          aria-label="Search threads"
          value={filter.value.query}
          onInput={({ currentTarget }) => set({ query: currentTarget.value })}
        />
      </label>
      <div class="row">
        <select
          aria-label="Status"
          value={filter.value.status}
          onChange={({ currentTarget }) => {
            const { value } = currentTarget;
            const status =
              statusSchema.safeParse(value).data ?? SPECIAL.find((each) => each === value) ?? 'all';
            set({ status });
          }}
        >
          <option value="all">All</option>
          <option value="attention">Waits for you</option>
          <option value="unread">Unread</option>
          {statusSchema.options.map((status) => (
            <option key={status} value={status}>
              {status}
            </option>
          ))}
        </select>
        <label class="check">
          <input
            type="checkbox"
            checked={filter.value.archived}
            onChange={({ currentTarget }) => set({ archived: currentTarget.checked })}
          />
          Archived
        </label>
      </div>
    </div>
  );
}

const SPECIAL = ['attention', 'unread'] as const;
