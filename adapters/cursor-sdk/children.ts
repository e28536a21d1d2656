/** Sub-agents: the SDK tells what they do within the call that began them; here they are threads of their own. */
import type { Capabilities } from '../../machines/domain/capability.ts';
import { failure, type Failure } from '../../machines/domain/error.ts';
import {
  carriedConnectionIdOf,
  childThreadIdOf,
  type ConnectionId,
  type ItemId,
  type ThreadId,
} from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import { TITLE_LENGTH, type ItemBody, type ItemStatus } from '../../machines/domain/item.ts';
import { CHILD_LIMIT, type ProviderReport } from '../../machines/ports/provider.ts';
import { ownItem } from '../shared/own-items.ts';
import { CAPABILITIES } from './capabilities.ts';

/** Nothing of ours gets to it; a prompt of a person begins a conversation of its own. */
const CHILD_CAPABILITIES: Capabilities = {
  ...CAPABILITIES,
  interrupt: false,
  nativeSteer: false,
  resume: false,
};

/** A sub-agent, from the beginning of its call on. */
export interface Child {
  readonly threadId: ThreadId;
  readonly connectionId: ConnectionId;
  readonly nativeTurnId: string;
  isRunning: boolean;
}

/** The call that begins one. */
export interface Birth {
  /** Of the thread that makes the call. */
  readonly connectionId: ConnectionId;
  readonly nativeTurnId: string;
  readonly callId: string;
  readonly itemId: ItemId;
  readonly title: string;
  readonly prompt: string;
  readonly rawRef: string;
}

interface Words {
  readonly threadId: ThreadId;
  readonly reports: readonly ProviderReport[];
}

/** The sub-agents of a connection, nested ones too, and what they say, until what began them has been told of. */
export class Children {
  readonly #carrier: { readonly connectionId: ConnectionId; readonly threadId: ThreadId };
  readonly #live = new Map<ConnectionId, Child>();
  #words: Words[] = [];

  constructor(connectionId: ConnectionId, threadId: ThreadId) {
    this.#carrier = { connectionId, threadId };
  }

  on(connectionId: ConnectionId): Child | null {
    return this.#live.get(connectionId) ?? null;
  }

  /** `null`: there is no room. */
  begin(birth: Birth): Child | null {
    if (this.#live.size >= CHILD_LIMIT) return null;
    const key = `${birth.nativeTurnId}:${birth.callId}`;
    const threadId = childThreadIdOf(this.#carrier.threadId, key);
    const connectionId = carriedConnectionIdOf(this.#carrier.connectionId, threadId);
    const child = { threadId, connectionId, nativeTurnId: key, isRunning: true };
    this.#live.set(connectionId, child);
    this.tell(child, () => beginning(child, birth));
    return child;
  }

  /** What is told of those that it begins meanwhile comes after it. */
  tell({ threadId, connectionId }: Child, say: () => readonly ProviderReport[]): void {
    const place = this.#words.length;
    const reports = say();
    if (this.#live.has(connectionId)) this.#words.splice(place, 0, { threadId, reports });
  }

  end(child: Child, status: ItemStatus, text: string): void {
    if (!child.isRunning) return;
    child.isRunning = false;
    const { connectionId, nativeTurnId } = child;
    const end = { type: 'provider.turnEnded', connectionId, ...byNative(nativeTurnId) } as const;
    this.tell(child, () => [{ ...end, ...outcomeOf(status, text) }]);
  }

  /** Its thread has no connection any more; `lost`: that was not asked for. */
  leave(child: Child, lost: Failure | null): void {
    const { connectionId } = child;
    if (lost === null) this.end(child, 'interrupted', '');
    this.tell(child, () =>
      lost === null
        ? [{ type: 'connection.closed', connectionId }]
        : [{ type: 'connection.lost', connectionId, failure: lost }],
    );
    this.#live.delete(connectionId);
  }

  leaveAll(lost: Failure | null): void {
    for (const child of this.#live.values()) this.leave(child, lost);
  }

  /** What is to be told, in order. */
  take(): readonly Words[] {
    const words = this.#words;
    this.#words = [];
    return words;
  }
}

/** What makes its thread, for the one that makes the call. */
export function agentStarted(child: Child, birth: Birth): ProviderReport {
  const { connectionId, nativeTurnId, itemId, title } = birth;
  const { threadId } = child;
  const carried = {
    connectionId: child.connectionId,
    nativeThreadId: null,
    capabilities: CHILD_CAPABILITIES,
  };
  return {
    type: 'provider.agentStarted',
    connectionId,
    ...byNative(nativeTurnId),
    itemId,
    title: title.slice(0, TITLE_LENGTH),
    child: { threadId, ...carried, model: null },
  };
}

function beginning({ connectionId, nativeTurnId }: Child, birth: Birth): readonly ProviderReport[] {
  const turn = byNative(nativeTurnId);
  const started = { type: 'provider.turnStarted', connectionId, ...turn, isNew: false } as const;
  const { prompt: text, rawRef } = birth;
  const body: ItemBody = { kind: 'user_message', intent: 'provider', attachments: [] };
  return text === ''
    ? [started]
    : [started, ownItem({ connectionId, turn, rawRef }, { key: 'prompt', body, text })];
}

function outcomeOf(status: ItemStatus, text: string) {
  if (status === 'completed') return { outcome: 'completed', failure: null } as const;
  if (status !== 'failed') return { outcome: 'interrupted', failure: null } as const;
  const cause = failure('PROVIDER_ERROR', text || 'the sub-agent has failed', { class: 'provider' });
  return { outcome: 'failed', failure: cause } as const;
}
