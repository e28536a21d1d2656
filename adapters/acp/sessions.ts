import type { TurnKey } from '../../machines/domain/effect.ts';
import type { ConnectionId, ThreadId } from '../../machines/domain/ids.ts';
import type { Usage } from '../../machines/domain/turn.ts';
import type { ProviderHost, ProviderReport } from '../../machines/ports/provider.ts';
import { OpenRequests } from '../shared/open-requests.ts';
import type { AgentProcess, LoggedFrame } from './agent-process.ts';
import type { OpenRequest } from './approvals.ts';
import type { Controls } from './controls.ts';
import type { AcpPolicy } from './policy.ts';
import type { Terminals } from './terminals.ts';
import { Transcript } from './transcript.ts';

interface SessionStart {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
  readonly cwd: string;
  readonly controls: Controls;
  readonly policy: AcpPolicy;
  readonly terminals: Terminals;
}

/** A turn that has been handed over and has no answer yet. */
export interface RunningTurn extends TurnKey {
  readonly nativeTurnId: string;
  /** We have said that it is to stop. */
  isCancelled: boolean;
}

/** A connection's session at its agent, with what its frames need to know of it. */
export class Session {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
  readonly cwd: string;
  readonly controls: Controls;
  readonly terminals: Terminals;
  readonly transcript: Transcript;
  readonly requests = new OpenRequests<OpenRequest>();
  /** What came for a session before we knew its id: copilot 1.0.102 tells its commands before the answer. */
  readonly early: LoggedFrame[] = [];
  policy: AcpPolicy;
  turn: RunningTurn | null = null;
  /** Until our first prompt, what is said is the past: gemini 0.61.0 repeats it after the answer to `session/load`. */
  isHistory = true;
  takesImages = false;
  usage: Usage | null = null;
  /** `opening` until the session is set up; nothing is told of one that is `gone`. */
  phase: 'opening' | 'open' | 'closing' | 'gone' = 'opening';
  readonly #host: ProviderHost;
  #sessionId: string | null = null;
  #process: AgentProcess | null = null;

  constructor(start: SessionStart, host: ProviderHost) {
    const { connectionId, threadId, cwd, controls, policy, terminals } = start;
    this.connectionId = connectionId;
    this.threadId = threadId;
    this.cwd = cwd;
    this.controls = controls;
    this.policy = policy;
    this.terminals = terminals;
    this.transcript = new Transcript(connectionId, (terminalId) => terminals.textOf(terminalId));
    this.#host = host;
  }

  get hasProcess(): boolean {
    return this.#process !== null;
  }

  get process(): AgentProcess {
    if (this.#process === null) throw new Error('the session has no process');
    return this.#process;
  }

  set process(process: AgentProcess) {
    this.#process = process;
  }

  get isKnown(): boolean {
    return this.#sessionId !== null;
  }

  /** The agent's id of the conversation. */
  get sessionId(): string {
    if (this.#sessionId === null) throw new Error('the session has no id');
    return this.#sessionId;
  }

  set sessionId(sessionId: string) {
    this.#sessionId = sessionId;
  }

  report(...reports: readonly ProviderReport[]): void {
    if (this.phase === 'gone') return;
    for (const report of reports) this.#host.report(this.threadId, report);
  }
}

/** The open sessions of an instance, each on a process of its own, and those that are being ended. */
export class Sessions {
  readonly #byConnection = new Map<ConnectionId, Session>();
  /** By the agent's id: nobody opens a conversation again before its last process is gone. */
  readonly #ending = new Map<string, Promise<void>>();

  get all(): readonly Session[] {
    return [...this.#byConnection.values()];
  }

  of(connectionId: ConnectionId): Session | null {
    return this.#byConnection.get(connectionId) ?? null;
  }

  isOpen(sessionId: string): boolean {
    return this.all.some((session) => session.isKnown && session.sessionId === sessionId);
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

  /** @throws {RuntimeError} INTERNAL when something of the processes outlives SIGKILL */
  end(session: Session, force: boolean): Promise<void> {
    const id = session.isKnown ? session.sessionId : session.connectionId;
    const before = this.#ending.get(id) ?? Promise.resolve();
    const ends = [before, session.process.end(force), session.terminals.end()];
    const ended = Promise.all(ends).then(() => {});
    const settled = ended
      .catch(() => {})
      .finally(() => {
        if (this.#ending.get(id) === settled) this.#ending.delete(id);
      });
    this.#ending.set(id, settled);
    return ended;
  }
}
