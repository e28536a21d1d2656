/** What a thread asks before it moves. Pure; each guard takes the event as its params. */
import {
  isUnreachable,
  SIDE_TURN_LIMIT,
  type ConnectionEnd,
  type ThreadContext,
  type TurnOutput,
} from './domain/context.ts';
import type { SubmitMode } from './domain/command.ts';
import type { Failure } from './domain/error.ts';
import type { TurnId } from './domain/ids.ts';
import type { Owner } from './domain/request.ts';
import { QUEUE_LIMIT, type Prompt, type Usage } from './domain/turn.ts';
import { askedIn, type Named as Capture } from './thread-checkpoints.ts';
import { canDelegate, hasResults, isUnderWay } from './thread-tasks.ts';
import { connectionIdIn, needsReopening } from './thread-turns.ts';
import { isUnprepared } from './thread-worktree.ts';

interface Of {
  readonly context: ThreadContext;
}
interface Named {
  readonly connectionId: string;
}
interface NamesTurn {
  readonly turnId: TurnId | null;
}
interface Began extends Named, NamesTurn {
  readonly isNew: boolean;
}
interface Submit {
  readonly mode: SubmitMode;
  readonly prompt: Prompt;
}
interface Entry {
  readonly queueEntryId: TurnId;
}
interface Done {
  readonly output: ConnectionEnd;
}
interface TurnDone {
  readonly output: TurnOutput;
}

const isMine = ({ context }: Of, { connectionId }: Named): boolean =>
  connectionId === connectionIdIn(context);
/** Asked to close, though its actor may not have said so yet. */
const isClosing = ({ context: { link } }: Of): boolean => link.phase !== 'none' && link.closing !== null;
const isFolding = ({ context: { link } }: Of): boolean => link.folds;
const hasRoom = ({ context }: Of): boolean => context.queue.entries.length < QUEUE_LIMIT;
const canFlow = ({ context: { queue } }: Of): boolean =>
  queue.status === 'flowing' && queue.entries.length > 0;
const isHeld = ({ context: { queue } }: Of): boolean => queue.status === 'held' && queue.entries.length > 0;
const hasEntry = ({ context }: Of, id: TurnId): boolean =>
  context.queue.entries.some((entry) => entry.turnId === id);
const canRetry = ({ context }: Of): boolean => context.retryable !== null && !context.archived;
const isGone = ({ context }: Of): boolean => context.link.end !== null;
/** The connection is not the one that the prompt can have, or there is no working tree for one. */
const needsOther = (of: Of, prompt: Prompt): boolean =>
  isClosing(of) || isFolding(of) || isUnprepared(of.context) || needsReopening(of.context, prompt);
const nextNeedsReopening = ({ context }: Of): boolean => {
  const [next] = context.queue.entries;
  return next !== undefined && needsReopening(context, next);
};
const canDrain = (of: Of): boolean => canFlow(of) && !of.context.archived && !isClosing(of) && !isFolding(of);
const hasStopped = ({ link }: ThreadContext, end: ConnectionEnd | null): boolean =>
  end?.how === 'restarted' || (end?.how === 'closed' && link.closing === 'stop');

interface Rolling {
  readonly rollbackId: string;
}
interface Ended extends Rolling {
  readonly failure: Failure | null;
}
const isOfRollback = ({ context }: Of, { rollbackId }: Rolling): boolean =>
  context.rollback?.rollbackId === rollbackId;

