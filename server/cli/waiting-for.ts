/** What a followed thread waits for, for the spinner. */
import { whyOf } from '../../machines/domain/why.ts';
import type { ThreadView } from '../client/thread-view.ts';

/** `null`: for a person, or it is not known yet. */
export function waitingFor({ state, machine, turns, items, requests }: ThreadView): string | null {
  if (state === null || machine === null) return null;
  const { row: thread, queue } = state;
  const turn = [...turns.values()].findLast(({ turnId }) => turnId === thread.activeTurnId) ?? null;
  const open = [...requests.values()].filter(({ status }) => status !== 'closed');
  const [why] = whyOf(
    { thread, machine, turn, items: [...items.values()].slice(-20), requests: open, queue },
    null,
  );
  return why.from === 'person' || why.from === 'nobody' ? null : why.what;
}
