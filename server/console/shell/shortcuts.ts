/** Keys that count anywhere but in a field. */
import { useEffect } from 'preact/hooks';
import { goTo } from '../state/route.ts';

export function useShortcuts(): void {
  useEffect(() => {
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

function onKey(event: KeyboardEvent): void {
  const { target, key } = event;
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const isField = target instanceof HTMLElement && target.matches('input, textarea, select, dialog *');
  if (!isPlain || isField) return;
  const run = KEYS[key];
  if (run === undefined) return;
  event.preventDefault();
  run();
}

const KEYS: Readonly<Record<string, (() => void) | undefined>> = {
  n: () => goTo('#/new'),
  '/': () => focusOn('#search'),
  r: () => focusOn('#composer'),
  j: () => step(1),
  k: () => step(-1),
};

function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}

function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.thread-list a')];
  const index = links.findIndex((link) => link.getAttribute('aria-current') === 'page');
  const next = links[Math.min(links.length - 1, Math.max(0, index + by))];
  if (next === undefined) return;
  goTo(next.hash);
  next.scrollIntoView({ block: 'nearest' });
}
