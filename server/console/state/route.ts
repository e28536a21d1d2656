/** Which page is shown: the part of the address after `#`. */
import { signal } from '@preact/signals';

export const THREAD_TABS = ['chat', 'changes', 'inspect'] as const;
export type ThreadTab = (typeof THREAD_TABS)[number];

export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'new' }
  | {
      readonly page: 'thread';
      readonly threadId: string;
      readonly tab: ThreadTab;
      readonly query: URLSearchParams;
    };

export const route = signal<Route>(routeOf(location.hash));

addEventListener('hashchange', () => (route.value = routeOf(location.hash)));

/** `#/thread/<id>/inspect?at=12` */
export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page, threadId, tab] = path.split('/').map(decoded);
  if (page === 'new') return { page };
  if (page !== 'thread' || threadId === undefined || threadId === '') return { page: 'home' };
  const known = THREAD_TABS.find((each) => each === tab) ?? 'chat';
  return { page, threadId, tab: known, query: new URLSearchParams(query) };
}

export const threadHref = (threadId: string, tab: ThreadTab = 'chat'): string =>
  `#/thread/${encodeURIComponent(threadId)}${tab === 'chat' ? '' : `/${tab}`}`;

export function goTo(href: string): void {
  location.hash = href;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
