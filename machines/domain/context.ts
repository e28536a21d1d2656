/** What the charts remember. Plain JSON in our own types: it is persisted with a thread's base. */
import type { Capabilities } from './capability.ts';
import type { AskedCapture, PendingRollback } from './checkpoint.ts';
import type { PromptSettings } from './effect.ts';
import type { Failure } from './error.ts';
import type { ConnectionId, InstanceId, ItemId, RequestId, ThreadId, TurnId } from './ids.ts';
import type { InstanceWork } from './instance.ts';
import type { Session, ThreadInputOf } from './input.ts';
import type { Lineage } from './lineage.ts';
import type { Fork, Opening, Rollback } from './opening.ts';
import type { LiveRequest } from './request.ts';
import type { DeliveryMode, Settings } from './settings.ts';
import type { OwnTask } from './task.ts';
import type { Transfer } from './transfer.ts';
import type { Worktree } from './worktree.ts';
import type { InterruptReason, Origin, Prompt, Queue, TurnOutcome } from './turn.ts';

/** Why a connection is closed on purpose. Only `stop` and `delete` change the thread's status word. */
export type CloseReason =
  | 'stop'
  | 'idle'
  | 'settings'
  | 'archive'
  | 'delete'
  | 'suspect'
  | 'switch'
  | 'rollback';

/** The connection as its actor last told the thread. */
export interface Link {
  readonly phase: 'none' | 'opening' | 'open' | 'closing';
  /** Why it is or was closed; `null` while nobody asked. `stop` and `delete` override other reasons. */
  readonly closing: CloseReason | null;
  /** How it ended under a turn that has not ended yet. */
  readonly end: ConnectionEnd | null;
  /** The provider would fold a prompt into what comes of its work in the background. */
  readonly folds: boolean;
  /** The model that the session was opened with. Absent: there is none. */
  readonly model?: string | null;
  /** Of a sub-agent that the connection of another thread carries or last carried. Absent: it is or was one of its own. */
  readonly carried?: Carried;
}

export interface Carried {
  readonly connectionId: ConnectionId;
  /** What the thread can do without it. */
  readonly capabilities: Capabilities;
}

/** A turn that the provider began beside the active one. */
export interface SideTurn {
  readonly turnId: TurnId;
  readonly nativeTurnId: string | null;
}

/** The turn that the thread works on: the input of the turn actor. */
export interface ActiveTurn {
  readonly turnId: TurnId;
  readonly origin: Origin;
  /** `null` for a turn that the provider began, and for a compaction. */
  readonly prompt: Prompt | null;
  readonly nativeTurnId: string | null;
  /** As the thread was set when the turn became the active one. */
  readonly deliveryMode: DeliveryMode;
}

export interface ThreadContext {
  readonly threadId: ThreadId;
  readonly settings: Settings;
  /** Of the provider; declared at creation, refined by each opened connection. */
  readonly capabilities: Capabilities;
  readonly archived: boolean;
  /** Kept in any status until the next `ready`. */
  readonly lastError: Failure | null;
  /** Set only in `working`. */
  readonly activeTurn: ActiveTurn | null;
  /** Live turns of the provider's own making; at most `SIDE_TURN_LIMIT`. */
  readonly sideTurns: readonly SideTurn[];
  readonly queue: Queue;
  /** The prompt of the last turn if that did not complete: what `turn.retry` sends again. */
  readonly retryable: Prompt | null;
  readonly link: Link;
  /** Openings so far; makes the `connectionId`. */
  readonly connectionCount: number;
  /** The provider's conversation, to resume. */
  readonly session: Session | null;
  /** How the next connection gets its conversation. */
  readonly opening: Opening;
  /** What the present conversation is still to be given, in order; it goes along with the next prompt. */
  readonly transfers: readonly Transfer[];
  /** Conversations with the instances that the thread was switched away from. */
  readonly otherSessions: OtherSessions;
  /** Captures of the workspace that were asked for and have not been answered, oldest first. */
  readonly captures: readonly AskedCapture[];
  /** The turn whose beginning is captured, or being so: its end will be, too. */
  readonly capturedTurnId: TurnId | null;
  /** Waits for the connection to close, and then for the files. */
  readonly rollback: PendingRollback | null;
  /** Absent: the thread works in the folder that it was given. */
  readonly worktree?: Worktree;
  /** Where the thread branched off from another; `null`: it began with nothing. */
  readonly lineage: Lineage | null;
  /** Of a fork: ordinal of the last turn that its parent has, as of its branching or the last merge. */
  readonly mergedTurnOrdinal: number;
  /** What other threads were asked to do and whose end this one has not been told, at most `TASK_LIMIT`. */
  readonly tasks: readonly OwnTask[];
  /** The instance that the thread goes on with as soon as no connection is left. */
  readonly switching: Switching | null;
  /** What carries the thread as soon as no connection of its own is left; never for longer than one input. */
  readonly adoption: ThreadInputOf<'connection.adopted'> | null;
  readonly turnCount: number;
  readonly itemCount: number;
}

