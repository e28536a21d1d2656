import type { TurnKey } from '../../machines/domain/effect.ts';
import type { Usage } from '../../machines/domain/turn.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import type { LoggedMessage } from '../shared/json-rpc-process.ts';
import { OpenRequests } from '../shared/open-requests.ts';
import { ProcessSession, type SessionPlace } from '../shared/process-sessions.ts';
import type { AgentProcess } from './agent-process.ts';
import type { OpenRequest } from './approvals.ts';
import type { Controls } from './controls.ts';
import type { AcpPolicy } from './policy.ts';
import type { Terminals } from './terminals.ts';
import { Transcript } from './transcript.ts';

interface SessionStart extends SessionPlace {
  readonly controls: Controls;
  readonly policy: AcpPolicy;
  readonly terminals: Terminals;
  /** Of an agent that is started with its model; `null`: with its default. */
  readonly launchModel?: string | null;
}

/** A turn that has been handed over and has no answer yet. */
export interface RunningTurn extends TurnKey {
  readonly nativeTurnId: string;
  /** We have said that it is to stop. */
  isCancelled: boolean;
}

/** A connection's session at its agent, with what its frames need to know of it. */
export class Session extends ProcessSession<AgentProcess> {
  readonly controls: Controls;
  readonly terminals: Terminals;
  readonly launchModel?: string | null;
  readonly transcript: Transcript;
  readonly requests = new OpenRequests<OpenRequest>();
  /** What came for a session before we knew its id: copilot 1.0.102 tells its commands before the answer. */
  readonly early: LoggedMessage[] = [];
  policy: AcpPolicy;
  turn: RunningTurn | null = null;
  /** Until our first prompt, what is said is the past: gemini 0.61.0 repeats it after the answer to `session/load`. */
  isHistory = true;
  takesImages = false;
  usage: Usage | null = null;
  #sessionId: string | null = null;
  #calledId: string | null = null;

  constructor(start: SessionStart, host: ProviderHost) {
    super(start, host);
    const { connectionId, controls, policy, terminals, launchModel } = start;
    this.controls = controls;
    this.policy = policy;
    this.terminals = terminals;
    if (launchModel !== undefined) this.launchModel = launchModel;
    this.transcript = new Transcript(connectionId, (terminalId) => terminals.textOf(terminalId));
  }

  override get nativeId(): string | null {
    return this.#sessionId;
  }

  get isKnown(): boolean {
    return this.#sessionId !== null;
  }

  /** What the agent keeps the conversation by. */
  get sessionId(): string {
    if (this.#sessionId === null) throw new Error('the session has no id');
    return this.#sessionId;
  }

  set sessionId(sessionId: string) {
    this.#sessionId = sessionId;
  }

  /** What it is called on this connection; default: its id. */
  get calledId(): string {
    return this.#calledId ?? this.sessionId;
  }

  set calledId(calledId: string) {
    this.#calledId = calledId;
  }

  override async endProcess(force: boolean): Promise<void> {
    await Promise.all([super.endProcess(force), this.terminals.end()]);
  }
}
