/** How the working tree of a thread is asked for, and what comes of it, as data. */
import { actOf, type Move } from './act.ts';
import type { ThreadContext } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import { failure, type Failure } from './domain/error.ts';
import { DEADLINES_MS, type ArmTimer } from './domain/timer.ts';
import type { ThreadInputOf as Of } from './domain/input.ts';
import type { MadeWorktree, Worktree } from './domain/worktree.ts';
import type { ThreadEvent } from './thread-events.ts';
import { withNotice } from './thread-notices.ts';
import * as queue from './thread-queue.ts';

type ThreadMove = Move<ThreadContext, never>;

const TIMER = 'worktree.timedOut';
const STOPPED = failure('WORKTREE_FAILED', 'the making of the working tree was stopped');
const TIMED_OUT = failure('WORKTREE_TIMED_OUT', '');

export const isUnprepared = ({ worktree }: ThreadContext): boolean =>
  worktree !== undefined && worktree.status !== 'ready';

/** Begins, or begins again: what an earlier try has left is used or cleared away. */
function prepare(context: ThreadContext): ThreadMove {
  const { threadId, settings, worktree } = context;
  if (worktree === undefined) return {};
  const { request } = worktree;
  const attempt = worktree.attempt + 1;
  const { cwd, instanceId } = settings;
  return {
    set: { worktree: { request, status: 'making', attempt } },
    facts: [{ type: 'worktree.preparing', request }],
    effects: [{ type: 'worktree.prepare', threadId, instanceId, attempt, cwd, request }],
    arm: timerOf(attempt),
  };
}

function noteMade(context: ThreadContext, { root, cwd, branch, source }: MadeWorktree): ThreadMove {
  const { settings, worktree } = context;
  if (worktree === undefined) return {};
  return {
    set: {
      worktree: { ...worktree, status: 'ready' },
      settings: { ...settings, cwd },
      lastError: null,
    },
    facts: [{ type: 'worktree.ready', made: { root, cwd, branch, source } }],
    cancel: { name: TIMER },
  };
}

/** What waits is held, until a person tries again with it. */
function noteUnmade(context: ThreadContext, cause: Failure): ThreadMove {
  const held = queue.held(context.queue, 'failed');
  const { set, facts = [], ...move } = abandon(context, cause);
  const after = { ...set, lastError: cause, queue: queue.foldQueue(context.queue, held) };
  const failed = { ...move, set: after, facts: [...facts, ...held] };
  return withNotice(context, failed, { topic: 'worktree.failed', text: cause.message });
}

const giveUp = (context: ThreadContext): ThreadMove => noteUnmade(context, TIMED_OUT);

const stop = (context: ThreadContext): ThreadMove => abandon(context, STOPPED);

/** With the thread; what would be lost with it is kept. */
export function removeWorktree({ threadId, worktree }: ThreadContext): readonly Effect[] {
  return worktree === undefined ? [] : [{ type: 'worktree.remove', threadId }];
}

function abandon({ threadId, worktree }: ThreadContext, cause: Failure): ThreadMove {
  if (worktree === undefined) return {};
  const failed: Worktree = { ...worktree, status: 'failed' };
  return {
    set: { worktree: failed },
    facts: [{ type: 'worktree.failed', failure: cause }],
    effects: [{ type: 'worktree.end', threadId }],
    cancel: { name: TIMER },
  };
}

const timerOf = (attempt: number): ArmTimer => ({
  name: TIMER,
  owner: 'worktree',
  afterMs: DEADLINES_MS.worktree,
  idle: false,
  fires: { type: TIMER, attempt },
});

const act = actOf<ThreadContext, ThreadEvent>();

export const worktreeMoves = {
  prepare: act((context) => prepare(context)),
  noteMade: act((context, made: Of<'worktree.made'>) => noteMade(context, made)),
  noteUnmade: act((context, { failure: cause }: Of<'worktree.failed'>) => noteUnmade(context, cause)),
  giveUpPreparing: act((context) => giveUp(context)),
  stopPreparing: act((context) => stop(context)),
};
