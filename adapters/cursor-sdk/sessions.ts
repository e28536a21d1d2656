import type { TurnKey } from '../../machines/domain/effect.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { ProcessSession, type SessionPlace } from '../shared/process-sessions.ts';
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
  /** What the agent was last opened with. */
  policy: CursorPolicy;
  turn: RunningTurn | null = null;

  constructor(start: SessionStart, host: ProviderHost) {
    super(start, host);
    const { connectionId, agentId, policy, cwd } = start;
    this.agentId = agentId;
    this.policy = policy;
    this.transcript = new Transcript({ connectionId, cwd });
  }

  override get nativeId(): string {
    return this.agentId;
  }
}
