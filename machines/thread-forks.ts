/** How a thread lets another one branch off, and brings back what it has done itself. */
import type { Move } from './act.ts';
import type { ThreadContext } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import type { ThreadInputOf } from './domain/input.ts';

type ThreadMove = Move<ThreadContext, never>;

/** The new thread is made in the same transaction. */
export function branchOff({ create, transfer: plan }: ThreadInputOf<'thread.fork'>): ThreadMove {
  const { threadId, lineage } = create;
  const offer: Effect[] =
    plan === null ? [] : [{ type: 'tellThread', threadId, input: { type: 'transfer.offered', plan } }];
  return {
    facts: [{ type: 'thread.forked', childId: threadId, turnId: lineage?.turnId ?? null }],
    effects: [{ type: 'tellThread', threadId, input: create }, ...offer],
  };
}

/** What its parent does not have yet; one that still waits there is superseded by more. */
export function bringBack(
  { threadId: source, mergedTurnOrdinal: after }: ThreadContext,
  { into, until }: ThreadInputOf<'thread.mergeBack'>,
): ThreadMove {
  const plan = { kind: 'merge-back', source, after, until } as const;
  return {
    set: { mergedTurnOrdinal: until },
    facts: [{ type: 'thread.mergedBack', into, after, until }],
    effects: [{ type: 'tellThread', threadId: into, input: { type: 'transfer.offered', plan } }],
  };
}
