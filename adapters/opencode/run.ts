import type { ConnectionId, RequestId } from '../../machines/domain/ids.ts';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost, ProviderReport } from '../../machines/ports/provider.ts';
import { LettingGo } from '../shared/letting-go.ts';
import type { RunEnds } from '../shared/process-lifecycle.ts';
import { catchUp, catchUpAll } from './catch-up.ts';
import { takeEvent } from './frames.ts';
import type { Catalogue } from './instance-report.ts';
import { OpencodeServer, type LoggedFrame } from './opencode-server.ts';
import { Sessions, type Session } from './sessions.ts';

/** What belongs to one life of the process, and is forgotten with it. */
export class Run {
  readonly host: ProviderHost;
  readonly server: OpencodeServer;
  readonly sessions = new Sessions();
  /** Connections that are being opened; those that were closed meanwhile are taken out. */
  readonly opening = new Set<ConnectionId>();
  /** Sessions of opencode in which something still ends. */
  readonly lettingGo: LettingGo;
  catalogue: Catalogue = { defaultModel: null, contextWindows: new Map() };
  /** What comes while lost events are asked for; `null`: none were lost. */
  #held: LoggedFrame[] | null = null;

  constructor(spec: ProcessSpec, host: ProviderHost, ends: RunEnds) {
    this.host = host;
    this.lettingGo = new LettingGo(host);
    this.server = new OpencodeServer(spec, host, {
      onEvent: (frame) => {
        if (this.#held === null) takeEvent(this, frame);
        else this.#held.push(frame);
      },
      onLost: () => void this.#catchUp(),
      ...ends,
    });
  }

  /** Says nothing of a connection that has been let go meanwhile. */
  report(session: Session, report: ProviderReport): void {
    if (this.sessions.of(session.connectionId) === session) this.host.report(session.threadId, report);
  }

  /** opencode has its answer, or waits for none any more. */
  resolve(session: Session, requestId: RequestId): void {
    if (!session.requests.delete(requestId)) return;
    const { connectionId } = session;
    this.report(session, { type: 'provider.requestResolved', connectionId, requestId, owner: 'turn' });
  }

  /** Nothing is reported for the connection any more. */
  forget(connectionId: ConnectionId): Session | null {
    return this.sessions.remove(connectionId);
  }

  /** Nothing was heard of a session that should say something. */
  catchUp(session: Session): void {
    void catchUp(this, session, true);
  }

  /** The thread has no connection any more, until it is needed again. */
  letGo(session: Session): void {
    const { connectionId } = session;
    this.report(session, { type: 'connection.closed', connectionId });
    this.forget(connectionId);
  }

  async #catchUp(): Promise<void> {
    if (this.#held !== null) return;
    this.#held = [];
    await catchUpAll(this);
    const held = this.#held;
    this.#held = null;
    for (const frame of held) takeEvent(this, frame);
  }
}
