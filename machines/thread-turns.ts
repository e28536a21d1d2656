/** How a thread's turns begin and end, as data. */
import type { Move } from './act.ts';
import {
  isUnreachable,
  type ActiveTurn,
  type ConnectionEnd,
  type SideTurn,
  type ThreadContext,
  type TurnOutput,
} from './domain/context.ts';
import type { Effect, PromptSettings } from './domain/effect.ts';
import type { Failure } from './domain/error.ts';
import type { Fact, FactOf } from './domain/fact.ts';
import { connectionIdOf, itemIdOf, turnIdAgain, type ConnectionId, type TurnId } from './domain/ids.ts';
import type { ThreadInput } from './domain/input.ts';
import { bounded, type Item } from './domain/item.ts';
import type { Online } from './domain/signal.ts';
import type { Prompt, QueueEntry } from './domain/turn.ts';
import { holdsHandOver, withAfter, withBefore } from './thread-checkpoints.ts';
import { noticeOfEnd, withNotice } from './thread-notices.ts';
import * as queue from './thread-queue.ts';
import { reportOf } from './thread-tasks.ts';
import { isHeldUp, readyFor } from './thread-transfers.ts';

type Context = ThreadContext;
type ThreadMove = Move<Context, never>;

export function promptOf({ intent: _, failure: __, ...prompt }: QueueEntry): Prompt {
  return prompt;
}

/** Of the connection that is or was last bound. */
export const connectionIdIn = ({ threadId, connectionCount, link }: Context): ConnectionId =>
  link.carried?.connectionId ?? connectionIdOf(threadId, connectionCount);

/** `null`: the turn has to wait. One that the provider began is under way already. */
export function onlineOf(context: Context): Online | null {
  const { link, session, capabilities, activeTurn } = context;
  if (link.phase !== 'open' || isHeldUp(context)) return null;
  const isOfProvider = activeTurn?.origin === 'provider';
  if (!isOfProvider && (session === null || holdsHandOver(context))) return null;
  // of a sub-agent that is no conversation of its own there is none
  const nativeThreadId = session?.nativeThreadId ?? null;
  const connectionId = connectionIdIn(context);
  const { nativeSteer } = capabilities;
  return { connectionId, nativeThreadId, nativeSteer, transfers: readyFor(context) };
}

/** What goes with the active turn's prompt: the thread's settings, overridden by the prompt's own. */
export function settingsFor({ settings, activeTurn }: Context): PromptSettings {
  const { runtimeMode, interactionMode, policy, cwd } = settings;
  const model = activeTurn?.prompt?.model ?? settings.model;
  const options = activeTurn?.prompt?.options ?? settings.options;
  return { model, options, runtimeMode, interactionMode, policy, cwd };
}

/** The model that the next connection is opened with. Where a turn can change it, that is the thread's own. */
export function openingModelOf(context: Context): string | null {
  const { settings, capabilities } = context;
  return capabilities.modelSwitch === 'byResume' ? settingsFor(context).model : settings.model;
}

/** The open session cannot be brought to the model of the prompt: it is closed, and resumed with that. */
export function needsReopening(context: Context, { model }: Prompt): boolean {
  const { link, settings, capabilities } = context;
  if (link.phase !== 'open' || link.closing !== null) return false;
  if (isUnreachable(context)) return true;
  if (capabilities.modelSwitch !== 'byResume') return false;
  return link.model !== undefined && link.model !== (model ?? settings.model);
}

export function beginTurn(context: Context, prompt: Prompt): ThreadMove {
  return withBefore(context, userTurn(context, prompt), prompt.turnId);
}

function userTurn(context: Context, prompt: Prompt): ThreadMove {
  const { turnId } = prompt;
  const { deliveryMode } = context.settings;
  const activeTurn = { turnId, origin: 'user', prompt, nativeTurnId: null, deliveryMode } as const;
  const ordinal = context.turnCount + 1;
  const sourcePlan = prompt.sourcePlan ?? null;
  return {
    set: { turnCount: ordinal, itemCount: context.itemCount + 1, activeTurn, retryable: null },
    facts: [
      began({ ...context, activeTurn }, { turnId, ordinal, origin: 'user', sourcePlan }),
      { type: 'item.completed', item: userMessage(context.itemCount + 1, turnId, prompt) },
    ],
  };
}

/** A turn without a prompt. What is held in the queue stays so, and what can be retried can be afterwards. */
export function beginCompaction(context: Context, turnId: TurnId): ThreadMove {
  const { deliveryMode } = context.settings;
  const activeTurn = {
    turnId,
    origin: 'compaction',
    prompt: null,
    nativeTurnId: null,
    deliveryMode,
  } as const;
  const ordinal = context.turnCount + 1;
  return {
    set: { turnCount: ordinal, activeTurn },
    facts: [began({ ...context, activeTurn }, { turnId, ordinal, origin: 'compaction', sourcePlan: null })],
  };
}

type Began = Pick<FactOf<'turn.began'>, 'turnId' | 'ordinal' | 'origin' | 'sourcePlan'>;

function began(context: Context, { turnId, ordinal, origin, sourcePlan }: Began): Fact {
  const { model, options, runtimeMode, interactionMode } = settingsFor(context);
  return {
    type: 'turn.began',
    turnId,
    ordinal,
    attempt: 1,
    origin,
    side: false,
    nativeTurnId: null,
    settings: { model, options, runtimeMode, interactionMode },
    sourcePlan,
  };
}

/** A person who asks for a turn goes on: what was held flows again once that turn completes. */
export function beginByUser(context: Context, prompt: Prompt): ThreadMove {
  const facts = queue.released(context.queue);
  const begun = beginTurn(context, prompt);
  return {
    ...begun,
    set: { ...begun.set, queue: queue.foldQueue(context.queue, facts) },
    facts: [...facts, ...(begun.facts ?? [])],
  };
}

