/** Which of several reasons to close a connection counts. */
import type { Move } from './act.ts';
import type { CloseReason, Link, ThreadContext } from './domain/context.ts';

type Context = ThreadContext;

const CLOSE_REASONS: readonly (CloseReason | null)[] = [
  null,
  'idle',
  'settings',
  'archive',
  'suspect',
  'rollback',
  'switch',
  'stop',
  'delete',
];

/** A stop or a delete overrides a close for a lesser reason that is already under way, and never the other way round. */
export function close(link: Link, why: CloseReason, force: boolean): Move<Context, never> {
  const isMore = CLOSE_REASONS.indexOf(why) > CLOSE_REASONS.indexOf(link.closing);
  const set = { link: { ...link, closing: isMore ? why : link.closing } };
  // a thread that ends its turn may have no connection left
  return link.phase === 'none' ? { set } : { set, toConnection: { type: '$close', why, force } };
}
