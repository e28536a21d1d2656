import type { Failure } from '../../machines/domain/error.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { OpenRequests } from '../shared/open-requests.ts';
import { ProcessSession, type SessionPlace } from '../shared/process-sessions.ts';
import type { TurnRef } from '../shared/own-items.ts';
import { Agents, type Carrier, type Speaker } from './agents.ts';
import type { ClaudeProcess } from './claude-process.ts';
import type { OpenRequest } from './open-requests.ts';
import type { PermissionMode } from './policy.ts';
import { Prompts } from './prompts.ts';
import type { InEffect } from './requests.ts';
import { Transcript } from './transcript.ts';
import type { TaskStarted } from './wire.ts';

interface EarlyTask {
  readonly task: TaskStarted;
  readonly rawRef: string;
}

interface SessionStart extends SessionPlace {
  readonly sessionId: string;
  readonly inEffect: InEffect;
}

/** A connection's process at claude, with what its prompts need to know of it. */
export class Session extends ProcessSession<ClaudeProcess> implements Speaker, Carrier {
  readonly prompts: Prompts;
  readonly transcript: Transcript;
  readonly requests = new OpenRequests<OpenRequest>();
  readonly agents = new Agents();
  /** Tasks by a call that nobody has told of yet. */
  readonly earlyTasks = new Map<string, EarlyTask>();
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
  #folds = false;

  constructor(start: SessionStart, host: ProviderHost) {
    super(start, host);
    const { connectionId, sessionId, cwd, inEffect } = start;
    this.sessionId = sessionId;
    this.inEffect = inEffect;
    this.permissionMode = inEffect.permissionMode;
    this.prompts = new Prompts(connectionId);
    this.transcript = new Transcript(connectionId, cwd);
  }

  get turn(): TurnRef {
    return this.prompts.current;
  }

  /** The main thread, and the sub-agents. */
  get speakers(): readonly Speaker[] {
    return [this, ...this.agents.all];
  }

  override leaveCarried(lost: Failure | null): void {
    for (const agent of this.agents.all) this.agents.remove(agent, lost);
  }

  override get nativeId(): string {
    return this.sessionId;
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
}
