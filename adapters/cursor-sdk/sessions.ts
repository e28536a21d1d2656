import type { TurnKey } from '../../machines/domain/effect.ts';
import type { Failure } from '../../machines/domain/error.ts';
import type { ProviderHost, ProviderReport } from '../../machines/ports/provider.ts';
import { ProcessSession, type SessionPlace } from '../shared/process-sessions.ts';
import { Children } from './children.ts';
import type { CursorPolicy } from './policy.ts';
import type { SdkProcess } from './sdk-process.ts';
import { Transcript } from './transcript.ts';

interface SessionStart extends SessionPlace {
  readonly agentId: string;
  readonly policy: CursorPolicy;
}

/** A prompt that the SDK has, or is about to get. */
export interface RunningTurn extends TurnKey {
  /** Our own id of it. */
  readonly key: string;
  /** The SDK's id of the run, once it has named it. */
  nativeTurnId: string | null;
}

/** A connection's agent at the SDK, with what its updates need to know of it. */
export class Session extends ProcessSession<SdkProcess> {
  readonly agentId: string;
  readonly transcript: Transcript;
  readonly children: Children;
  /** What the agent was last opened with. */
  policy: CursorPolicy;
  turn: RunningTurn | null = null;

  constructor(start: SessionStart, host: ProviderHost) {
    super(start, host);
    const { connectionId, threadId, agentId, policy, cwd } = start;
    this.agentId = agentId;
    this.policy = policy;
    this.children = new Children(connectionId, threadId);
    this.transcript = new Transcript({ connectionId, cwd, children: this.children });
  }

  /** What sub-agents say comes after what tells of them. */
  reportAll(...reports: readonly ProviderReport[]): void {
    this.report(...reports);
    for (const { threadId, reports: words } of this.children.take()) this.reportOn(threadId, ...words);
  }

  override leaveCarried(lost: Failure | null): void {
    this.children.leaveAll(lost);
    this.reportAll();
  }

  override get nativeId(): string {
    return this.agentId;
  }
}
