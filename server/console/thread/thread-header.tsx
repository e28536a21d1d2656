/** What the thread is, how it stands, and what can be done with all of it. */
import type { ConsoleStore } from '../state/console-store.ts';
import type { Moment } from '../state/moment.ts';
import { THREAD_TABS, threadHref, type ThreadTab } from '../state/route.ts';
import { titleOf } from '../shell/thread-tree.ts';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { StatusWord } from '../ui/status.tsx';
import type { ThreadActions } from './actions.ts';

interface ThreadHeaderProps {
  readonly store: ConsoleStore;
  readonly moment: Moment;
  readonly actions: ThreadActions;
  readonly tab: ThreadTab;
}

const TABS = { chat: 'Chat', changes: 'Changes', inspect: 'Inspect' } as const;

export function ThreadHeader({ store, moment, actions, tab }: ThreadHeaderProps) {
  const { thread, lineage } = moment;
  const parent = lineage === null ? undefined : store.threads.value.get(lineage.parentId);
  return (
    <header class="thread-head">
      <a class="icon-button narrow-only" href="#/" aria-label="All threads">
        <Icon name="back" />
      </a>
      <div class="thread-name">
        <h1 title={thread.title}>{titleOf(thread)}</h1>
        <p class="muted">
          {thread.instanceId} · <span title={thread.cwd}>{thread.cwd}</span>
          {lineage !== null && (
            <>
              {' · from '}
              <a href={threadHref(lineage.parentId)}>
                {parent === undefined ? lineage.parentId : titleOf(parent)}
              </a>
            </>
          )}
        </p>
      </div>
      <StatusWord status={thread.status} attention={moment.requests.length > 0} />
      <nav class="tabs" aria-label="Views">
        {THREAD_TABS.map((each) => (
          <a key={each} href={threadHref(thread.id, each)} aria-current={each === tab ? 'page' : undefined}>
            {TABS[each]}
          </a>
        ))}
      </nav>
      {tab === 'chat' && (
        <IconButton
          icon="panel"
          label="Show details"
          class="icon-button details-toggle"
          aria-pressed={actions.hasDetails.value}
          onClick={() => (actions.hasDetails.value = !actions.hasDetails.value)}
        />
      )}
      <Menu label="Thread actions" items={menuOf(actions, moment)} />
    </header>
  );
}

function menuOf(actions: ThreadActions, { thread, lineage }: Moment): MenuItem[] {
  const run =
    (type: 'thread.stop' | 'thread.archive' | 'thread.unarchive' | 'thread.compact' | 'turn.retry') => () =>
      void actions.run({ type });
  const items: (MenuItem & { readonly can: string })[] = [
    { can: 'thread.set', label: 'Rename…', run: () => actions.ask({ kind: 'rename' }) },
    { can: 'turn.retry', label: 'Retry the last turn', run: run('turn.retry') },
    { can: 'thread.fork', label: 'Fork', run: () => void actions.fork() },
    {
      can: 'thread.fork',
      label: 'Fork into a working tree',
      run: () => void actions.fork({ worktree: {} }),
    },
    {
      can: 'thread.mergeBack',
      label: 'Merge back',
      run: () => void actions.run({ type: 'thread.mergeBack', ...(lineage && { into: lineage.parentId }) }),
    },
    { can: 'thread.switchProvider', label: 'Switch agent…', run: () => actions.ask({ kind: 'switch' }) },
    { can: 'thread.compact', label: 'Compact the conversation', run: run('thread.compact') },
    { can: 'checkpoint.rollback', label: 'Go back to the beginning…', run: () => actions.rollback(null) },
    { can: 'thread.stop', label: 'Stop the agent', run: run('thread.stop') },
    { can: 'thread.archive', label: 'Archive', run: run('thread.archive') },
    { can: 'thread.unarchive', label: 'Unarchive', run: run('thread.unarchive') },
    { can: 'thread.delete', label: 'Delete…', run: () => actions.ask({ kind: 'delete' }), isDangerous: true },
  ];
  return items.filter(
    ({ can }) => actions.can(can) && (can !== 'thread.stop' || thread.status !== 'stopped'),
  );
}
