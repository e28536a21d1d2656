/** How prompts enter and leave a thread's queue. Facts are drawn first; the queue is their fold, as in every view. */
import type { TurnOutput } from './domain/context.ts';
import type { Failure } from './domain/error.ts';
import { evolveQueue } from './domain/evolve-state.ts';
import type { Fact } from './domain/fact.ts';
import type { TurnId } from './domain/ids.ts';
import type { HoldReason, Prompt, Queue, QueueEntry } from './domain/turn.ts';

/** The queue after the facts. */
export const foldQueue = (queue: Queue, facts: readonly Fact[]): Queue => facts.reduce(evolveQueue, queue);

export function added(prompt: Prompt, index: number, more: Partial<QueueEntry> = {}): Fact {
  return { type: 'queue.added', index, entry: { ...prompt, intent: 'queued', failure: null, ...more } };
}

export const removed = (
  queueEntryId: TurnId,
  reason: 'started' | 'cancelled' | 'promoted' | 'absorbed',
): Fact => ({ type: 'queue.removed', queueEntryId, reason });

/** Nothing to say where nothing is held. */
export function held({ entries, status, reason: before }: Queue, reason: HoldReason): readonly Fact[] {
  const isNews = entries.length > 0 && (status === 'flowing' || before !== reason);
  return isNews ? [{ type: 'queue.held', reason }] : [];
}

export const released = ({ status }: Queue): readonly Fact[] =>
  status === 'held' ? [{ type: 'queue.released' }] : [];

/** To the head, in their order; only what is meant to be next stays before them. */
export function returned(
  { entries }: Queue,
  prompts: readonly Prompt[],
  failure: Failure | null,
): readonly Fact[] {
  const first = entries.findIndex((entry) => entry.intent !== 'next');
  const head = first < 0 ? entries.length : first;
  return prompts.map((prompt, index) => added(prompt, head + index, { failure }));
}

/** The order after an entry was moved before another one, or to the end. */
export function reordered(queue: Queue, moved: TurnId, before: TurnId | null): Fact {
  const rest = queue.entries.map((entry) => entry.turnId).filter((id) => id !== moved);
  const index = before === null ? rest.length : rest.indexOf(before);
  return { type: 'queue.reordered', order: rest.toSpliced(index < 0 ? rest.length : index, 0, moved) };
}

/**
 * What the end of a turn means for the queue: only a completed one lets it flow, and not if a person asked for its end
 * meanwhile; a prompt that is meant to be next runs anyway.
 */
export function afterTurn(queue: Queue, { end, asked }: TurnOutput): readonly Fact[] {
  const isRestart = end.reason === 'server-restarted';
  const isNextWanted = queue.status === 'flowing' && queue.entries[0]?.intent === 'next';
  if (isNextWanted && !isRestart) return [];
  if (end.outcome !== 'completed') return held(queue, isRestart ? 'restarted' : holdReasonOf(end));
  if (asked === 'user') return held(queue, 'interrupted');
  return asked === 'stopped' ? held(queue, 'stopped') : [];
}

function holdReasonOf({ outcome, reason }: TurnOutput['end']): HoldReason {
  if (outcome === 'interrupted') return reason === 'stopped' ? 'stopped' : 'interrupted';
  return outcome === 'completed' ? 'interrupted' : outcome;
}
