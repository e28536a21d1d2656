/** The typed client of the socket: calls, commands that take effect once, and views that stay right over reconnects. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { FactEvent } from '../../machines/domain/fact.ts';
import type { InstanceId, ThreadId } from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { MachineState, ThreadRow } from '../../machines/domain/snapshot.ts';
import type { InspectionFrame, ResyncReason, ShellFrame, ThreadFrame } from '../gateway/frame.ts';
import type { GivenOf, MethodName, ResultOf } from '../gateway/protocol.ts';
import { Follower } from './follower.ts';
import { Link, type LinkOptions, type Outcome, type ServerInfo } from './link.ts';
import { ThreadView } from './thread-view.ts';

/** A command, defaults left out. */
export type GivenCommand = GivenOf<'orchestration.dispatchCommand'>['command'];
export type DispatchResult = ResultOf<'orchestration.dispatchCommand'>;

export interface ThreadListener {
  /** After each message. The view changes in place; after a `resync` it is a new one. */
  readonly onView?: (view: ThreadView) => void;
  /** Each event once, in order. What a `resync` skips comes only as part of the next view. */
  readonly onEvent?: (event: FactEvent) => void;
  readonly onState?: (state: MachineState) => void;
  /** Everything held is replaced by what comes next. */
  readonly onResync?: (reason: ResyncReason) => void;
  readonly onSynchronized?: (sequence: number) => void;
  /** The server refuses the subscription, such as with THREAD_NOT_FOUND, or us when we come back; nothing more comes. */
  readonly onError?: (error: RuntimeError) => void;
  /** `false`: no `item.delta`. Default `true`. */
  readonly deltas?: boolean;
}

export interface ShellView {
  readonly threads: ReadonlyMap<ThreadId, ThreadRow>;
  readonly instances: ReadonlyMap<InstanceId, InstanceRow>;
}

export interface ShellListener {
  /** After each message once the list is whole. */
  readonly onView?: (view: ShellView) => void;
  readonly onError?: (error: RuntimeError) => void;
}

/** One entry of a thread, with what its actors did. */
export type InspectedEntry = ResultOf<'inspection.readEntries'>['entries'][number];

export interface InspectionListener {
  /** As they are committed, in order. */
  readonly onEntries?: (entries: readonly InspectedEntry[]) => void;
  /** Entries above the version `after` up to `version` did not come: `inspection.readEntries` has them. */
  readonly onMissed?: (missed: { readonly after: number; readonly version: number }) => void;
  /** What is held may not be in the journal any more. */
  readonly onResync?: (reason: ResyncReason) => void;
  readonly onSynchronized?: (version: number, sequence: number) => void;
  readonly onError?: (error: RuntimeError) => void;
}

/** A running subscription. */
export interface Following {
  /** Times that a message did not continue the last one; each was healed by a new subscription. */
  readonly gapCount: number;
  end(): void;
}

export class Client {
  readonly #link: Link;

  constructor(options: LinkOptions) {
    this.#link = new Link(options);
  }

  /** Of the connection that is open, or of the last one. */
  get info(): ServerInfo | null {
    return this.#link.info;
  }

  /** @throws {RuntimeError} UNAUTHORIZED, FORBIDDEN, or CONNECTION_CLOSED after `close` */
  async whenOpen(): Promise<void> {
    await this.#link.whenOpen();
  }

  /** Ends the connection now; it comes back by itself. */
  drop(): void {
    this.#link.drop();
  }

  /** For good. What is under way is rejected with CONNECTION_CLOSED. */
  close(): void {
    this.#link.close();
  }

  /**
   * Asks once, when the connection is open.
   * @throws {RuntimeError} with the server's code; CONNECTION_LOST when the connection ended before the answer
   */
  async call<M extends MethodName>(method: M, params: GivenOf<M>): Promise<ResultOf<M>> {
    await this.#link.whenOpen();
    const outcome = await this.#request<M>(method, params);
    if (outcome.type === 'error') throw outcome.error;
    if (outcome.type === 'result') return outcome.result;
    throw new RuntimeError('CONNECTION_LOST', `the connection ended before the answer to ${method}`);
  }

