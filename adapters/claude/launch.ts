import type { Settings } from '../../machines/domain/settings.ts';
import { failure, type Failure } from '../../machines/domain/error.ts';
import type { ProcessExit, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';
import { redact } from '../shared/redact.ts';
import { policyFor, type PermissionMode } from './policy.ts';

/** Both were run with this adapter; what is older than the first has another wire, and would be guessed at. */
const TESTED_VERSIONS = ['2.1.197', '2.1.329'] as const;
const [OLDEST_VERSION] = TESTED_VERSIONS;

type Env = Readonly<Record<string, string | undefined>>;

/** One conversation over stdio. Replayed prompts tell older versions' turns apart. */
const ARGUMENTS: readonly string[] = [
  '--print',
  '--input-format=stream-json',
  '--output-format=stream-json',
  '--verbose',
  '--include-partial-messages',
  '--replay-user-messages',
  '--permission-prompt-tool=stdio',
];

/** Marks of a claude that the server itself runs in; a child that finds them takes itself for a part of it. */
const OF_A_PARENT = ['CLAUDECODE', 'CLAUDE_CODE_ENTRYPOINT', 'CLAUDE_CODE_SSE_PORT'] as const;

/** How a process of an instance is started: the configured program or `claude` on PATH, in the inherited environment. */
export function launchSpec(instance: InstanceConfig, inherited: Env): ProcessSpec {
  const { instanceId, command, env, args = [], home = null } = instance;
  const cleared = Object.fromEntries(OF_A_PARENT.map((name) => [name, undefined]));
  return {
    instanceId,
    command: command ?? 'claude',
    args: [...ARGUMENTS, ...args],
    env: {
      // 2.1.329 has to be asked for its to-do list
      CLAUDE_CODE_ENABLE_TODO_TOOLS: '1',
      ...inherited,
      ...cleared,
      ...env,
      ...(home === null ? {} : { CLAUDE_CONFIG_DIR: home }),
    },
  };
}

/** A process that says what it is and is not talked to. */
export const probeSpec = (spec: ProcessSpec): ProcessSpec => ({
  ...spec,
  args: [...spec.args, '--no-session-persistence'],
});

/** A process that goes on with a session, or begins one under that id. */
export function sessionSpec(
  spec: ProcessSpec,
  { sessionId, isNew, settings }: { sessionId: string; isNew: boolean; settings: Settings },
): ProcessSpec {
  const { cwd, model, options } = settings;
  const { permissionMode } = policyFor(settings);
  const { effort } = options;
  return {
    ...spec,
    cwd,
    args: [
      ...spec.args,
      `${isNew ? '--session-id' : '--resume'}=${sessionId}`,
      ...(mayBypass(spec.env) ? ['--allow-dangerously-skip-permissions'] : []),
      `--permission-mode=${launchMode(permissionMode, spec.env)}`,
      ...(model === null ? [] : [`--model=${model}`]),
      ...(typeof effort === 'string' ? [`--effort=${effort}`] : []),
    ],
  };
}

/** Claude refuses to bypass permissions as root, unless it is told that it stands in a sandbox. */
export const mayBypass = ({ IS_SANDBOX: isSandbox }: Env): boolean =>
  process.getuid?.() !== 0 || isSandbox === '1';

/** Where permissions cannot be bypassed, edits are free and all the rest is accepted when claude asks. */
export const launchMode = (mode: PermissionMode, env: Env): PermissionMode =>
  mode === 'bypassPermissions' && !mayBypass(env) ? 'acceptEdits' : mode;

/** `untested`: may work. What has no version is a build of somebody's own. */
export function judgeVersion(version: string | null): 'tested' | 'untested' | 'tooOld' {
  if (version === null) return 'untested';
  if (TESTED_VERSIONS.some((each) => each === version)) return 'tested';
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

/** The version in what `claude --version` prints, such as `2.1.329 (Claude Code)`. */
export const versionIn = (printed: string): string | null => /\d+\.\d+\.\d+\S*/.exec(printed)?.[0] ?? null;

export const tooOldFailure = (version: string): Failure =>
  failure('INSTANCE_UNAVAILABLE', `claude ${version} is too old; ${OLDEST_VERSION} or newer is needed`, {
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

/** Why the process is gone; `said` is the end of what it said. */
export function exitFailure({ code, signal }: ProcessExit, said = ''): Failure {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  const words = said.trim();
  return failure('CONNECTION_LOST', `claude ${how}${words === '' ? '' : `: ${redact(words)}`}`, {
    class: 'transport',
  });
}
