/** All that a thread's chart takes: journaled inputs, what its children tell it, and their ends. */
import type { ConnectionEnd, ThreadContext, TurnOutput } from './domain/context.ts';
import type { ThreadInput } from './domain/input.ts';
import type { ConnectionSignal, LinkSignal, ProgressSignal, TurnSignal } from './domain/signal.ts';
import type { ThreadStart } from './thread-context.ts';

/** What is passed on to a child. */
export type ForConnection = ConnectionSignal | ThreadInput;
export type ForTurn = TurnSignal | ThreadInput;

export type ThreadEvent =
  | ThreadInput
  | LinkSignal
  | ProgressSignal
  | { readonly type: 'xstate.done.actor.connection'; readonly output: ConnectionEnd }
  | { readonly type: 'xstate.done.actor.turn'; readonly output: TurnOutput };

/** The types of a thread's chart. */
export interface ThreadTypes {
  readonly context: ThreadContext;
  readonly events: ThreadEvent;
  readonly input: ThreadStart;
  readonly children: { readonly connection: 'connection'; readonly turn: 'turn' };
  readonly tags: ThreadTag;
}

/** Tags of the thread's states: the six words that clients see as its status, and four for our own code. */
export type ThreadTag =
  | 'starting'
  | 'running'
  | 'ready'
  | 'interrupted'
  | 'stopped'
  | 'error'
  | 'settled'
  | 'busy'
  | 'restoring'
  | 'deleted';
