/** Which page is shown. */
import { useEffect } from 'preact/hooks';
import { CreateThread } from './create/create-thread.tsx';
import { isReconnecting, session } from './session/session.ts';
import { SignIn } from './session/sign-in.tsx';
import { Sidebar } from './shell/sidebar.tsx';
import { useShortcuts } from './shell/shortcuts.ts';
import type { ConsoleStore } from './state/console-store.ts';
import { route } from './state/route.ts';
import { ThreadPage } from './thread/thread-page.tsx';

export function App() {
  const { value } = session;
  if (value.phase === 'connecting') return <p class="centre muted">Connecting…</p>;
  if (value.phase === 'signedOut') return <SignIn failure={value.failure} />;
  return <Frame store={value.store} />;
}

function Frame({ store }: { readonly store: ConsoleStore }) {
  useShortcuts();
  const { page } = route.value;
  const openCount = [...store.threads.value.values()].filter(
    ({ openRequestCount }) => openRequestCount > 0,
  ).length;
  useEffect(() => {
    document.title = openCount > 0 ? `(${openCount}) Threadchart` : 'Threadchart';
  }, [openCount]);
  return (
    <div class={`frame ${page}`}>
      {isReconnecting.value && (
        <p class="banner" role="status">
          The connection was lost. Connecting again…
        </p>
      )}
      <Sidebar store={store} />
      <Page store={store} />
    </div>
  );
}

function Page({ store }: { readonly store: ConsoleStore }) {
  const { value } = route;
  if (value.page === 'new') return <CreateThread store={store} />;
  if (value.page === 'thread') {
    const { threadId, tab, query } = value;
    return <ThreadPage key={threadId} store={store} threadId={threadId} tab={tab} query={query} />;
  }
  return (
    <main class="page empty" id="main">
      <h1 class="visually-hidden">Threads</h1>
      <p class="muted">Choose a thread, or begin a new one.</p>
      <p class="muted">
        <kbd>n</kbd> new thread · <kbd>/</kbd> search · <kbd>j</kbd> <kbd>k</kbd> next and previous
      </p>
    </main>
  );
}
