import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';
import type { Env, Versions } from '../shared/launch.ts';
import { CODEX_VERSION } from './wire.gen.ts';

export const VERSIONS: Versions = { tested: [CODEX_VERSION] };
/** As its failures call it. */
export const PROGRAM = 'codex app-server';

/** How the process of an instance is started: the configured program or `codex` on PATH, in the inherited environment. */
export function launchSpec(instance: InstanceConfig, inherited: Env): ProcessSpec {
  const { instanceId, command, env, args = [], home = null } = instance;
  return {
    instanceId,
    command: command ?? 'codex',
    args: ['app-server', ...args],
    env: { ...inherited, ...env, ...(home === null ? {} : { CODEX_HOME: home }) },
  };
}

/** The version in codex's answer to `initialize`, such as `threadchart/0.169.0 (Debian 12.0.0; x86_64) …`. */
export function versionIn(userAgent: string): string | null {
  return /^[^/]*\/(\d+\.\d+\.\d+\S*)/.exec(userAgent)?.[1] ?? null;
}
