import type { InstanceReport } from '../../machines/domain/instance.ts';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { SessionsRun } from '../shared/process-sessions.ts';
import type { ConnectionId } from '../../machines/domain/ids.ts';
import type { Found } from './agent-turns.ts';
import type { Session } from './sessions.ts';
import type { Initialized } from './wire.ts';

/** An instance from its start to its stop. */
export class Run extends SessionsRun<Session> {
  readonly models: Initialized['models'];
  rateLimits: NonNullable<InstanceReport['rateLimits']> = [];

  constructor(spec: ProcessSpec, host: ProviderHost, models: Initialized['models']) {
    super(spec, host);
    this.models = models;
  }

  /** The sub-agent whose connection is carried by that of its session. */
  agentOn(connectionId: ConnectionId): Found | null {
    for (const session of this.sessions.all) {
      const agent = session.agents.on(connectionId);
      if (agent !== null) return { session, agent };
    }
    return null;
  }
}
