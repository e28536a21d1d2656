/** One thread: what was said, what it changed, and its inside. */
import { useEffect, useMemo } from 'preact/hooks';
import { failureOf } from '../../../machines/domain/error.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import type { ThreadTab } from '../state/route.ts';
import { FailureNote } from '../ui/failure-note.tsx';
import { ThreadActions } from './actions.ts';
import { Changes } from './changes.tsx';
import { Chat } from './chat.tsx';
import { Asked } from './asked.tsx';
import { InspectSlot } from './inspect-slot.tsx';
import { ThreadHeader } from './thread-header.tsx';

interface ThreadPageProps {
  readonly store: ConsoleStore;
  readonly threadId: string;
  readonly tab: ThreadTab;
  readonly query: URLSearchParams;
}

export function ThreadPage({ store, threadId, tab, query }: ThreadPageProps) {
  const thread = useMemo(() => store.thread(threadId), [store, threadId]);
  const actions = useMemo(() => new ThreadActions(thread), [thread]);
  const row = store.threads.value.get(thread.threadId);
  useEffect(() => {
    if (row !== undefined && !document.hidden) store.seen.note(row);
  }, [store, row]);
  const error = thread.error.value;
  const moment = thread.moment.value;
  if (error !== null) {
    return (
      <main class="page" id="main">
        <FailureNote failure={failureOf(error)} />
      </main>
    );
  }
  if (moment === null) return <main class="page" id="main" aria-busy="true" />;
  return (
    <main class="page thread" id="main">
      <ThreadHeader store={store} moment={moment} actions={actions} tab={tab} />
      {tab === 'chat' && <Chat store={store} moment={moment} actions={actions} />}
      {tab === 'changes' && <Changes thread={thread} version={moment.completedTurnOrdinal} />}
      {tab === 'inspect' && <InspectSlot threadId={threadId} client={store.client} query={query} />}
      <Asked store={store} moment={moment} actions={actions} />
    </main>
  );
}
