/** What every provider's program has in common: its version, and why it did not start or is gone. */
import { failure, type Failure } from '../../machines/domain/error.ts';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import { redact } from './redact.ts';

/** The environment of a process. */
export type Env = Readonly<Record<string, string | undefined>>;

/** `tested`: each was run with the adapter; what is older than the first of them has another wire, and would be guessed at. */
export interface Versions {
  readonly tested: readonly [string, ...string[]];
}

/** `untested`: may work. What has no version is a build of somebody's own. */
export function judgeVersion({ tested }: Versions, version: string | null): 'tested' | 'untested' | 'tooOld' {
  if (version === null) return 'untested';
  if (tested.includes(version)) return 'tested';
  return isOlder(version, tested[0]) ? 'tooOld' : 'untested';
}

function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((each) => each.split(/[.-]/, 3).map(Number));
  for (const [index, part] of (left ?? []).entries()) {
    const other = right?.[index] ?? 0;
    if (part !== other) return part < other;
  }
  return false;
}

/** The first version in what `--version` prints, such as `2.1.329 (Claude Code)`. */
export const versionIn = (printed: string): string | null => /\d+\.\d+\.\d+\S*/.exec(printed)?.[0] ?? null;

/** `program`: as people call it. */
export const tooOldFailure = (program: string, version: string, { tested }: Versions): Failure =>
  failure('INSTANCE_UNAVAILABLE', `${program} ${version} is too old; ${tested[0]} or newer is needed`, {
    class: 'validation',
    retryable: false,
  });

const NOT_A_PROGRAM = new Set(['ENOENT', 'EACCES', 'ENOTDIR', 'ENOEXEC']);

/** Why the process did not start. A program that is not there is not retried: somebody has to install or name it. */
export function spawnFailure({ command }: Pick<ProcessSpec, 'command'>, error: Error): Failure {
  const code: unknown = Reflect.get(error, 'code');
  const isMissing = typeof code === 'string' && NOT_A_PROGRAM.has(code);
  const where = command.includes('/') ? command : `${command} (on PATH)`;
  const advice = isMissing ? '; install it, or name the program as `command` of the instance' : '';
  return failure('INSTANCE_UNAVAILABLE', `could not run ${where}: ${error.message}${advice}`, {
    class: isMissing ? 'validation' : 'transport',
    retryable: !isMissing,
  });
}

/** Why the process is gone; `said` is the end of what it said on stderr. */
export function exitFailure(program: string, { code, signal }: ProcessExit, said = ''): Failure {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  const words = said.trim();
  return failure('CONNECTION_LOST', `${program} ${how}${words === '' ? '' : `: ${redact(words)}`}`, {
    class: 'transport',
  });
}

/** A start that the adapter itself refuses, and why. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
  readonly failure: Failure;

  constructor(cause: Failure) {
    super(cause.message);
    this.failure = cause;
  }
}

/** Why a start failed. */
export function startFailureOf(error: unknown): Failure {
  if (error instanceof StartRefused) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return failure('OPEN_FAILED', message, { class: 'transport' });
}
