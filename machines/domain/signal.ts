/** What a thread and its two children tell each other. Never admitted from outside and never journaled. */
import type { Capabilities } from './capability.ts';
import type { CloseReason, ConnectionEnd } from './context.ts';
import type { Failure } from './error.ts';
import type { ConnectionId, ItemId, RequestId, TurnId } from './ids.ts';
import type { LiveRequest } from './request.ts';
import type { InterruptReason, Prompt } from './turn.ts';

/** Thread → connection. */
export type ConnectionSignal =
  | { readonly type: '$close'; readonly why: CloseReason; readonly force: boolean }
  /** What a turn has left to it. */
  | { readonly type: '$adopt'; readonly requests: Readonly<Record<RequestId, LiveRequest>> }
  /** Background work has ended, and what it asked with it. */
  | { readonly type: '$taskEnded'; readonly itemId: ItemId }
  /** The agent of another thread goes on with this one, and carries it from now on. */
  | { readonly type: '$replaced' }
  /** The server has restarted: the process of this connection is gone. */
  | { readonly type: '$restarted' };

/** Thread → turn. */
export type TurnSignal =
  | { readonly type: '$interrupt'; readonly reason: InterruptReason }
  | { readonly type: '$steer'; readonly steer: Prompt }
  /** The connection is open: hand the prompt over. */
  | ({ readonly type: '$online' } & Online)
  /** The connection has ended under the turn. */
  | ({ readonly type: '$lost' } & ConnectionEnd)
  | { readonly type: '$absorbed'; readonly into: TurnId }
  /** The prompt could go out but for what is to go with it. */
  | { readonly type: '$held' }
  /** A side turn holds the provider up; the start may take as long as that is not silent. */
  | { readonly type: '$pauseStart' }
  | { readonly type: '$resumeStart' };

/** What a turn has to know of the open connection. */
export interface Online {
  readonly connectionId: ConnectionId;
  readonly nativeThreadId: string | null;
  readonly nativeSteer: boolean;
  /** What goes with the prompt. */
  readonly transfers: readonly ItemId[];
}

/** Connection → thread. */
export type LinkSignal =
  | {
      readonly type: '$opened';
      readonly connectionId: ConnectionId;
      readonly nativeThreadId: string;
      readonly capabilities: Capabilities;
    }
  /** The provider cannot go on with the conversation; the connection asks it for a new one. */
  | { readonly type: '$forgotten'; readonly failure: Failure }
  | { readonly type: '$closing'; readonly why: CloseReason }
  /** The close has failed and the connection is kept. */
  | { readonly type: '$kept'; readonly failure: Failure };

/** Turn → thread. */
export type ProgressSignal =
  /** With what went with the prompt. */
  | { readonly type: '$accepted'; readonly transfers: readonly ItemId[] }
  | { readonly type: '$started'; readonly transfers: readonly ItemId[] }
  /** The text is part of the turn; `unknown` where the provider did not answer. */
  | {
      readonly type: '$steered';
      readonly turnId: TurnId;
      readonly steer: Prompt;
      readonly status: 'completed' | 'unknown';
    }
  /** The steers became the prompt of a new attempt. */
  | { readonly type: '$reattempted'; readonly turnId: TurnId; readonly steers: readonly Prompt[] }
  /** The turn has completed, and what its background work asks stays open. */
  | { readonly type: '$left'; readonly requests: Readonly<Record<RequestId, LiveRequest>> }
  | { readonly type: '$unsteered'; readonly steer: Prompt; readonly failure: Failure };
