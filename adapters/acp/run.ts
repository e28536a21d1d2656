import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import type { Preset } from './presets.ts';
import { Sessions } from './sessions.ts';

/** What belongs to an instance from its start to its stop: no process of its own, but those of its connections. */
export class Run {
  readonly spec: ProcessSpec;
  readonly preset: Preset;
  readonly host: ProviderHost;
  readonly sessions = new Sessions();
  isPaused = false;

  constructor(spec: ProcessSpec, preset: Preset, host: ProviderHost) {
    this.spec = spec;
    this.preset = preset;
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
