import type { TurnKey } from '../../machines/domain/effect.ts';
import type { Failure } from '../../machines/domain/error.ts';
import type { ConnectionId, TurnId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { TurnRef } from '../shared/own-items.ts';

/** A message of ours that was written to claude. */
export interface SentMessage {
  readonly uuid: string;
  /** The turn that it begins or joins. */
  readonly key: TurnKey;
  /** Set for one that joins a running turn. */
  readonly steerId: TurnId | null;
}

/** How claude says that a turn has ended. */
export interface TurnResult {
  readonly outcome: 'completed' | 'failed' | 'interrupted';
  readonly failure: Failure | null;
}

interface Waiting extends SentMessage {
  isAccepted: boolean;
}

interface Running {
  readonly ref: TurnRef;
  /** The result of a turn that goes on, because a message which joined it has not been read yet. */
  result: TurnResult | null;
}

const NONE: TurnRef = byNative(null);

/**
 * Which message claude is working on: its turns have no ids of their own. Newer versions tell the life of each message
 * (`command_lifecycle`); older ones repeat a message when they read it, and their turns begin in the order of what asked
 * for them: messages and the ends of background tasks. A turn that no message is behind is claude's own.
 */
export class Prompts {
  readonly #connectionId: ConnectionId;
  readonly #waiting = new Map<string, Waiting>();
  /** What will begin a turn where messages have no life of their own: messages, or `null` for the end of a task. */
  #order: (string | null)[] = [];
  #running: Running | null = null;
  /** A task has ended while nothing ran: a turn of claude's own is about to begin. */
  #isOwnDue = false;
  /** Whether messages have a life of their own is known when the first turn begins. */
  #lifecycle: 'unknown' | 'none' | 'told' = 'unknown';

  constructor(connectionId: ConnectionId) {
    this.#connectionId = connectionId;
  }

  /** The turn that runs. */
  get current(): TurnRef {
    return this.#running?.ref ?? NONE;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Without a life of their own, prompts are lost in what comes of background work: claude does not say what it read. */
  folds(hasBackground: boolean): boolean {
    return this.#lifecycle === 'none' && (hasBackground || this.#isOwnDue);
  }

  isWaiting(uuid: string): boolean {
    return this.#waiting.has(uuid);
  }

  /** Messages that claude has not read, in order. */
  get waiting(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  /** A message is about to be written. */
  sent(message: SentMessage): readonly ProviderReport[] {
    const waiting = { ...message, isAccepted: false };
    this.#waiting.set(message.uuid, waiting);
    if (message.steerId === null) this.#order.push(message.uuid);
    // an older version says nothing of it until it is read
    const isTold = this.#lifecycle !== 'none' || (message.steerId === null && this.#running !== null);
    return isTold ? [] : this.#accept(waiting);
  }

  lifecycle(uuid: string, state: string): readonly ProviderReport[] {
    this.#lifecycle = 'told';
    const message = this.#waiting.get(uuid);
    if (message === undefined) return [];
    if (state === 'queued') {
      // beside a turn of claude's own it may yet become a part of that
      return message.steerId === null && this.#running !== null ? [] : this.#accept(message);
    }
    return state === 'cancelled' ? this.#cancel(message) : this.#read(message);
  }

  /** Claude says that a turn begins. `initId` names one that no message is behind. */
  began(initId: string, capabilities: readonly string[]): readonly ProviderReport[] {
    const isTold = this.#lifecycle === 'told' || capabilities.includes(LIFECYCLE);
    this.#lifecycle = isTold ? 'told' : 'none';
    this.#isOwnDue = false;
    if (this.#running !== null) {
      this.#running.result = null;
      return [];
    }
    const message = isTold ? undefined : this.#nextInOrder();
    return message === undefined ? this.#begin(byNative(`own:${initId}`)) : this.#beginOwn(message);
  }

  /** A background task has ended, which makes claude begin a turn. */
  taskEnded(): void {
    if (this.#lifecycle !== 'none') return;
    this.#order.push(null);
    this.#isOwnDue ||= this.#running === null;
  }

  /** Claude has read a message and repeats it. */
  replayed(uuid: string): readonly ProviderReport[] {
    const message = this.#waiting.get(uuid);
    return message === undefined ? [] : this.#read(message);
  }

  ended(result: TurnResult): readonly ProviderReport[] {
    const unstarted = [...this.#waiting.values()].find(({ steerId }) => steerId === null);
    if (this.#running === null) {
      return unstarted === undefined ? [] : [...this.#beginOwn(unstarted), ...this.#end(result)];
    }
    const hasSteer = [...this.#waiting.values()].some(({ steerId }) => steerId !== null);
    if (!hasSteer || result.outcome === 'interrupted') return this.#end(result);
    this.#running.result = result;
    return [];
  }

  /** Claude begins to work on the message, alone or within the turn that runs. */
  #read(message: Waiting): readonly ProviderReport[] {
    if (this.#running === null) return this.#beginOwn(message);
    this.#forget(message.uuid);
    this.#running.result = null;
    if (message.steerId !== null) return this.#accept(message);
    // folded into a turn of claude's own, which the accepted prompt names
    const { nativeTurnId } = this.#running.ref;
    return [this.#accepted(message, nativeTurnId)];
  }

  #beginOwn(message: Waiting): readonly ProviderReport[] {
    this.#forget(message.uuid);
    if (message.steerId !== null) return this.#begin(byNative(message.uuid));
    const { turnId, attempt } = message.key;
    const accepted = this.#accept(message);
    return [...accepted, ...this.#begin({ turnId, attempt, nativeTurnId: message.uuid })];
  }

  #begin(ref: TurnRef): readonly ProviderReport[] {
    this.#running = { ref, result: null };
    return [{ type: 'provider.turnStarted', connectionId: this.#connectionId, ...ref, isNew: false }];
  }

  #end({ outcome, failure }: TurnResult): readonly ProviderReport[] {
    const { ref } = this.#running ?? { ref: NONE };
    this.#running = null;
    for (const { uuid, steerId } of this.#waiting.values()) if (steerId !== null) this.#forget(uuid);
    return [{ type: 'provider.turnEnded', connectionId: this.#connectionId, ...ref, outcome, failure }];
  }

  /** It will not be read. A prompt that was taken back ends by it, and so does a turn that waited for nothing else. */
  #cancel(message: Waiting): readonly ProviderReport[] {
    this.#forget(message.uuid);
    if (message.steerId === null) {
      const { turnId, attempt } = message.key;
      const ref = { turnId, attempt, nativeTurnId: message.uuid };
      const ended = { outcome: 'interrupted', failure: null } as const;
      return [{ type: 'provider.turnEnded', connectionId: this.#connectionId, ...ref, ...ended }];
    }
    const result = this.#running?.result ?? null;
    const isLast = ![...this.#waiting.values()].some(({ steerId }) => steerId !== null);
    return result !== null && isLast ? this.#end(result) : [];
  }

  #accept(message: Waiting): readonly ProviderReport[] {
    if (message.isAccepted) return [];
    message.isAccepted = true;
    const { steerId, key, uuid } = message;
    if (steerId === null) return [this.#accepted(message, uuid)];
    return [{ type: 'provider.steerAccepted', ...key, connectionId: this.#connectionId, steerId }];
  }

  #accepted({ key: { turnId, attempt } }: Waiting, nativeTurnId: string | null): ProviderReport {
    const connectionId = this.#connectionId;
    return { type: 'provider.turnAccepted', connectionId, turnId, attempt, nativeTurnId };
  }

  #forget(uuid: string): void {
    this.#waiting.delete(uuid);
    this.#order = this.#order.filter((each) => each !== uuid);
  }

  /** The message that begins the next turn; ends of tasks before it share one turn of claude's own. */
  #nextInOrder(): Waiting | undefined {
    const [first] = this.#order;
    if (typeof first === 'string') return this.#waiting.get(first);
    const next = this.#order.findIndex((each) => each !== null);
    this.#order = next < 0 ? [] : this.#order.slice(next);
    return undefined;
  }
}

/** What a claude says that tells the life of each message. */
const LIFECYCLE = 'msg_lifecycle_v1';
