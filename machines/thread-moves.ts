/** What a thread changes, says and asks for. */
import { actOf, type Move } from './act.ts';
import type { CloseReason, ConnectionEnd, Link, ThreadContext, TurnOutput } from './domain/context.ts';
import { failure } from './domain/error.ts';
import type { Fact } from './domain/fact.ts';
import type { ItemId } from './domain/ids.ts';
import type { ThreadInputOf as Of } from './domain/input.ts';
import { RESUME } from './domain/opening.ts';
import type { Settings } from './domain/settings.ts';
import type { LinkSignal, ProgressSignal } from './domain/signal.ts';
import type { Prompt, Queue } from './domain/turn.ts';
import type { ThreadEvent } from './thread-events.ts';
import * as agents from './thread-agents.ts';
import { workspaceMoves } from './thread-workspace.ts';
import * as checkpoints from './thread-checkpoints.ts';
import { close } from './thread-closing.ts';
import { withNotice } from './thread-notices.ts';
import * as forks from './thread-forks.ts';
import * as queue from './thread-queue.ts';
import { next, onQueue, queueMoves } from './thread-queue-moves.ts';
import * as tasks from './thread-tasks.ts';
import { transcriptMoves } from './thread-transcript.ts';
import * as transfers from './thread-transfers.ts';
import * as turns from './thread-turns.ts';
import { removeWorktree, worktreeMoves } from './thread-worktree.ts';

type Context = ThreadContext;
const act = actOf<Context, ThreadEvent>();
const DELAYED =
  'the configuration of the provider has changed: the prompt waits until the turns that run on it have ended';
const NO_LINK = { phase: 'none', closing: null, end: null, folds: false } as const;

