/** All that a thread's chart takes: journaled inputs, what its children tell it, and their ends. */
import type { ConnectionEnd, TurnOutput } from './domain/context.ts';
import type { Status } from './domain/fact.ts';
import type { ThreadInput } from './domain/input.ts';
import type { LinkSignal, ProgressSignal } from './domain/signal.ts';

/** The six words that clients see, and what only our own code asks for. */
export type ThreadTag = Status | 'settled' | 'busy' | 'deleted';

export type ThreadEvent =
  | ThreadInput
  | LinkSignal
  | ProgressSignal
  | { readonly type: 'xstate.done.actor.connection'; readonly output: ConnectionEnd }
  | { readonly type: 'xstate.done.actor.turn'; readonly output: TurnOutput };
