/** What a provider adapter is given and what it has to do. */
import type { Capabilities } from '../domain/capability.ts';
import type { ProviderEffect } from '../domain/effect.ts';
import type { AttachmentId, InstanceId, ItemId, ThreadId, TurnId } from '../domain/ids.ts';
import type { InstanceInput } from '../domain/instance.ts';
import type { CutInput, DeltaInput, ProviderInput } from '../domain/input.ts';
import type { ProcessHost } from './process-host.ts';

/** What an adapter says about a thread. Text of open items comes as deltas, everything else as inputs. */
export type ProviderReport = ProviderInput | DeltaInput | CutInput;

/** What an adapter says about its process. */
export type InstanceReportInput = Extract<
  InstanceInput,
  {
    type:
      | 'process.started'
      | 'process.failed'
      | 'process.exited'
      | 'process.stopped'
      | 'instance.reported'
      | 'instance.workDone';
  }
>;

/** The one way out of an adapter: everything enters the ingress queue, in the order of the calls. */
export interface ProviderHost {
  readonly processes: ProcessHost;
  report(threadId: ThreadId, input: ProviderReport): void;
  reportInstance(input: InstanceReportInput): void;
  /** `turn.settle` is done, or has been given up. */
  settled(threadId: ThreadId, turnId: TurnId, attempt: number): void;
  /** Where an attached image is stored, or `null` where it is unknown. */
  attachmentPath(attachmentId: AttachmentId): string | null;
  /** The items of a turn that the adapter has not completed, as the journal has them. */
  openItems(threadId: ThreadId, turnId: TurnId): readonly ItemId[];
  /** Appends a raw frame to the redacted protocol log; the result goes into `rawRef`. */
  logFrame(direction: 'in' | 'out', frame: string): string;
  /** Diagnostics for the server's log; never the place for something that a user has to know. */
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** Sub-agents at work on one connection that are threads of their own. */
export const CHILD_LIMIT = 64;

/**
 * One configured provider. Sub-agents are threads of their own, which the connection of the thread that begins them
 * carries: an adapter
 * - names a child's thread by `childThreadIdOf` and its connection by `carriedConnectionIdOf`, says
 *   `provider.agentStarted` to the thread that begins it, with its item, and tells `threadId` in the item's body;
 * - from then on reports on the child's thread with that connection, as for any thread: turns (which begin by
 *   `provider.turnStarted`, with the agent's prompt as a user message), items, deltas, requests, usage; nothing of it on the
 *   parent but the `subagent` item, which is open as long as the child works. A child may begin children;
 * - performs effects of the child's connection: answers and refusals always, interrupts, prompts and steers as far as the
 *   child's capabilities say; `turn.settle` as for any turn; `connection.close` and `connection.kill` forget it, the former
 *   with `connection.closed`, and end what it runs as far as the provider can without ending anything of the parent;
 * - reports `connection.closed` of a child when its provider is done with it for good, and of all children when the
 *   connection that carries them is closed or killed; `connection.lost` when that is lost, where it is not the process of
 *   the instance that ended (its chart tells all that hold a connection);
 * - has at most `CHILD_LIMIT` children live on one connection; what more of them do stands in the parent, under their items.
 *
 * The instance's chart says when its process starts and stops, the threads' charts everything
 * else. An adapter translates: it keeps no turn's state and decides nothing.
 */
export interface ProviderAdapter {
  /** What this provider can do as far as it is known without its process. */
  readonly capabilities: Capabilities;
  /** Its connections are dear: an idle one is closed after so long, if the configuration does not say sooner. */
  readonly connectionIdleMs?: number;
  /**
   * Starts to perform one effect and returns at once. Never throws: a failure comes back as an input. Effects of one
   * connection are performed in the order of the calls. Answers expected, each at most once:
   * `process.start` → `process.started` or `process.failed`, later `process.exited` · `process.stop` →
   * `process.stopped` · `connection.open` → `connection.opened` or `connection.openFailed`, later perhaps
   * `connection.lost`, and again `connection.opened` where the provider begins another conversation; with
   * `fork` it says the new conversation, `resumed` is false, and a repeated open makes another one; with `rollback` it
   * comes when the turns are out ·
   * `connection.close` → `connection.closed` or `connection.closeFailed` (a connection that is not
   * known is closed) · `connection.kill` → nothing, and nothing more of that connection ·
   * `turn.start` → `provider.turnAccepted` (or `turnRefused`, `turnAbsorbed`), `turnStarted`, `turnEnded` ·
   * `turn.compact` → the same, without a message ·
   * `turn.steer` → `steerAccepted` or `steerRefused` · `turn.interrupt` → `turnEnded`, or `interruptRefused` ·
   * `turn.settle` → `settled` is called; of a completed turn commands, tasks and sub-agents may go on, as items that are
   * open until they end, at the latest with `connection.close` or `connection.kill` · `turn.lookUp` → `provider.turnLookedUp` · `request.answer` →
   * `provider.requestResolved` once acknowledged, or written where the provider gives no acknowledgement, else
   * `requestUndeliverable`; of an answer that has `kept` nothing else goes into a log · `request.refuse` → nothing.
   */
  perform(effect: ProviderEffect): void;
  /** Stops reading from (or goes on reading from) the provider while the ingress queue is full. */
  setPaused(paused: boolean): void;
  /** The last call: ends what still runs, in order, and resolves when it is proven gone. */
  dispose(): Promise<void>;
}

/** Keys of an instance's entry that not every driver can do something with. */
export type InstanceKey = 'args' | 'home';

/** Makes the adapter of one instance; nothing is started. */
export interface ProviderDriver {
  readonly driver: string;
  /** An entry with one of the other keys is refused. Absent: it takes none of them. */
  readonly takes?: readonly InstanceKey[];
  /** What a person who is not logged in is told to do, such as `run x`. Absent: to run the driver's `login`. */
  readonly logIn?: string;
  /** Absent: recordings of this provider cannot be played. */
  readonly playback?: PlaybackProtocol;
  create(instance: InstanceConfig, host: ProviderHost): ProviderAdapter;
}

/** What the player of recordings has to know of a provider's frames. A frame is the JSON of one line. */
export interface PlaybackProtocol {
  /** What a frame of either direction is; total. */
  shapeOf(frame: unknown): FrameShape;
  /** An answer of the provider, made one to the request of that id. */
  withId(frame: unknown, id: FrameShape['id']): unknown;
  /**
   * What the provider would have said to a frame of ours that the recording does not have; `why` is for a refusal,
   * `promptId` the request of ours that began the latest turn.
   */
  improvise(frame: unknown, why: string, promptId?: FrameShape['id']): Improvised;
}

export interface FrameShape {
  /**
   * `prompt`: a request that begins a turn; `answer`: to a request of the other side; `notice`: nobody answers it, or it
   * is no message at all.
   */
  readonly kind: 'prompt' | 'request' | 'answer' | 'notice';
  /** Of a request or notice: what it is called. */
  readonly name: string;
  /** Of a request, or of the request that is answered. */
  readonly id: string | number | null;
}

export interface Improvised {
  readonly frames: readonly unknown[];
  /** The turn is over with these frames: what the recording has of it is left out. */
  readonly endsTurn: boolean;
}

/** One entry of the configuration's `instances`. */
export interface InstanceConfig {
  readonly instanceId: InstanceId;
  readonly driver: string;
  /** The program to run; `null`: found on PATH. */
  readonly command: string | null;
  /** Added to the inherited environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Given to the program after those that the driver starts it with. */
  readonly args?: readonly string[];
  /** The agent's own folder, absolute: its login, its settings and its sessions; `null`: the agent's default. */
  readonly home?: string | null;
  /** Of threads that name none, and put into their effects by the runtime; `null`: the agent's default. */
  readonly model?: string | null;
  /** `false`: it is listed and has no adapter. */
  readonly enabled?: boolean;
  /** What is wrong with the entry; an instance with a problem has no adapter. */
  readonly problem?: string;
}
