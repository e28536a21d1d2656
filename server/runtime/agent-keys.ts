/** The keys by which agents reach the runtime: one for each connection, in memory only, and worth nothing after it. */
import { createHash, randomBytes } from 'node:crypto';
import type { AgentTools } from '../../machines/domain/effect.ts';
import type { ConnectionId, ThreadId } from '../../machines/domain/ids.ts';
import { connectionIdIn } from '../../machines/thread-turns.ts';
import type { LoadedThread } from './loaded-thread.ts';
import type { Threads } from './threads.ts';

/** What agents call the server. */
const SERVER_NAME = 'threadchart';
/** Known to what takes secrets out of logs. */
const PREFIX = 'tca_';
const KEY_BYTES = 32;

/** Who a key stands for. */
export interface AgentPrincipal {
  readonly threadId: ThreadId;
  readonly connectionId: ConnectionId;
}

/** Where the runtime is to be reached, and what is there. */
export type AgentDoor = Pick<AgentTools, 'url' | 'readers'>;

export class AgentKeys {
  readonly #threads: Pick<Threads, 'peek'>;
  /** By hash: the key itself is kept by the agent alone. */
  readonly #byHash = new Map<string, AgentPrincipal>();
  readonly #hashes = new Map<ThreadId, string>();
  #door: AgentDoor | null = null;

  constructor(threads: Pick<Threads, 'peek'>) {
    this.#threads = threads;
  }

  /** From now on agents are told that the runtime is to be reached there. */
  setDoor(door: AgentDoor): void {
    this.#door = door;
  }

  /** A new key, in place of the thread's last one; `null`: there is no door yet. */
  issue(principal: AgentPrincipal): AgentTools | null {
    if (this.#door === null) return null;
    this.#forget(principal.threadId);
    const bearer = PREFIX + randomBytes(KEY_BYTES).toString('base64url');
    const hash = hashOf(bearer);
    this.#byHash.set(hash, principal);
    this.#hashes.set(principal.threadId, hash);
    return { name: SERVER_NAME, ...this.#door, bearer };
  }

  /** `null`: nobody's, or of a connection that is over or being closed. */
  authenticate(bearer: string): AgentPrincipal | null {
    const found = this.#byHash.get(hashOf(bearer)) ?? null;
    return found !== null && this.isCurrent(found) ? found : null;
  }

  isCurrent({ threadId, connectionId }: AgentPrincipal): boolean {
    const context = this.#threads.peek(threadId)?.context;
    if (context === undefined || connectionIdIn(context) !== connectionId) return false;
    const { phase, closing } = context.link;
    return (phase === 'opening' || phase === 'open') && closing === null;
  }

  /** After a commit: keys of connections that are gone are forgotten. */
  look(threads: Iterable<LoadedThread>): void {
    for (const { threadId, context } of threads) if (context.link.phase === 'none') this.#forget(threadId);
  }

  get count(): number {
    return this.#byHash.size;
  }

  #forget(threadId: ThreadId): void {
    const hash = this.#hashes.get(threadId);
    if (hash === undefined) return;
    this.#hashes.delete(threadId);
    this.#byHash.delete(hash);
  }
}

/** Found by its hash: how long that takes says nothing of the key. */
const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');
