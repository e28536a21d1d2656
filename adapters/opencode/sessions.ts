import type { ConnectionId, ItemId, RequestId, ThreadId } from '../../machines/domain/ids.ts';
import type { AgentPlace, FoundAgent } from './agents.ts';
import type { OpenRequest } from './approvals.ts';
import { Conversation } from './conversation.ts';
import type { Rule } from './policy.ts';
import type { Tokens } from './wire.ts';
import { Silence } from './silence.ts';

interface SessionParts {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
  readonly nativeThreadId: string;
  readonly directory: string;
  readonly model: string | null;
  readonly rules: readonly Rule[];
  readonly newestId: string;
  readonly contextWindow: number | null;
  /** Of what was said before. */
  readonly tokens: Tokens | null;
  /** The session whose connection carries that of this one, a sub-agent's. */
  readonly carrier?: Session;
  readonly onSilence: (session: Session) => void;
}

/** What is asked for a call of which nothing else is known yet waits until it is. */
class EarlyWishes {
  readonly #waiting = new Map<ItemId, (() => void)[]>();

  hold(itemId: ItemId, take: () => void): void {
    this.#waiting.set(itemId, [...(this.#waiting.get(itemId) ?? []), take]);
  }

  release(itemId: ItemId): void {
    const waiting = this.#waiting.get(itemId) ?? [];
    this.#waiting.delete(itemId);
    for (const take of waiting) take();
  }

  clear(): void {
    this.#waiting.clear();
  }
}

/** A connection's session at opencode, with what its prompts and requests need to know of it. */
export class Session {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
  readonly nativeThreadId: string;
  readonly directory: string;
  /** For prompts that name none; `null`: opencode's own. */
  readonly model: string | null;
  /** That of the last prompt: opencode goes on with it. */
  lastModel: string | null;
  /** `null`: its connection is its own. */
  readonly carrier: Session | null;
  /** In effect for prompts; a running turn has those of its start. */
  rules: readonly Rule[];
  /** Those that opencode has for the session; a sub-agent's begins without. */
  inEffect: readonly Rule[];
  /** What a person has allowed for the rest of the session. */
  grants: readonly Rule[] = [];
  readonly talk: Conversation;
  readonly silence: Silence;
  /** What waits for its answer. */
  readonly requests = new Map<RequestId, OpenRequest>();
  /** What an ended turn has left unanswered: opencode keeps it. */
  readonly left = new Map<string, OpenRequest>();
  readonly early = new EarlyWishes();
  /** An interrupt that opencode has not answered; never rejects. The next prompt waits for it. */
  aborting: Promise<void> = Promise.resolve();

  constructor(parts: SessionParts) {
    this.connectionId = parts.connectionId;
    this.threadId = parts.threadId;
    this.nativeThreadId = parts.nativeThreadId;
    this.directory = parts.directory;
    this.model = parts.model;
    this.lastModel = parts.model;
    this.carrier = parts.carrier ?? null;
    this.rules = parts.rules;
    this.inEffect = this.carrier === null ? parts.rules : [];
    this.talk = new Conversation(parts.newestId);
    this.talk.contextWindow = parts.contextWindow;
    if (parts.tokens !== null) this.talk.tokens = parts.tokens;
    this.silence = new Silence(() => parts.onSilence(this));
  }

  /** What is allowed to a thread is allowed to its sub-agents. */
  get allowed(): readonly Rule[] {
    return [...this.rules, ...(this.carrier?.grants ?? []), ...this.grants];
  }

  /** A sub-agent that has not said anything yet. */
  get isAwaited(): boolean {
    return this.carrier !== null && this.talk.isUnused;
  }

  /** Nobody waits for the answers any more. */
  leaveRequests(): void {
    for (const request of this.requests.values()) this.left.set(request.nativeId, request);
    this.requests.clear();
    this.early.clear();
  }
}

/** Where the events of a session of opencode go. */
export interface Route {
  readonly session: Session;
  /** Of the session that the event is about. */
  readonly talk: Conversation;
  /** Set where it is a sub-agent that is no thread of its own. */
  readonly agent: AgentPlace | null;
}

/** The routing table: sessions of opencode ↔ connections. Knows nothing of turns. */
export class Sessions {
  readonly #byConnection = new Map<ConnectionId, Session>();
  readonly #routes = new Map<string, Route>();

  get all(): readonly Session[] {
    return [...this.#byConnection.values()];
  }

  /** A session that is opened again belongs to its newest connection. */
  add(session: Session): void {
    this.#byConnection.set(session.connectionId, session);
    this.#routes.set(session.nativeThreadId, { session, talk: session.talk, agent: null });
  }

  of(connectionId: ConnectionId): Session | null {
    return this.#byConnection.get(connectionId) ?? null;
  }

  route(nativeThreadId: string): Route | null {
    return this.#routes.get(nativeThreadId) ?? null;
  }

  /** Events of a sub-agent go to the session that began it. */
  adopt({ sessionId, place: agent }: FoundAgent, session: Session): void {
    this.#routes.set(sessionId, { session, talk: new Conversation(''), agent });
  }

  /** The sub-agents of a session that are threads of their own, nested ones too. */
  carriedBy(session: Session): readonly Session[] {
    return this.all.filter(({ carrier }) => carrier === session);
  }

  /** The other sub-agents of a session. */
  agentsOf(session: Session): readonly string[] {
    return [...this.#routes].flatMap(([id, route]) =>
      route.session === session && route.agent !== null ? [id] : [],
    );
  }

  /** Forgets the connection and its sub-agents; nothing is reported for it any more. */
  remove(connectionId: ConnectionId): Session | null {
    const session = this.of(connectionId);
    this.#byConnection.delete(connectionId);
    session?.silence.stop();
    for (const [nativeThreadId, route] of this.#routes) {
      if (route.session.connectionId === connectionId) this.#routes.delete(nativeThreadId);
    }
    return session;
  }
}