export const threadMoves = {
  sayCreated: act(({ threadId, settings, lineage }) => ({
    facts: [{ type: 'thread.created', threadId, settings, ...(lineage && { lineage }) }],
  })),
  fork: act((_, event: Of<'thread.fork'>) => forks.branchOff(event)),
  mergeBack: act((context, event: Of<'thread.mergeBack'>) => forks.bringBack(context, event)),
  noteOffer: act((context, { plan }: Of<'transfer.offered'>) => transfers.noteOffer(context, plan)),
  setTitle: act(({ settings }, { title }: Of<'thread.setTitle'>) =>
    change(settings, { title }, { type: 'thread.titleSet', title }),
  ),
  setModel: act(({ settings }, { model, options }: Of<'thread.setModel'>) =>
    change(settings, { model, options }, { type: 'thread.modelSet', model, options }),
  ),
  setRuntimeMode: act(({ settings }, { runtimeMode, policy }: Of<'thread.setRuntimeMode'>) =>
    change(settings, { runtimeMode, policy }, { type: 'thread.runtimeModeSet', runtimeMode, policy }),
  ),
  setInteractionMode: act(({ settings }, { interactionMode }: Of<'thread.setInteractionMode'>) =>
    change(settings, { interactionMode }, { type: 'thread.interactionModeSet', interactionMode }),
  ),
  setDeliveryMode: act(({ settings }, { deliveryMode }: Of<'thread.setDeliveryMode'>) =>
    change(settings, { deliveryMode }, { type: 'thread.deliveryModeSet', deliveryMode }),
  ),
  sayClockJumped: act((_, { byMs }: Of<'runtime.clockJumped'>) => ({
    facts: [{ type: 'clock.jumped', byMs }],
  })),
  sayWarned: act((context, { topic, text }: Of<'runtime.warned'>) =>
    withNotice(context, {}, { topic, text, tone: 'info' }),
  ),
  sayNoEffect: act((_, { type }: { type: string }) => ({ facts: [noEffect(type)] })),
  archive: act((context) => {
    const facts = queue.held(context.queue, 'archived');
    const after = queue.foldQueue(context.queue, facts);
    return { set: { archived: true, queue: after }, facts: [{ type: 'thread.archived' }, ...facts] };
  }),
  unarchive: act(() => ({ set: { archived: false }, facts: [{ type: 'thread.unarchived' }] })),
  sayDeleting: act(() => ({ facts: [{ type: 'thread.deleting' }] })),
  sayDeleted: act((context) => ({
    effects: [...removeWorktree(context), ...tasks.cancelled(context, context.queue.entries)],
    set: { transfers: [], captures: [], rollback: null, tasks: [] },
    facts: [{ type: 'thread.deleted' }],
    cancel: { owner: 'thread' },
  })),
  clearError: act(() => ({ set: { lastError: null } })),

  ...queueMoves,
  ...worktreeMoves,
  ...tasks.taskMoves,

  // the connection
  bind: act((context) => {
    // nothing is opened where another thread's connection carries this one
    if (context.link.phase === 'open') return {};
    return agents.withOwnStory(context, {
      set: {
        connectionCount: context.connectionCount + 1,
        link: { ...NO_LINK, phase: 'opening', model: turns.openingModelOf(context) },
      },
    });
  }),
  ...agents.agentMoves,
  noteOpened: act((context, { nativeThreadId, capabilities }: Extract<LinkSignal, { type: '$opened' }>) => ({
    set: {
      link: again(context.link),
      capabilities,
      // a fork that has taken no prompt may be forgotten: the next connection forks again
      opening: context.opening.type === 'fork' ? context.opening : RESUME,
      session:
        context.session?.nativeThreadId === nativeThreadId
          ? context.session
          : { nativeThreadId, state: 'provisional' },
    },
  })),
  /** What is not there cannot be resumed: the next connection begins anew. */
  forgetSession: act((context, { forgotten }: Of<'provider.turnLookedUp'>) => {
    if (forgotten !== true || context.session === null) return {};
    const { nativeThreadId } = context.session;
    const cause = failure('RESUME_FAILED', 'the provider has kept nothing of the conversation');
    return transfers.withForgotten(context, {
      set: { session: null },
      facts: [{ type: 'connection.sessionForgotten', nativeThreadId, failure: cause }],
    });
  }),
  tellOnline: act((context) => {
    const online = turns.onlineOf(context);
    if (online !== null) return { toTurn: { type: '$online', ...online } };
    return transfers.isHeldUp(context) ? { toTurn: { type: '$held' } } : {};
  }),

  // what is carried
  fallBack: act((context, { failure: cause }: Extract<LinkSignal, { type: '$forgotten' }>) =>
    transfers.fallBack(context, cause),
  ),
  askAgain: act((context) => ({ effects: transfers.buildsOf(context) })),
  askForTransfers: act((context) => transfers.ask(context)),
  /** The turn that begins on an open connection waits for it from the first. */
  boundHandOver: act((context) =>
    transfers.isHeldUp(context) && context.activeTurn !== null
      ? { arm: transfers.handOverTimer(context.activeTurn.turnId) }
      : {},
  ),
  noteBuilt: act((context, event: Of<'transfer.built'>) => transfers.noteBuilt(context, event)),
  noteFailed: act((context, event: Of<'transfer.failed'>) => transfers.noteFailed(context, event)),
  giveUpTransfers: act((context) => transfers.giveUp(context)),
  consumeTransfers: act((context, { transfers: given }: { transfers: readonly ItemId[] }) =>
    context.activeTurn === null ? {} : transfers.consume(context, context.activeTurn.turnId, given),
  ),
  /** To where it is already there is nothing to do. */
  noteSwitch: act(
    (context, { type, instanceId, model, options, capabilities }: Of<'thread.switchProvider'>) =>
      context.switching === null && context.settings.instanceId === instanceId
        ? { facts: [noEffect(type)] }
        : { set: { switching: { instanceId, model, options, capabilities } } },
  ),
  switchProvider: act((context) => transfers.switched(context)),

  noteClosing: act(({ link }, { why }: { why: CloseReason }) => ({
    set: { link: { ...link, phase: 'closing', closing: link.closing ?? why } },
  })),
  noteKept: act((context, { failure: cause }: Extract<LinkSignal, { type: '$kept' }>) => {
    const topic = context.link.closing === 'stop' ? 'stop.failed' : 'close.failed';
    const set = { link: again(context.link), lastError: cause };
    return withNotice(context, { set }, { topic, text: cause.message });
  }),
  /** What waited for it goes on; what is held for another reason stays so. */
  noteFolding: act((context, { folds }: Of<'provider.foldingChanged'>) => {
    const set = { link: { ...context.link, folds } };
    if (folds || context.queue.reason !== 'background') return { set };
    const move = onQueue(context, queue.released(context.queue));
    return { ...move, set: { ...move.set, ...set } };
  }),
  sayDelayed: act((context) =>
    withNotice(context, {}, { topic: 'instance.renewing', text: DELAYED, tone: 'info' }),
  ),
  closeToStop: act(({ link }) =>
    link.closing === 'stop' ? { facts: [noEffect('thread.stop')] } : close(link, 'stop', false),
  ),
  closeToSwitch: act(({ link, switching }) => (switching === null ? {} : close(link, 'switch', true))),
  closeToArchive: act(({ link }) => (link.closing === null ? close(link, 'archive', false) : {})),
  closeToReopen: act(({ link }) => close(link, 'settings', true)),
  /** A provider that did not answer may still be at work: that connection is never used again. */
  distrust: act(({ link }, { output }: { output: TurnOutput }) =>
    output.suspect ? close(link, 'suspect', true) : {},
  ),
  restartConnection: act(() => ({ toConnection: { type: '$restarted' } })),
  /** The connection has ended and no turn is there to be told. */
  noteGone: act((context, { output }: { output: ConnectionEnd }) => {
    const notice = { topic: 'connection.lost', text: output.failure.message };
    return withNotice(context, gone(context, output), output.how === 'lost' ? notice : null);
  }),
  /** The connection has ended under a turn, which is told first. */
  noteLostTurn: act((context, { output }: { output: ConnectionEnd }) => ({
    ...gone(context, output),
    toTurn: { type: '$lost', ...output },
  })),
  loseAgain: act(() => ({
    toTurn: { type: '$lost', how: 'restarted', failure: failure('SERVER_RESTARTED', '') },
  })),
  holdForRestart: act((context) => onQueue(context, queue.held(context.queue, 'restarted'))),

  // turns
  begin: act((context, { prompt }: { prompt: Prompt }) => turns.beginByUser(context, prompt)),
  beginQueued: act((context) => {
    const [entry] = context.queue.entries;
    if (entry === undefined) return {};
    const facts = [queue.removed(entry.turnId, 'started')];
    const begun = turns.beginTurn(context, turns.promptOf(entry));
    return {
      ...begun,
      set: { ...begun.set, queue: queue.foldQueue(context.queue, facts) },
      facts: [...facts, ...(begun.facts ?? [])],
    };
  }),
  retry: act((context, { turnId }: Of<'turn.retry'>) =>
    context.retryable === null ? {} : turns.beginByUser(context, { ...context.retryable, turnId }),
  ),
  retryNext: act((context, { turnId }: Of<'turn.retry'>) =>
    context.retryable === null ? {} : next(context, { ...context.retryable, turnId }),
  ),
  compact: act((context, { turnId }: Of<'thread.compact'>) => turns.beginCompaction(context, turnId)),
  beginOfProvider: act((context, { turnId, nativeTurnId }: Of<'provider.turnStarted'>) => {
    if (turnId === null) return {};
    const activeTurn = turns.activeOfProvider(context, { turnId, nativeTurnId });
    const begun = {
      set: { turnCount: context.turnCount + 1, activeTurn },
      facts: [turns.providerTurn(context, { turnId, nativeTurnId }, false)],
    };
    // what a sub-agent changes is part of what the turn of its parent does
    return context.link.carried ? begun : checkpoints.withBefore(context, begun, turnId);
  }),
  beginSideTurn: act((context, { turnId, nativeTurnId }: Of<'provider.turnStarted'>) => {
    if (turnId === null) return {};
    const sideTurn = { turnId, nativeTurnId };
    return {
      set: { turnCount: context.turnCount + 1, sideTurns: [...context.sideTurns, sideTurn] },
      facts: [turns.providerTurn(context, sideTurn, true)],
    };
  }),
  pauseStart: act(({ sideTurns }) => (sideTurns.length > 0 ? { toTurn: { type: '$pauseStart' } } : {})),
  resumeStart: act(({ sideTurns }) => (sideTurns.length > 0 ? {} : { toTurn: { type: '$resumeStart' } })),
  endSideTurn: act((context, event: Of<'provider.turnEnded'>) => ({
    set: { sideTurns: context.sideTurns.filter((side) => side.turnId !== event.turnId) },
    facts: event.turnId === null ? [] : [turns.sideTurnEnd(event.turnId, event.outcome, event.failure)],
  })),
  endSideTurns: act((context) => ({
    set: { sideTurns: [] },
    facts: context.sideTurns.map(({ turnId }) => turns.sideTurnEnd(turnId, 'interrupted', null)),
  })),
  adoptSideTurn: act((context) => {
    const [first, ...rest] = context.sideTurns;
    if (first === undefined) return {};
    return {
      set: { activeTurn: turns.activeOfProvider(context, first), sideTurns: rest },
      facts: [{ type: 'turn.promoted', turnId: first.turnId }],
    };
  }),
  absorb: act(({ sideTurns }, { nativeTurnId }: Of<'provider.turnAccepted'>) => {
    const into = sideTurns.find((side) => side.nativeTurnId === nativeTurnId)?.turnId;
    return into === undefined ? {} : { toTurn: { type: '$absorbed', into } };
  }),
  confirmSession: act(({ session }) => ({
    // until then the provider may forget it, and the next connection has to begin it again
    set: { session: session === null ? null : { ...session, state: 'confirmed' }, opening: RESUME },
  })),
  /** Once: what the turn was begun with does not name the plan any more. */
  tellOfPlan: act((context) => {
    const { activeTurn } = context;
    if (activeTurn?.prompt?.sourcePlan === undefined) return {};
    const { sourcePlan: _, ...prompt } = activeTurn.prompt;
    return {
      set: { activeTurn: { ...activeTurn, prompt } },
      effects: turns.plansOf(context, activeTurn.turnId, [activeTurn.prompt]),
    };
  }),
  sayImplemented: act((_, { itemId, by: { threadId, turnId } }: Of<'plan.implemented'>) => ({
    facts: [{ type: 'plan.implemented', itemId, threadId, turnId }],
  })),
  interruptTurn: act(() => ({ toTurn: { type: '$interrupt', reason: 'user' } })),
  stopTurn: act(() => ({ toTurn: { type: '$interrupt', reason: 'stopped' } })),
  restartTurn: act(() => ({ toTurn: { type: '$interrupt', reason: 'restart' } })),
  steerTurn: act((_, { prompt }: { prompt: Prompt }) => ({ toTurn: { type: '$steer', steer: prompt } })),
  recordSteer: act((context, { turnId, steer, status }: Extract<ProgressSignal, { type: '$steered' }>) =>
    turns.recordSteers(context, { turnId, steers: [steer], status }),
  ),
  recordSteers: act((context, { turnId, steers }: Extract<ProgressSignal, { type: '$reattempted' }>) =>
    turns.recordSteers(context, { turnId, steers, status: 'completed' }),
  ),
  returnSteer: act((context, event: Extract<ProgressSignal, { type: '$unsteered' }>) => {
    const { steer, failure: cause } = event;
    const back = onQueue(context, queue.returned(context.queue, [steer], cause));
    return withNotice(context, back, { topic: 'steer.failed', text: cause.message });
  }),
  leaveRequests: act((_, { requests }: Extract<ProgressSignal, { type: '$left' }>) => ({
    toConnection: { type: '$adopt', requests },
  })),
  endTurn: act((context, { output }: { output: TurnOutput }) => turns.endTurn(context, output)),

  ...workspaceMoves,

  ...transcriptMoves,
};

