import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { SessionsRun } from '../shared/process-sessions.ts';
import type { Session } from './sessions.ts';
import type { Models } from './wire.ts';

/** An instance from its start to its stop. */
export class Run extends SessionsRun<Session> {
  readonly models: Models;

  constructor(spec: ProcessSpec, host: ProviderHost, models: Models) {
    super(spec, host);
    this.models = models;
  }
}
