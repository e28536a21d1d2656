import type { TurnKey } from '../../machines/domain/effect.ts';
import type { ConnectionId, ThreadId } from '../../machines/domain/ids.ts';
import type { AskedSettings, SettingsInEffect } from './requests.ts';
import type { AgentPlace } from './agents.ts';

/** A connection's thread at codex, with what its prompts need to know of it. */
export interface Session {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
  readonly nativeThreadId: string;
  /** As codex answered when it was opened. */
  readonly model: string;
  readonly effort: string | null;
  /** What codex last said that it goes by. */
  settings: SettingsInEffect;
  /** The last prompt and what it asked for, until that has been compared. */
  asked: {
    readonly turn: TurnKey & { readonly nativeTurnId: string };
    readonly settings: AskedSettings;
  } | null;
  /** The mode that codex is in; a prompt changes it. */
  mode: 'default' | 'plan';
  /** The turn of a review that is under way, by the id that codex goes on with. */
  reviewTurnId: string | null;
  /** An interrupt after which nothing was settled: a command may still run. Resolves with codex's answer, never rejects. */
  interrupted: Promise<void> | null;
  /** Of a sub-agent: the session that carries it, and its place there. */
  readonly parent: { readonly session: Session; readonly place: AgentPlace } | null;
  /** The compaction that was asked for, until its turn begins: only that says the turn's id. */
  compacting: TurnKey | null;
}

/** Where the frames of a thread of codex go. */
export interface Route {
  readonly session: Session;
  /** Set where it is a sub-agent of the session's thread and has no thread of its own. */
  readonly agent: AgentPlace | null;
}

/** The routing table: threads of codex ↔ connections. Knows nothing of turns. */
export class Sessions {
  readonly #byConnection = new Map<ConnectionId, Session>();
  readonly #routes = new Map<string, Route>();

  /** A thread that is opened again belongs to its newest connection. */
  add(session: Session): void {
    this.#byConnection.set(session.connectionId, session);
    this.#routes.set(session.nativeThreadId, { session, agent: null });
  }

  get isEmpty(): boolean {
    return this.#byConnection.size === 0;
  }

  of(connectionId: ConnectionId): Session | null {
    return this.#byConnection.get(connectionId) ?? null;
  }

  route(nativeThreadId: string): Route | null {
    return this.#routes.get(nativeThreadId) ?? null;
  }

  /** Of a thread of codex that is one of ours. */
  threadOf(nativeThreadId: string): ThreadId | null {
    const route = this.route(nativeThreadId);
    return route?.agent === null ? route.session.threadId : null;
  }

  /** Sub-agents at any depth, those that others have begun after them. */
  carriedBy(session: Session): readonly Session[] {
    return [...this.#byConnection.values()].filter((each) => isCarriedBy(each, session));
  }

  /**
   * Frames of a sub-agent without a thread go to the session that began it; a later turn that has to do with it takes them over. A thread
   * with a connection of its own is nobody's sub-agent.
   */
  adopt(nativeThreadId: string, route: Route): void {
    const known = this.route(nativeThreadId);
    if (known === null) this.#routes.set(nativeThreadId, route);
    else if (known.agent !== null && route.agent !== null) {
      const { itemId, begun } = known.agent;
      const agent = { ...route.agent, itemId, begun };
      this.#routes.set(nativeThreadId, { session: route.session, agent });
    }
  }

  /** Forgets the connection and its sub-agents; nothing is reported for it any more. */
  remove(connectionId: ConnectionId): Session | null {
    const session = this.of(connectionId);
    this.#byConnection.delete(connectionId);
    for (const [nativeThreadId, route] of this.#routes) {
      if (route.session.connectionId === connectionId) this.#routes.delete(nativeThreadId);
    }
    return session;
  }
}

const isCarriedBy = ({ parent }: Session, session: Session): boolean =>
  parent !== null && (parent.session === session || isCarriedBy(parent.session, session));
