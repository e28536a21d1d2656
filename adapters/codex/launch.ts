import { failure, type Failure } from '../../machines/domain/error.ts';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';
import { redact } from '../shared/redact.ts';
import { CODEX_VERSION } from './wire.gen.ts';

/** The oldest codex that was ever run with this adapter: what is older has another wire, and would be guessed at. */
export const OLDEST_VERSION = '0.169.0';

type Env = Readonly<Record<string, string | undefined>>;

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

/** `untested`: may work. What has no version is a build of somebody's own. */
export function judgeVersion(version: string | null): 'tested' | 'untested' | 'tooOld' {
  if (version === CODEX_VERSION) return 'tested';
  if (version === null) return 'untested';
  return isOlder(version, OLDEST_VERSION) ? 'tooOld' : 'untested';
}

function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((each) => each.split(/[.-]/, 3).map(Number));
  for (const [index, part] of (left ?? []).entries()) {
    const other = right?.[index] ?? 0;
    if (part !== other) return part < other;
  }
  return false;
}

export const tooOldFailure = (version: string): Failure =>
  failure('INSTANCE_UNAVAILABLE', `codex ${version} is too old; ${OLDEST_VERSION} or newer is needed`, {
    class: 'validation',
    retryable: false,
  });

const NOT_A_PROGRAM = new Set(['ENOENT', 'EACCES', 'ENOTDIR', 'ENOEXEC']);

/** Why the process did not start. A program that is not there is not retried: somebody has to install or name it. */
export function spawnFailure(spec: ProcessSpec, error: Error): Failure {
  const code: unknown = Reflect.get(error, 'code');
  const isMissing = typeof code === 'string' && NOT_A_PROGRAM.has(code);
  const where = spec.command.includes('/') ? spec.command : `${spec.command} (on PATH)`;
  return failure('INSTANCE_UNAVAILABLE', `could not run ${where}: ${error.message}`, {
    class: isMissing ? 'validation' : 'transport',
    retryable: !isMissing,
  });
}

/** Why the process is gone; `stderr` is the end of what it said. */
export function exitFailure({ code, signal }: ProcessExit, stderr = ''): Failure {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  const said = stderr.trim();
  return failure('CONNECTION_LOST', `codex app-server ${how}${said === '' ? '' : `: ${redact(said)}`}`, {
    class: 'transport',
  });
}
