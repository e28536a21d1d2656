/** Items that the thread itself adds to its transcript. */
import type { Move } from './act.ts';
import type { ThreadContext } from './domain/context.ts';
import type { Item } from './domain/item.ts';

type ThreadMove = Move<ThreadContext, never>;
/** It is of the first attempt, and complete at once. */
type Added = (ordinal: number) => Pick<Item, 'itemId' | 'turnId' | 'body' | 'text'>;

/** The same move, which also makes the item the next one of the thread. */
export function withNextItem({ itemCount }: ThreadContext, move: ThreadMove, added: Added): ThreadMove {
  const ordinal = itemCount + 1;
  const { itemId, turnId, body, text } = added(ordinal);
  const item: Item = { itemId, ordinal, turnId, attempt: 1, body, text, status: 'completed' };
  return {
    ...move,
    set: { ...move.set, itemCount: ordinal },
    facts: [...(move.facts ?? []), { type: 'item.completed', item }],
  };
}
