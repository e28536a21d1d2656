import type { ConnectionId, ThreadId } from '../../machines/domain/ids.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import type { ProviderHost, ProviderReport } from '../../machines/ports/provider.ts';
import { OpenRequests } from '../shared/open-requests.ts';
import type { ClaudeProcess } from './claude-process.ts';
import type { OpenRequest } from './open-requests.ts';
import type { PermissionMode } from './policy.ts';
import { Prompts } from './prompts.ts';
import type { InEffect } from './requests.ts';
import { Transcript } from './transcript.ts';

interface SessionStart {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
  readonly sessionId: string;
  readonly cwd: string;
  readonly inEffect: InEffect;
}

/** A connection's process at claude, with what its prompts need to know of it. */
export class Session {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
  readonly cwd: string;
  readonly prompts: Prompts;
  readonly transcript: Transcript;
  readonly requests = new OpenRequests<OpenRequest>();
  /** Claude's id of the conversation; `/clear` begins another one. */
  sessionId: string;
  /** What was told when it was opened. */
  opened: ThreadInputOf<'connection.opened'> | null = null;
  /** As it was last asked for. */
  inEffect: InEffect;
  /** As claude says: a person can grant more for the session, and claude can plan by itself. */
  permissionMode: PermissionMode;
  /** Claude's word for what went wrong at the model's end; the result of the turn lacks it. */
  errorWord = '';
  /** The compaction that was asked for last, and why it failed, where it did. */
  compaction: { readonly uuid: string; error: string | null } | null = null;
  /** Whether claude has certainly written the conversation down: it does so a moment after it has begun a turn. */
  isKept = false;
  /** What claude said of a start that failed. */
  startError = '';
  /** `opening` until the handshake is done; nothing is told of one that is `gone`. */
  phase: 'opening' | 'open' | 'closing' | 'gone' = 'opening';
  readonly #host: ProviderHost;
  #folds = false;
  #process: ClaudeProcess | null = null;

  constructor(start: SessionStart, host: ProviderHost) {
    const { connectionId, threadId, sessionId, cwd, inEffect } = start;
    this.connectionId = connectionId;
    this.threadId = threadId;
    this.sessionId = sessionId;
    this.cwd = cwd;
    this.inEffect = inEffect;
    this.permissionMode = inEffect.permissionMode;
    this.prompts = new Prompts(connectionId);
    this.transcript = new Transcript(connectionId, cwd);
    this.#host = host;
  }

  get hasProcess(): boolean {
    return this.#process !== null;
  }

  get process(): ClaudeProcess {
    if (this.#process === null) throw new Error('the session has no process');
    return this.#process;
  }

  set process(process: ClaudeProcess) {
    this.#process = process;
  }

  /** Says whether a prompt would be folded now, where that has changed. */
  reportFolding(): void {
    const folds = this.prompts.folds(this.transcript.hasBackground);
    if (folds === this.#folds) return;
    this.#folds = folds;
    this.report({ type: 'provider.foldingChanged', connectionId: this.connectionId, folds });
  }

  get isCompacting(): boolean {
    return this.compaction !== null && this.compaction.uuid === this.prompts.current.nativeTurnId;
  }

  report(...reports: readonly ProviderReport[]): void {
    if (this.phase === 'gone') return;
    for (const report of reports) this.#host.report(this.threadId, report);
  }
}

/** The open sessions of an instance, each a process of its own, and those that are being ended. */
export class Sessions {
  readonly #byConnection = new Map<ConnectionId, Session>();
  /** By claude's id: nobody opens a conversation again before its last process is gone. */
  readonly #ending = new Map<string, Promise<void>>();

  get all(): readonly Session[] {
    return [...this.#byConnection.values()];
  }

  of(connectionId: ConnectionId): Session | null {
    return this.#byConnection.get(connectionId) ?? null;
  }

  bySessionId(sessionId: string): Session | null {
    return this.all.find((session) => session.sessionId === sessionId) ?? null;
  }

  add(session: Session): void {
    this.#byConnection.set(session.connectionId, session);
  }

  /** Nothing is reported for the connection any more. */
  remove(session: Session): void {
    session.phase = 'gone';
    if (this.of(session.connectionId) === session) this.#byConnection.delete(session.connectionId);
  }

  /** Resolves when no process of the conversation is left. */
  async ended(sessionId: string): Promise<void> {
    await this.#ending.get(sessionId);
  }

  /** Resolves when no process is left of any session that was let go. */
  async allEnded(): Promise<void> {
    await Promise.all(this.#ending.values());
  }

  /** @throws {RuntimeError} INTERNAL when something of the process outlives SIGKILL */
  end(session: Session, force: boolean): Promise<void> {
    const { sessionId } = session;
    const before = this.#ending.get(sessionId);
    const ended = Promise.all([before, session.process.end(force)]).then(() => {});
    const settled = ended
      .catch(() => {})
      .finally(() => {
        if (this.#ending.get(sessionId) === settled) this.#ending.delete(sessionId);
      });
    this.#ending.set(sessionId, settled);
    return ended;
  }
}
