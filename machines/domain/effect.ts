/** What the charts ask of the world. Never persisted; performed by the runtime after the commit. */
import type { Point } from './checkpoint.ts';
import type { ConnectionId, InstanceId, ItemId, RequestId, ThreadId, TurnId } from './ids.ts';
import type { ThreadInput } from './input.ts';
import type { InstanceInput } from './instance.ts';
import type { Fork, Rollback } from './opening.ts';
import type { Answer } from './request.ts';
import type { Policy, Settings } from './settings.ts';
import type { WorktreeRequest } from './worktree.ts';
import type { Transfer } from './transfer.ts';
import type { Prompt, TurnOutcome, TurnSettings } from './turn.ts';

/** Fencing of everything that concerns a turn. */
export interface TurnKey {
  readonly connectionId: ConnectionId;
  readonly turnId: TurnId;
  readonly attempt: number;
  /** `null` until the provider has named it. */
  readonly nativeTurnId: string | null;
}

/** Settings that go with each prompt, so that a change applies from the next turn. */
export interface PromptSettings extends TurnSettings {
  readonly policy: Policy;
  readonly cwd: string;
}

/** An MCP server that an agent is given, over streamable HTTP. */
export interface AgentTools {
  readonly name: string;
  readonly url: string;
  /** Secret: for this connection alone, and worth nothing after it. Never on a command line. */
  readonly bearer: string;
  /** Of its tools, those that only look. */
  readonly readers: readonly string[];
}

export type OpenConnection = {
  readonly type: 'connection.open';
  readonly threadId: ThreadId;
  readonly connectionId: ConnectionId;
  /** The provider's conversation to go on with; `null`: begin one. */
  readonly resume: string | null;
  /** Begin one with the history of another; `resume` is null then. Only where the provider's capabilities have `fork`. */
  readonly fork?: Fork;
  /** Of the conversation that is resumed. Only where the provider's capabilities have `rollback`. */
  readonly rollback?: Rollback;
  readonly settings: Settings;
  /** What the agent reaches the runtime by: put in when the effect is released, and never journaled. */
  readonly tools?: AgentTools;
};

/** What an adapter performs. Results come back as inputs, never as a return value. */
export type ProviderEffect =
  | OpenConnection
  | { readonly type: 'connection.close'; readonly connectionId: ConnectionId }
  /** Without asking; the adapter reports nothing back. */
  | { readonly type: 'connection.kill'; readonly connectionId: ConnectionId }
  | ({
      readonly type: 'turn.start';
      readonly prompt: Prompt;
      readonly settings: PromptSettings;
      /** Sent along where the provider keeps such an id, and looked for after a crash. */
      readonly clientMessageId: string;
      /** Items whose text goes before the prompt's: the runtime puts it in when it releases the effect. */
      readonly transfers?: readonly ItemId[];
    } & TurnKey)
  /** Shorten the conversation, as a turn of its own; reported as one that a prompt began. */
  | ({ readonly type: 'turn.compact' } & TurnKey)
  | ({ readonly type: 'turn.steer'; readonly steer: Prompt; readonly clientMessageId: string } & TurnKey)
  | ({ readonly type: 'turn.interrupt' } & TurnKey)
  /** The provider has ended the turn: end what it left behind, then report `turn.settled`. */
  | ({ readonly type: 'turn.settle'; readonly outcome: TurnOutcome } & TurnKey)
  /** Find out what became of a prompt whose hand-over the last run of the server did not see to its end. */
  | {
      readonly type: 'turn.lookUp';
      readonly threadId: ThreadId;
      readonly turnId: TurnId;
      readonly attempt: number;
      readonly nativeThreadId: string | null;
      readonly clientMessageId: string;
    }
  | {
      readonly type: 'request.answer';
      readonly connectionId: ConnectionId;
      readonly requestId: RequestId;
      readonly nativeRequestId: string;
      /** The charts know of a secret only that it was given: the runtime puts it in when it releases the effect. */
      readonly answer: Answer;
      /** Set where the answer has a secret: what logs may say of it. */
      readonly kept?: Answer;
    }
  /** The turn takes no requests any more: say no, so that the provider does not hang. */
  | {
      readonly type: 'request.refuse';
      readonly connectionId: ConnectionId;
      readonly requestId: RequestId;
      readonly nativeRequestId: string;
    }
  | { readonly type: 'process.start'; readonly instanceId: InstanceId }
  /** `force`: SIGTERM and SIGKILL at once instead of asking first. */
  | { readonly type: 'process.stop'; readonly instanceId: InstanceId; readonly force: boolean };

/** What a chart tells another root actor; applied by the runtime as the next entry of the same transaction. */
export type Tell =
  | { readonly type: 'tell'; readonly instanceId: InstanceId; readonly input: InstanceInput }
  | { readonly type: 'tellThread'; readonly threadId: ThreadId; readonly input: ThreadInput };

/** No process of the instance is left: what serves it from now on is made from the configuration as it is now. */
export type Rebuild = { readonly type: 'instance.rebuild'; readonly instanceId: InstanceId };

/** What the runtime does with the files of the workspace. */
export type CheckpointEffect =
  /** Answered by `checkpoint.captured`, `checkpoint.missing` or `checkpoint.failed`; with the same turn and point: the same capture. */
  | {
      readonly type: 'checkpoint.capture';
      readonly turnId: TurnId;
      readonly point: Point;
      readonly tries: number;
    }
  /** Puts back what the turns above the ordinal changed. Answered by `checkpoint.restored`; may be repeated. */
  | {
      readonly type: 'checkpoint.restore';
      readonly rollbackId: ItemId;
      readonly ordinal: number;
      readonly files: boolean;
      readonly force: readonly string[];
    };
/** The working tree of a thread: made with its setup command, given up while it is made, or removed with the thread. */
export type WorktreeEffect =
  | {
      readonly type: 'worktree.prepare';
      readonly threadId: ThreadId;
      /** Whose process the setup command counts as. */
      readonly instanceId: InstanceId;
      readonly attempt: number;
      readonly cwd: string;
      readonly request: WorktreeRequest;
    }
  | { readonly type: 'worktree.end'; readonly threadId: ThreadId }
  | { readonly type: 'worktree.remove'; readonly threadId: ThreadId };

/** Put together what is to be carried; answered by `transfer.built` or `transfer.failed`. */
export type BuildTransfer = {
  readonly type: 'transfer.build';
  /** To which it is carried. */
  readonly threadId: ThreadId;
  readonly transfer: Transfer;
};

export type Effect = ProviderEffect | CheckpointEffect | WorktreeEffect | Rebuild | Tell | BuildTransfer;

/** The id that a prompt carries to the provider: one per attempt, derived, so that a restart finds it again. */
export const clientMessageIdOf = (turnId: TurnId, attempt: number): string => `${turnId}.${attempt}`;
