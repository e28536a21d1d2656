/** Sessions with a process each, the open ones of an instance and those that are being ended. */
import type { Failure } from '../../machines/domain/error.ts';
import type { ConnectionId, ThreadId } from '../../machines/domain/ids.ts';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost, ProviderReport } from '../../machines/ports/provider.ts';

interface SessionProcess {
  setPaused(isPaused: boolean): void;
  end(force: boolean): Promise<void>;
}

/** Which thread a session is for, and where it works. */
export interface SessionPlace {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
  readonly cwd: string;
}

/** A connection's process; what it says is told to its thread. */
export abstract class ProcessSession<P extends SessionProcess> {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
  readonly cwd: string;
  /** `opening` until it is set up; nothing is told of one that is `gone`. */
  phase: 'opening' | 'open' | 'closing' | 'gone' = 'opening';
  readonly #host: ProviderHost;
  #process: P | null = null;

  constructor({ connectionId, threadId, cwd }: SessionPlace, host: ProviderHost) {
    this.connectionId = connectionId;
    this.threadId = threadId;
    this.cwd = cwd;
    this.#host = host;
  }

  /** The agent's id of the conversation; `null`: not known yet. */
  abstract readonly nativeId: string | null;

  get hasProcess(): boolean {
    return this.#process !== null;
  }

  get process(): P {
    if (this.#process === null) throw new Error('the session has no process');
    return this.#process;
  }

  set process(process: P) {
    this.#process = process;
  }

  /** @throws {RuntimeError} INTERNAL when something of the process outlives SIGKILL */
  async endProcess(force: boolean): Promise<void> {
    await this.process.end(force);
  }

  report(...reports: readonly ProviderReport[]): void {
    this.reportOn(this.threadId, ...reports);
  }

  /** Of a thread that this connection carries. */
  reportOn(threadId: ThreadId, ...reports: readonly ProviderReport[]): void {
    if (this.phase === 'gone') return;
    for (const report of reports) this.#host.report(threadId, report);
  }

  /** The last word about the threads that this connection carries; `null`: it was closed. */
  leaveCarried(_lost: Failure | null): void {}
}

export type AnySession = ProcessSession<SessionProcess>;

export class ProcessSessions<S extends AnySession> {
  readonly #byConnection = new Map<ConnectionId, S>();
  /** By the agent's id: nobody opens a conversation again before its last process is gone. */
  readonly #ending = new Map<string, Promise<void>>();

  get all(): readonly S[] {
    return [...this.#byConnection.values()];
  }

  of(connectionId: ConnectionId): S | null {
    return this.#byConnection.get(connectionId) ?? null;
  }

  isOpen(nativeId: string): boolean {
    return this.all.some((session) => session.nativeId === nativeId);
  }

  add(session: S): void {
    this.#byConnection.set(session.connectionId, session);
  }

  /** Nothing is reported for the connection any more. */
  remove(session: S): void {
    session.phase = 'gone';
    if (this.of(session.connectionId) === session) this.#byConnection.delete(session.connectionId);
  }

  /** Resolves when no process of the conversation is left. */
  async ended(nativeId: string): Promise<void> {
    await this.#ending.get(nativeId);
  }

  /** Resolves when no process is left of any session that was let go. */
  async allEnded(): Promise<void> {
    await Promise.all(this.#ending.values());
  }

  /** @throws {RuntimeError} INTERNAL when something of the process outlives SIGKILL */
  end(session: S, force: boolean): Promise<void> {
    const id = session.nativeId ?? session.connectionId;
    const before = this.#ending.get(id);
    const ended = Promise.all([before, session.endProcess(force)]).then(() => {});
    const settled = ended
      .catch(() => {})
      .finally(() => {
        if (this.#ending.get(id) === settled) this.#ending.delete(id);
      });
    this.#ending.set(id, settled);
    return ended;
  }
}

/** What belongs to an instance from its start to its stop: no process of its own, but those of its connections. */
export class SessionsRun<S extends AnySession> {
  readonly spec: ProcessSpec;
  readonly host: ProviderHost;
  readonly sessions = new ProcessSessions<S>();
  isPaused = false;

  constructor(spec: ProcessSpec, host: ProviderHost) {
    this.spec = spec;
    this.host = host;
  }

  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
    for (const session of this.sessions.all) if (session.hasProcess) session.process.setPaused(isPaused);
  }

  /** Ends every connection without a word. @throws {RuntimeError} INTERNAL when something outlives SIGKILL */
  async end(force: boolean): Promise<void> {
    const sessions = this.sessions.all;
    for (const session of sessions) this.sessions.remove(session);
    const started = sessions.filter(({ hasProcess }) => hasProcess);
    await Promise.all(started.map((session) => this.sessions.end(session, force)));
    await this.sessions.allEnded();
  }
}
