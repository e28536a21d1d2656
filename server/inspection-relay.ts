/** Shows the actors of all threads to Stately's inspector, which runs on this machine: `threadchart serve --inspect`. */
import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import { WebSocket } from 'ws';
import type { AnyStateMachine } from 'xstate';
import { CHILDREN, ROOTS, type ActorId } from '../machines/charts.ts';
import { RuntimeError } from '../machines/domain/error.ts';
import type { ThreadId } from '../machines/domain/ids.ts';
import type { MachineState } from '../machines/domain/snapshot.ts';
import type { CommittedTick, InspectedEntry, Runtime } from './runtime/api.ts';
import { systemClock } from './runtime/clock.ts';

export const DEFAULT_INSPECTOR_URL = 'ws://localhost:8080';
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const RETRY_MS = 2_000;
/** Above it nothing is sent until the inspector has read on: it is for looking, and may miss something. */
const MOST_BEHIND_BYTES = 1024 * 1024;

/** What was said goes to this machine only. @throws {RuntimeError} INVALID_PARAMS */
export function inspectorUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url !== null && url.protocol === 'ws:' && LOOPBACK.test(url.hostname)) return url.href;
  throw new RuntimeError('INVALID_PARAMS', `${given} is no ws:// address of this machine`);
}

/** The socket to the inspector, opened again whenever it ends. */
class InspectorSocket {
  readonly #url: string;
  readonly #onOpen: () => void;
  #socket: WebSocket | null = null;
  #endRetry = (): void => {};
  #hasEnded = false;

  constructor(url: string, onOpen: () => void) {
    this.#url = url;
    this.#onOpen = onOpen;
    this.#open();
  }

  send(event: StatelyInspectionEvent): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MOST_BEHIND_BYTES) return;
    socket.send(JSON.stringify(event));
  }

  end(): void {
    this.#hasEnded = true;
    this.#endRetry();
    this.#socket?.terminate();
  }

  #open(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.on('open', this.#onOpen);
    // the close that follows tells it too
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!this.#hasEnded) this.#endRetry = systemClock.after(RETRY_MS, () => this.#open());
    });
  }
}

const MACHINES: Readonly<Record<ActorId, AnyStateMachine>> = { root: ROOTS.thread, ...CHILDREN };

type Inspector = ReturnType<typeof createInspector>;
type Ref = Exclude<Parameters<Inspector['actor']>[0], string>;

/** As much of an actor as the inspector's messages are made from. */
interface Shown extends Ref {
  readonly logic: { readonly config: unknown };
}

/** Speaks of what is committed, and only that: it listens as the doors do. Costs nothing unless it is made. */
export class InspectionRelay {
  readonly #runtime: Runtime;
  readonly #socket: InspectorSocket;
  readonly #inspector: Inspector;
  readonly #endListening: () => void;
  readonly #inspections = new Map<ThreadId, () => void>();

  constructor(runtime: Runtime, url: string) {
    this.#runtime = runtime;
    this.#socket = new InspectorSocket(url, () => this.#showAll());
    this.#inspector = createInspector({ send: (event) => this.#socket.send(event) });
    this.#endListening = runtime.onCommitted((tick) => this.#onCommitted(tick));
  }

  end(): void {
    this.#endListening();
    this.#socket.end();
    for (const endInspection of this.#inspections.values()) endInspection();
    this.#inspections.clear();
  }

  #onCommitted({ threads }: CommittedTick): void {
    for (const { threadId, removed, inspected } of threads) {
      if (removed) this.#forget(threadId);
      else if (inspected !== undefined) for (const entry of inspected) this.#tell(threadId, entry);
      else this.#take(threadId);
    }
  }

  /** A thread that moves for the first time. */
  #take(threadId: ThreadId): void {
    this.#inspections.set(threadId, this.#runtime.inspect(threadId));
    this.#show(threadId);
  }

  #forget(threadId: ThreadId): void {
    this.#inspections.get(threadId)?.();
    this.#inspections.delete(threadId);
  }

  /** To an inspector that has just come. */
  #showAll(): void {
    for (const threadId of this.#inspections.keys()) this.#show(threadId);
  }

  /** Its actors as they stand; one that cannot be read now is shown when it moves. */
  #show(threadId: ThreadId): void {
    const state = this.#stateOf(threadId);
    if (state === null) return;
    const { value, children } = state;
    const values = { root: value, ...children };
    for (const actor of ['root', 'connection', 'turn'] as const) {
      const ref = refOf(threadId, actor);
      if (values[actor] !== undefined) this.#inspector.actor(ref, { status: 'active', value: values[actor] });
    }
  }

  #stateOf(threadId: ThreadId): MachineState | null {
    try {
      return this.#runtime.reads.machineState(threadId);
    } catch (error) {
      if (error instanceof RuntimeError) return null;
      throw error;
    }
  }

  #tell(threadId: ThreadId, { input, taken, changes }: InspectedEntry): void {
    const begun = changes.filter(({ from }) => from === null);
    for (const { actor, to } of begun) {
      this.#inspector.actor(refOf(threadId, actor), { status: 'active', value: to });
    }
    taken.forEach(({ actor, event }, index) => {
      const source = taken[index - 1]?.actor;
      const told = index === 0 && isEvent(input) ? input : { type: event };
      const from = source === undefined ? {} : { source: refOf(threadId, source) };
      this.#inspector.event(refOf(threadId, actor), told, from);
    });
    for (const { actor, to } of changes) {
      const event = { type: taken.findLast((each) => each.actor === actor)?.event ?? '' };
      const snapshot = to === null ? { status: 'done' as const } : { status: 'active' as const, value: to };
      this.#inspector.snapshot(refOf(threadId, actor), snapshot, { event });
    }
  }
}

const isEvent = (input: unknown): input is { type: string } =>
  typeof input === 'object' && input !== null && 'type' in input && typeof input.type === 'string';

function refOf(threadId: ThreadId, actor: ActorId): Shown {
  const sessionId = actor === 'root' ? threadId : `${threadId}/${actor}`;
  const parent = actor === 'root' ? {} : { _parent: refOf(threadId, 'root') };
  const { config } = MACHINES[actor];
  const snapshot = { status: 'active', output: undefined, error: undefined } as const;
  return {
    id: sessionId,
    sessionId,
    send: () => {},
    getSnapshot: () => snapshot,
    logic: { config },
    ...parent,
  };
}
