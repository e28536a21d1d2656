import type { ConnectionId } from '../../machines/domain/ids.ts';
import type { InstanceReport } from '../../machines/domain/instance.ts';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost, ProviderReport } from '../../machines/ports/provider.ts';
import { LettingGo } from '../shared/letting-go.ts';
import { OpenRequests } from '../shared/open-requests.ts';
import type { RunEnds } from '../shared/process-lifecycle.ts';
import { AppServer } from './app-server.ts';
import { EarlyFrames } from './early-frames.ts';
import { takeNotification, takeRequest } from './frames.ts';
import type { OpenRequest } from './open-requests.ts';
import { Sessions, type Session } from './sessions.ts';
import { UnclaimedFrames } from './unclaimed-frames.ts';
import type { CodexModel } from './wire.ts';

/** What belongs to one life of the process, and is forgotten with it. */
export class Run {
  readonly host: ProviderHost;
  readonly server: AppServer;
  readonly sessions = new Sessions();
  readonly requests = new OpenRequests<OpenRequest>();
  readonly early = new EarlyFrames();
  readonly unclaimed = new UnclaimedFrames();
  /** Connections that are being opened; those that were closed meanwhile are taken out. */
  readonly opening = new Set<ConnectionId>();
  /** Threads of codex in which something still ends. */
  readonly lettingGo: LettingGo;
  models: readonly CodexModel[] = [];
  rateLimits: NonNullable<InstanceReport['rateLimits']> = [];

  constructor(spec: ProcessSpec, host: ProviderHost, ends: RunEnds) {
    this.host = host;
    this.lettingGo = new LettingGo(host);
    this.server = new AppServer(spec, host, {
      onNotification: (frame) => takeNotification(this, frame),
      onRequest: (id, frame) => takeRequest(this, id, frame),
      ...ends,
    });
  }

  /** Says nothing of a connection that has been let go meanwhile. */
  report(session: Session, report: ProviderReport): void {
    if (this.sessions.of(session.connectionId) === session) this.host.report(session.threadId, report);
  }

  /** Nothing is reported for the connection any more. */
  forget(connectionId: ConnectionId): Session | null {
    this.requests.removeWhere((request) => request.connectionId === connectionId);
    return this.sessions.remove(connectionId);
  }
}