const noEffect = (command: string): Fact => ({ type: 'command.noEffect', command });

const change = (settings: Settings, changed: Partial<Settings>, fact: Fact): Move<Context, never> => ({
  set: { settings: { ...settings, ...changed } },
  facts: [fact],
});

/** It is open, and nobody wants it closed. */
const again = (link: Link): Link => ({ ...link, phase: 'open', closing: null, end: null });

/** What every end of a connection means: side turns end with it, and a forgotten session is not asked for again. */
function gone(context: Context, end: ConnectionEnd): Move<Context, never> {
  const connectionId = turns.connectionIdIn(context);
  const { session } = context;
  const isForgotten = session !== null && (end.failure.code === 'RESUME_FAILED' || end.forgotten === true);
  const said: Fact =
    end.how === 'lost'
      ? { type: 'connection.lost', connectionId, failure: end.failure }
      : { type: 'connection.closed', connectionId };
  const { nativeThreadId } = session ?? { nativeThreadId: '' };
  const unheld = withoutBackground(context.queue, end);
  const move: Move<Context, never> = {
    set: {
      ...agents.afterCarried(context),
      link: { ...NO_LINK, ...agents.lastCarried(context), closing: context.link.closing, end },
      queue: queue.foldQueue(context.queue, unheld),
      session: isForgotten ? null : session,
      sideTurns: [],
      lastError: end.how === 'lost' ? end.failure : context.lastError,
    },
    facts: [
      ...context.sideTurns.map(({ turnId }) => turns.lostSideTurn(turnId, end)),
      said,
      ...(isForgotten
        ? [{ type: 'connection.sessionForgotten' as const, nativeThreadId, failure: end.failure }]
        : []),
      ...unheld,
    ],
  };
  return isForgotten ? transfers.withForgotten(context, move) : move;
}

/** What waited for background work does not any more: that has ended with the connection. */
function withoutBackground(waiting: Queue, { how }: ConnectionEnd): readonly Fact[] {
  if (waiting.reason !== 'background') return [];
  return how === 'lost' ? queue.held(waiting, 'failed') : queue.released(waiting);
}