/** A sub-agent that is no conversation of its own: no prompt gets to it while another connection carries it. */
export const isUnreachable = ({ link, session }: Pick<ThreadContext, 'link' | 'session'>): boolean =>
  link.phase === 'open' && link.carried !== undefined && session === null;

export interface Switching extends Pick<Settings, 'instanceId' | 'model' | 'options'> {
  /** Of that instance, as far as they are known. */
  readonly capabilities: Capabilities;
}

/** By instance. */
export type OtherSessions = Readonly<
  Record<InstanceId, { readonly session: Session; /** Turns that it knows of. */ readonly seenTurns: number }>
>;

/** More turns of the provider's own making at once than this are recorded as ignored inputs. */
export const SIDE_TURN_LIMIT = 16;

/** How a connection ended. `restarted`: with the last run of the server. */
export interface ConnectionEnd {
  readonly how: 'closed' | 'lost' | 'restarted';
  readonly failure: Failure;
  /** The provider has kept nothing of the conversation. */
  readonly forgotten?: true;
}

export interface ConnectionContext {
  readonly threadId: ThreadId;
  readonly instanceId: InstanceId;
  readonly connectionId: ConnectionId;
  readonly resume: string | null;
  readonly fork: Fork | null;
  readonly rollback: Rollback | null;
  /** Another thread's connection carries it: there is nothing to open, and it may end with that. */
  readonly isCarried?: true;
  readonly settings: Settings;
  /** A close that fails is followed by a kill instead of being kept. */
  readonly force: boolean;
  /** Requests of side turns, background work and the session itself, by id. */
  readonly requests: Readonly<Record<RequestId, LiveRequest>>;
  readonly end: ConnectionEnd | null;
}

export interface TurnEnd {
  readonly outcome: TurnOutcome;
  readonly failure: Failure | null;
  readonly reason: InterruptReason | null;
  readonly into: TurnId | null;
}

export interface TurnContext {
  readonly threadId: ThreadId;
  readonly instanceId: InstanceId;
  readonly turnId: TurnId;
  readonly attempt: number;
  readonly origin: Origin;
  /** What goes with the prompt, by the items that have the text. */
  readonly transfers: readonly ItemId[];
  /** Of this attempt; the text of the last steer where that made the attempt. */
  readonly prompt: Prompt | null;
  readonly settings: PromptSettings;
  /** `null` until the connection is open. */
  readonly connectionId: ConnectionId | null;
  /** For the look-up after a restart. */
  readonly nativeThreadId: string | null;
  /** `null` until the provider has named this attempt. */
  readonly nativeTurnId: string | null;
  /** The provider takes messages in a running turn. */
  readonly nativeSteer: boolean;
  /** The provider had begun the turn. */
  readonly started: boolean;
  /** Who asked for the turn to end, and how often the provider was told. */
  readonly interrupt: { readonly reason: InterruptReason; readonly sends: number } | null;
  /** Steers in the order in which they came. */
  readonly steers: readonly Prompt[];
  /** The steer that the provider has been sent and has not answered. */
  readonly sentSteer: Prompt | null;
  /** Prompts that did not reach the provider, for the head of the queue. */
  readonly undelivered: readonly Prompt[];
  readonly requests: Readonly<Record<RequestId, LiveRequest>>;
  readonly end: TurnEnd | null;
  /** The provider may still be at work: the connection must not be used again. */
  readonly suspect: boolean;
}

/** What the turn actor leaves to the thread. */
export interface TurnOutput {
  readonly turnId: TurnId;
  readonly attempt: number;
  readonly started: boolean;
  readonly end: TurnEnd;
  /** Who asked for the end, however it came; `null`: nobody. */
  readonly asked: InterruptReason | null;
  readonly suspect: boolean;
  readonly undelivered: readonly Prompt[];
}

/** A connection that a thread holds or waits for. */
export interface InstanceSession {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
}

/** What the configuration says of an instance. */
export interface InstancePlan {
  readonly driver: string;
  readonly capabilities: Capabilities;
  /** Why it cannot be used; `null`: it can. */
  readonly failure: Failure | null;
  readonly isRemoved: boolean;
}

export interface InstanceContext {
  readonly instanceId: InstanceId;
  readonly driver: string;
  readonly capabilities: Capabilities;
  /** What the configuration says now, while the process still goes by what it said before. */
  readonly next: InstancePlan | null;
  /** What waits for the process, in order. */
  readonly waiting: readonly InstanceWork[];
  /** Resumes under way; at most `RESUME_LIMIT` at a time. */
  readonly resuming: readonly ConnectionId[];
  /** Of this instance, those that wait included. */
  readonly sessions: readonly InstanceSession[];
  /** Failed starts in a row; sets the length of the back-off. */
  readonly failureCount: number;
  readonly failure: Failure | null;
}

/** After a process was lost its threads resume at most so many at a time. */
export const RESUME_LIMIT = 4;
