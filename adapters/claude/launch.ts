import type { Settings } from '../../machines/domain/settings.ts';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';
import type { Env, Versions } from '../shared/launch.ts';
import { policyFor, type PermissionMode } from './policy.ts';

export const VERSIONS: Versions = { tested: ['2.1.197', '2.1.329'] };
/** As its failures call it. */
export const PROGRAM = 'claude';

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

/** What 2.1.329 has to be asked for: its to-do list, and to keep what files were before it changed them. */
const ASKED_FOR = { CLAUDE_CODE_ENABLE_TODO_TOOLS: '1', CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING: '1' };

/** How a process of an instance is started: the configured program or `claude` on PATH, in the inherited environment. */
export function launchSpec(instance: InstanceConfig, inherited: Env): ProcessSpec {
  const { instanceId, command, env, args = [], home = null } = instance;
  const cleared = Object.fromEntries(OF_A_PARENT.map((name) => [name, undefined]));
  return {
    instanceId,
    command: command ?? 'claude',
    args: [...ARGUMENTS, ...args],
    env: {
      ...ASKED_FOR,
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

/** What a process begins with. `at`: the last message that counts. */
export type Beginning =
  | { readonly kind: 'new' }
  | { readonly kind: 'resume'; readonly at?: string }
  | { readonly kind: 'fork'; readonly of: string; readonly at?: string };

interface SessionStart {
  readonly sessionId: string;
  readonly beginning: Beginning;
  readonly settings: Settings;
  /** What gives it the runtime's tools. */
  readonly toolArgs?: readonly string[];
}

/** A process that serves a session. */
export function sessionSpec(
  spec: ProcessSpec,
  { sessionId, beginning, settings, toolArgs = [] }: SessionStart,
): ProcessSpec {
  const { cwd, model, options } = settings;
  const { permissionMode } = policyFor(settings);
  const { effort } = options;
  return {
    ...spec,
    cwd,
    args: [
      ...spec.args,
      ...beginningArgs(sessionId, beginning),
      ...(mayBypass(spec.env) ? ['--allow-dangerously-skip-permissions'] : []),
      `--permission-mode=${launchMode(permissionMode, spec.env)}`,
      ...(model === null ? [] : [`--model=${model}`]),
      ...(typeof effort === 'string' ? [`--effort=${effort}`] : []),
      ...toolArgs,
    ],
  };
}

function beginningArgs(sessionId: string, beginning: Beginning): readonly string[] {
  const { kind } = beginning;
  if (kind === 'new') return [`--session-id=${sessionId}`];
  const cut = beginning.at === undefined ? [] : [`--resume-session-at=${beginning.at}`];
  if (kind === 'resume') return [`--resume=${sessionId}`, ...cut];
  return [`--resume=${beginning.of}`, '--fork-session', `--session-id=${sessionId}`, ...cut];
}

/** Claude refuses to bypass permissions as root, unless it is told that it stands in a sandbox. */
export const mayBypass = ({ IS_SANDBOX: isSandbox }: Env): boolean =>
  process.getuid?.() !== 0 || isSandbox === '1';

/** Where permissions cannot be bypassed, edits are free and all the rest is accepted when claude asks. */
export const launchMode = (mode: PermissionMode, env: Env): PermissionMode =>
  mode === 'bypassPermissions' && !mayBypass(env) ? 'acceptEdits' : mode;