export const threadGuards = {
  isMine,
  isGone,
  /** An opening that says nothing new comes late. */
  isOtherConversation: ({ context: { link, session } }: Of, opened: { readonly nativeThreadId: string }) =>
    link.phase !== 'open' || opened.nativeThreadId !== session?.nativeThreadId,
  isOfLiveLink: (of: Of, event: Named) => isMine(of, event) && of.context.link.phase !== 'none',
  /** Of the provider that the sub-agent belongs to. */
  isSubagent: (of: Of, event: Named & { readonly instanceId: string }) => {
    const { lineage, link, settings } = of.context;
    const isNew = link.phase === 'none' || !isMine(of, event);
    return isNew && lineage?.kind === 'subagent' && settings.instanceId === event.instanceId;
  },
  hasAdoption: ({ context }: Of) => context.adoption !== null,
  isActive: ({ context }: Of, { turnId }: NamesTurn) =>
    turnId !== null && turnId === context.activeTurn?.turnId,
  isActiveOrAny: ({ context }: Of, { turnId }: NamesTurn) =>
    turnId === null || turnId === context.activeTurn?.turnId,
  isNone: (_: Of, { turnId }: NamesTurn) => turnId === null,
  isSide: (of: Of, event: Named & NamesTurn) =>
    isMine(of, event) && of.context.sideTurns.some((side) => side.turnId === event.turnId),
  isNew: (of: Of, event: Began) =>
    event.isNew && isMine(of, event) && of.context.link.phase === 'open' && !isClosing(of),
  isNewBeside: (of: Of, event: Began) =>
    event.isNew && isMine(of, event) && !isGone(of) && of.context.sideTurns.length < SIDE_TURN_LIMIT,
  namesSideTurn: (of: Of, event: Named & NamesTurn & { readonly nativeTurnId: string | null }) =>
    isMine(of, event) &&
    event.turnId === of.context.activeTurn?.turnId &&
    event.nativeTurnId !== null &&
    of.context.sideTurns.some((side) => side.nativeTurnId === event.nativeTurnId),
  isStaying: (of: Of) => !isClosing(of) && !isUnreachable(of.context),
  hasSideTurn: (of: Of) =>
    of.context.sideTurns.length > 0 && of.context.link.phase === 'open' && !isClosing(of),
  /** A provider that has counted nothing yet says so, too. */
  isMyUsage: (of: Of, event: Named & { readonly usage: Usage }) =>
    isMine(of, event) && event.usage.contextTokens + event.usage.inputTokens + event.usage.outputTokens > 0,
  isFirst: (_: Of, { isFirst }: { readonly isFirst: boolean }) => isFirst,
  isOfTurn: (_: Of, { owner }: { readonly owner: Owner }) => owner === 'turn',
  isOfConnection: (_: Of, { owner }: { readonly owner: Owner }) => owner !== 'turn',

  // a prompt
  /** Now, in a settled thread; a queued prompt does not overtake others that are held. */
  canBegin: (of: Of, { mode, prompt }: Submit) =>
    !of.context.archived &&
    !needsOther(of, prompt) &&
    (mode === 'start' || (mode === 'queue' && of.context.queue.entries.length === 0)),
  canWait: (of: Of, { mode }: Submit) => !of.context.archived && mode === 'queue' && hasRoom(of),
  /** A start that has to wait: for the next connection, for work in the background, or for the working tree. */
  canBeNext: (of: Of, { mode, prompt }: Submit) =>
    !of.context.archived && mode === 'start' && needsOther(of, prompt) && hasRoom(of),
  isQueue: (of: Of, { mode }: Submit) => mode === 'queue' && hasRoom(of),
  isSteer: (_: Of, { mode }: Submit) => mode === 'steer',
  isRestart: (of: Of, { mode }: Submit) => mode === 'restart' && hasRoom(of),
  canRetry,
  canRetryNext: (of: Of) => {
    const { retryable } = of.context;
    return retryable !== null && canRetry(of) && needsOther(of, retryable) && hasRoom(of);
  },

  // files of the workspace
  isAsked: ({ context }: Of, named: Capture) => askedIn(context, named) !== undefined,
  hasCaptures: ({ context }: Of) => context.captures.length > 0,
  hasErrands: ({ context }: Of) => context.captures.length > 0 || context.rollback !== null,
  canRollBack: ({ context }: Of) =>
    context.rollback === null && context.switching === null && !context.archived,
  isRollingBack: ({ context }: Of) => context.rollback !== null && context.link.closing !== 'delete',
  isOfRollback,
  isGoodRollback: (of: Of, end: Ended) => isOfRollback(of, end) && end.failure === null,
  isStoppedRollback: (of: Of, end: Ended) =>
    isOfRollback(of, end) && end.failure === null && of.context.link.closing === 'stop',
  canBeHeld: (of: Of, { mode }: Submit) =>
    !of.context.archived && (mode === 'start' || mode === 'queue') && hasRoom(of),
  // the working tree
  /** At the thread's creation, and when a prompt waits for it again. */
  mustPrepare: (of: Of) =>
    isUnprepared(of.context) && (of.context.worktree?.status === 'asked' || canDrain(of)),
  isPrepared: (of: Of) => !isUnprepared(of.context),
  isOfThisTry: ({ context }: Of, { attempt }: { readonly attempt: number }) =>
    attempt === context.worktree?.attempt,

  // the queue
  canDrain: (of: Of) => canDrain(of) && !nextNeedsReopening(of),
  mustReopen: (of: Of) => canDrain(of) && nextNeedsReopening(of),
  mustWait: (of: Of) => canFlow(of) && isFolding(of),
  hasEntry: (of: Of, { queueEntryId }: Entry) => hasEntry(of, queueEntryId),
  hasBoth: (of: Of, { queueEntryId, before }: Entry & { readonly before: TurnId | null }) =>
    hasEntry(of, queueEntryId) && (before === null || hasEntry(of, before)),
  canRelease: (of: Of) => isHeld(of) && !of.context.archived,
  hasNothingHeld: (of: Of) => !isHeld(of),
  isArchived: ({ context }: Of) => context.archived,
  isNotArchived: ({ context }: Of) => !context.archived,

  hasNews: ({ context }: Of, { until }: { readonly until: number }) => until > context.mergedTurnOrdinal,

  // what other threads do for this one
  canDelegate: ({ context }: Of) => canDelegate(context),
  isUnderWay: ({ context }: Of, task: Parameters<typeof isUnderWay>[1]) => isUnderWay(context, task),
  hasResults: ({ context }: Of) => hasResults(context),

  // what is carried
  isMissing: ({ context }: Of, { transferId }: { readonly transferId: string }) =>
    context.transfers.some((each) => each.transferId === transferId && each.status !== 'ready'),
  isBuilding: ({ context }: Of) => context.transfers.some(({ status }) => status === 'building'),
  hasSwitch: ({ context }: Of) => context.switching !== null,

  // ends of the connection without a turn
  isToBeDeleted: ({ context }: Of) => context.link.closing === 'delete',
  isStopped: ({ context }: Of, { output }: Done) => hasStopped(context, output),
  isQuiet: ({ context }: Of, { output }: Done) =>
    output.how === 'closed' && context.link.closing !== 'stop' && context.rollback === null,

  // ends of the turn
  isGoneToStop: ({ context }: Of) => hasStopped(context, context.link.end),
  isCutOff: (of: Of, { output }: TurnDone) => isGone(of) && output.end.outcome === 'interrupted',
  /** A sub-agent whose last turn is done, and what carried it let go of it before that was complete. */
  isLetGo: ({ context: { link } }: Of, { output }: TurnDone) =>
    link.carried !== undefined && link.end?.how === 'closed' && output.end.outcome === 'completed',
  isInterrupted: (_: Of, { output }: TurnDone) => output.end.outcome === 'interrupted',
  isFailed: (_: Of, { output }: TurnDone) =>
    output.end.outcome === 'failed' || output.end.outcome === 'unknown',
};
