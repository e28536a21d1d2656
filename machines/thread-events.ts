/** All that a thread's chart takes: journaled inputs, what its children tell it, and their ends. */
import type { ConnectionEnd, TurnOutput } from './domain/context.ts';
import type { ThreadInput } from './domain/input.ts';
import type { ConnectionSignal, LinkSignal, ProgressSignal, TurnSignal } from './domain/signal.ts';

/** What is passed on to a child. */
export type ForConnection = ConnectionSignal | ThreadInput;
export type ForTurn = TurnSignal | ThreadInput;

export type ThreadEvent =
  | ThreadInput
  | LinkSignal
  | ProgressSignal
  | { readonly type: 'xstate.done.actor.connection'; readonly output: ConnectionEnd }
  | { readonly type: 'xstate.done.actor.turn'; readonly output: TurnOutput };

/** Tags of the thread's states: the six words that clients see as its status, and three for our own code. */
export type ThreadTag =
  | 'starting'
  | 'running'
  | 'ready'
  | 'interrupted'
  | 'stopped'
  | 'error'
  | 'settled'
  | 'busy'
  | 'deleted';