export const activeOfProvider = ({ settings }: Context, turn: SideTurn): ActiveTurn => ({
  ...turn,
  origin: 'provider',
  prompt: null,
  deliveryMode: settings.deliveryMode,
});

export const providerTurn = ({ turnCount }: Context, turn: SideTurn, side: boolean): Fact => ({
  type: 'turn.began',
  ...turn,
  ordinal: turnCount + 1,
  attempt: 1,
  origin: 'provider',
  side,
  settings: null,
  sourcePlan: null,
});

const userMessage = (ordinal: number, turnId: TurnId, prompt: Prompt): Item => ({
  itemId: itemIdOf(turnId, `prompt:${prompt.turnId}`),
  ordinal,
  turnId,
  attempt: 1,
  body: {
    kind: 'user_message',
    intent: prompt.turnId === turnId ? 'start' : 'steer',
    attachments: prompt.attachments,
    ...(prompt.from && { from: prompt.from }),
  },
  text: prompt.text,
  status: 'completed',
});

/** The provider has taken the prompts: the threads of the plans that they implement are told. */
export const plansOf = ({ threadId }: Context, turnId: TurnId, prompts: readonly Prompt[]): Effect[] =>
  prompts.flatMap(({ sourcePlan }) => {
    if (sourcePlan === undefined) return [];
    const { itemId } = sourcePlan;
    const input = { type: 'plan.implemented', itemId, by: { threadId, turnId }, isFirst: true } as const;
    return [{ type: 'tellThread', threadId: sourcePlan.threadId, input }];
  });

/** The messages that joined a running turn. */
export function recordSteers(
  context: Context,
  { turnId, steers, status }: { turnId: TurnId; steers: readonly Prompt[]; status: 'completed' | 'unknown' },
): ThreadMove {
  const { itemCount } = context;
  const facts = steers.flatMap((steer, index): Fact[] => {
    const item = { ...userMessage(itemCount + index + 1, turnId, steer), status };
    const steerId = steer.turnId;
    return [
      { type: 'item.completed', item },
      status === 'completed'
        ? { type: 'turn.steered', turnId, steerId, itemId: item.itemId }
        : { type: 'turn.steerUnanswered', turnId, steerId },
    ];
  });
  const effects = status === 'completed' ? plansOf(context, turnId, steers) : [];
  return { set: { itemCount: itemCount + steers.length }, facts, effects };
}

/** The one terminal fact of the active turn, and what its end means for queue, retry and `lastError`. */
export function endTurn(context: Context, output: TurnOutput): ThreadMove {
  const { end, turnId, started, undelivered } = output;
  const { prompt, origin } = context.activeTurn ?? { prompt: null, origin: 'user' };
  // a turn ends once: what goes back to the queue will be another one
  const again = undelivered.map((each) =>
    each.turnId === turnId ? { ...each, turnId: turnIdAgain(turnId) } : each,
  );
  const back = queue.returned(context.queue, again, end.failure);
  const after = queue.afterTurn(queue.foldQueue(context.queue, back), output);
  const isDone = end.outcome === 'completed' || end.outcome === 'absorbed';
  const isBack = undelivered.some((each) => each.turnId === prompt?.turnId);
  const move: ThreadMove = {
    set: {
      activeTurn: null,
      queue: queue.foldQueue(context.queue, [...back, ...after]),
      retryable: isBack || (isDone && origin !== 'compaction') ? null : (prompt ?? context.retryable),
      lastError: errorOf(output) ?? context.lastError,
    },
    facts: [
      {
        type: 'turn.ended',
        turnId,
        outcome: end.outcome,
        started,
        failure: end.failure,
        reason: end.reason,
        into: end.into,
      },
      ...back,
      ...after,
    ],
    effects: reportOf(context, prompt, end),
  };
  return withAfter(context, withNotice(context, move, noticeOfEnd(output)), turnId);
}

/** An interrupt that a person asked for is no error. */
function errorOf({ end }: TurnOutput): Failure | null {
  const isError = end.outcome === 'failed' || end.outcome === 'unknown' || end.reason === 'server-restarted';
  return isError ? end.failure : null;
}

/** The connection has ended under a side turn. */
export function lostSideTurn(turnId: TurnId, { how, failure }: ConnectionEnd): Fact {
  if (how === 'lost') return sideTurnEnd(turnId, 'failed', failure);
  const reason = how === 'restarted' ? 'server-restarted' : 'stopped';
  return { ...sideTurnEnd(turnId, 'interrupted', null), reason };
}

/** The end of a turn beside the active one: recorded, and nothing else follows from it. */
export const sideTurnEnd = (
  turnId: TurnId,
  outcome: 'completed' | 'failed' | 'interrupted',
  failure: Failure | null,
): FactOf<'turn.ended'> => ({
  type: 'turn.ended',
  turnId,
  outcome,
  started: true,
  failure: outcome === 'completed' ? null : failure,
  reason: outcome === 'interrupted' ? 'provider' : null,
  into: null,
});

type ItemInput = Extract<
  ThreadInput,
  { type: 'provider.itemStarted' | 'provider.itemUpdated' | 'provider.itemCompleted' }
>;

/** Also of a turn that is over: a late item is attached to its own turn. */
export function recordItem(
  { itemCount }: Context,
  type: 'item.started' | 'item.updated' | 'item.completed',
  { turnId, attempt, item }: ItemInput,
): ThreadMove {
  const ordinal = itemCount + 1;
  return {
    set: { itemCount: ordinal },
    facts: [{ type, item: { ...bounded(item), ordinal, turnId, attempt: Math.max(1, attempt) } }],
  };
}