  /**
   * Asks for a change, with the same `commandId` over reconnects until there is an answer: it takes effect once.
   * @throws {RuntimeError} with the code of the refusal; nothing happened then
   */
  async dispatch(command: GivenCommand, options: { commandId?: string } = {}): Promise<DispatchResult> {
    const params = { commandId: options.commandId ?? makeCommandId(), command };
    for (;;) {
      await this.#link.whenOpen();
      const outcome = await this.#request<'orchestration.dispatchCommand'>(
        'orchestration.dispatchCommand',
        params,
      );
      if (outcome.type === 'error') throw outcome.error;
      if (outcome.type === 'result') return outcome.result;
    }
  }

  /** Follows a thread until `end`, over reconnects and restarts of the server. */
  subscribeThread(threadId: string, listener: ThreadListener): Following {
    let view: ThreadView | null = null;
    return new Follower<ThreadFrame>({
      link: this.#link,
      method: 'orchestration.subscribeThread',
      params: { threadId, deltas: listener.deltas ?? true },
      position: 'version',
      onRefused: (error) => listener.onError?.(error),
      onFrames: (frames) => {
        for (const frame of frames) view = takeThreadFrame(view, frame, listener);
        if (view !== null) listener.onView?.(view);
      },
    });
  }

  /** Looks inside a thread from now on; needs the scope `admin`. */
  inspectThread(threadId: string, listener: InspectionListener): Following {
    return new Follower<InspectionFrame>({
      link: this.#link,
      method: 'inspection.subscribeThread',
      params: { threadId },
      position: 'version',
      onRefused: (error) => listener.onError?.(error),
      onFrames: (frames) => {
        for (const frame of frames) {
          if (frame.kind === 'missed') listener.onMissed?.(frame);
          else if (frame.kind === 'resync') listener.onResync?.(frame.reason);
          else if (frame.kind === 'synchronized') listener.onSynchronized?.(frame.version, frame.sequence);
        }
        const entries = frames.filter((frame) => frame.kind === 'entry');
        if (entries.length > 0) listener.onEntries?.(entries);
      },
    });
  }

  /** Follows the thread list and the provider instances. */
  subscribeShell(listener: ShellListener): Following {
    const view = { threads: new Map<ThreadId, ThreadRow>(), instances: new Map<InstanceId, InstanceRow>() };
    let isWhole = false;
    return new Follower<ShellFrame>({
      link: this.#link,
      method: 'orchestration.subscribeShell',
      params: {},
      position: 'sequence',
      onRefused: (error) => listener.onError?.(error),
      onFrames: (frames) => {
        for (const frame of frames) {
          takeShellFrame(view, frame);
          if (frame.kind === 'resync') isWhole = false;
          if (frame.kind === 'synchronized') isWhole = true;
        }
        if (isWhole) listener.onView?.(view);
      },
    });
  }

  #request<M extends MethodName>(method: M, params: GivenOf<M>): Promise<OutcomeOf<M>> {
    return new Promise((resolve) => {
      this.#link.request(method, params, (outcome) => resolve(outcomeOf<M>(outcome)));
    });
  }
}

/** `randomUUID` is there only for pages that came over TLS or from loopback. */
const makeCommandId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

type OutcomeOf<M extends MethodName> =
  | Exclude<Outcome, { type: 'result' }>
  | { readonly type: 'result'; readonly result: ResultOf<M> };

/** The server answers with what its protocol table says; the client believes its server. */
function outcomeOf<M extends MethodName>(outcome: Outcome): OutcomeOf<M>;
function outcomeOf(outcome: Outcome): Outcome {
  return outcome;
}

function takeThreadFrame(
  view: ThreadView | null,
  frame: ThreadFrame,
  listener: ThreadListener,
): ThreadView | null {
  switch (frame.kind) {
    case 'snapshot':
      return placed(ThreadView.of(frame.snapshot), frame);
    case 'resync':
      listener.onResync?.(frame.reason);
      return null;
    case 'synchronized':
      listener.onSynchronized?.(frame.sequence);
      return view;
    case 'state':
      listener.onState?.(frame.state);
      if (view !== null) placed(view, frame).machine = frame.state;
      return view;
    case 'event':
      if (view !== null) placed(view, frame).apply(frame);
      listener.onEvent?.(frame);
      return view;
    default:
      // a kind that a later server sends
      return view;
  }
}

function placed(view: ThreadView, { sequence, version }: { sequence: number; version: number }): ThreadView {
  return Object.assign(view, { sequence, version });
}

interface OpenShellView {
  readonly threads: Map<ThreadId, ThreadRow>;
  readonly instances: Map<InstanceId, InstanceRow>;
}

function takeShellFrame({ threads, instances }: OpenShellView, frame: ShellFrame): void {
  if (frame.kind === 'thread') threads.set(frame.row.id, frame.row);
  else if (frame.kind === 'removed') threads.delete(frame.threadId);
  else if (frame.kind === 'instance' && frame.row.removed) instances.delete(frame.row.instanceId);
  else if (frame.kind === 'instance') instances.set(frame.row.instanceId, frame.row);
  else if (frame.kind === 'resync') {
    threads.clear();
    instances.clear();
  }
}
