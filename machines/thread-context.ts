/** What a thread starts from, and what it gives its children. */
import type { ConnectionInput } from './connection.machine.ts';
import type { ThreadContext } from './domain/context.ts';
import type { ThreadInputOf } from './domain/input.ts';
import { RESUME } from './domain/opening.ts';
import { connectionIdIn, onlineOf, openingModelOf, settingsFor } from './thread-turns.ts';
import type { TurnInput } from './turn-context.ts';

export type ThreadStart = Pick<ThreadInputOf<'thread.create'>, 'threadId' | 'settings' | 'capabilities'> &
  Partial<Pick<ThreadInputOf<'thread.create'>, 'lineage' | 'opening' | 'worktree'>>;

/** Nothing stands behind the thread. */
export const NO_LINK = { phase: 'none', closing: null, end: null, folds: false } as const;

export const contextOf = ({
  threadId,
  settings,
  capabilities,
  lineage = null,
  opening = RESUME,
  worktree,
}: ThreadStart): ThreadContext => ({
  threadId,
  settings,
  capabilities,
  archived: false,
  lastError: null,
  activeTurn: null,
  sideTurns: [],
  queue: { status: 'flowing', reason: null, entries: [] },
  retryable: null,
  link: NO_LINK,
  connectionCount: 0,
  session: null,
  opening,
  transfers: [],
  otherSessions: {},
  captures: [],
  capturedTurnId: null,
  rollback: null,
  tasks: [],
  switching: null,
  adoption: null,
  lineage,
  mergedTurnOrdinal: lineage?.turnOrdinal ?? 0,
  turnCount: lineage?.turnOrdinal ?? 0,
  itemCount: lineage?.itemOrdinal ?? 0,
  ...(worktree && { worktree: { request: worktree, status: 'asked', attempt: 0 } }),
});

export function connectionInputOf(context: ThreadContext): ConnectionInput {
  const { threadId, settings } = context;
  return {
    threadId,
    instanceId: settings.instanceId,
    connectionId: connectionIdIn(context),
    ...(context.link.phase === 'open' && { isCarried: true }),
    settings: { ...settings, model: openingModelOf(context) },
    ...beginningOf(context),
  };
}

/** What the conversation begins with. */
function beginningOf({
  session,
  opening,
}: ThreadContext): Pick<ConnectionInput, 'resume' | 'fork' | 'rollback'> {
  if (opening.type === 'fork') return { resume: null, fork: opening.fork, rollback: null };
  // what was never confirmed may be unknown to the provider
  const resume = session?.state === 'confirmed' ? session.nativeThreadId : null;
  const isBack = resume !== null && opening.type === 'rollback';
  return { resume, fork: null, rollback: isBack ? opening.rollback : null };
}

export function turnInputOf(context: ThreadContext): TurnInput {
  const { threadId, settings, activeTurn } = context;
  if (activeTurn === null) throw new Error('a turn actor needs a turn');
  const { deliveryMode: _, ...turn } = activeTurn;
  return {
    ...turn,
    threadId,
    instanceId: settings.instanceId,
    settings: settingsFor(context),
    online: onlineOf(context),
  };
}
