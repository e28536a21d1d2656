/** A provider that forks conversations only as they are now, asked for one that has gone on since. */
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import { failure } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { ProviderInput } from '../../machines/domain/input.ts';
import type { LoadedThread } from './loaded-thread.ts';

/** What becomes of it: what was said up to the turn is carried instead. `null`: it can be performed. */
export function refusalOfLateFork(
  effect: ProviderEffect,
  thread: (threadId: ThreadId) => LoadedThread | null,
): { readonly threadId: ThreadId; readonly input: ProviderInput } | null {
  if (effect.type !== 'connection.open' || effect.fork?.nativeTurnId !== null) return null;
  const { threadId, connectionId } = effect;
  const opening = thread(threadId)?.context.opening;
  if (opening?.type !== 'fork') return null;
  const source = thread(opening.threadId)?.context;
  if (source === undefined || source.turnCount === opening.turnOrdinal) return null;
  const cause = failure(
    'RESUME_FAILED',
    'the other conversation has gone on, and only all of it can be had',
    {
      class: 'provider',
    },
  );
  return { threadId, input: { type: 'connection.openFailed', connectionId, failure: cause } };
}
