import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { SessionsRun } from '../shared/process-sessions.ts';
import type { Preset } from './presets.ts';
import type { Session } from './sessions.ts';

/** An instance from its start to its stop. */
export class Run extends SessionsRun<Session> {
  readonly preset: Preset;

  constructor(spec: ProcessSpec, preset: Preset, host: ProviderHost) {
    super(spec, host);
    this.preset = preset;
  }
}
