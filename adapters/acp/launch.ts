import { homedir } from 'node:os';
import { failure, type Failure } from '../../machines/domain/error.ts';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';
import type { Env } from '../shared/launch.ts';
import type { Preset } from './presets.ts';
import type { Initialized } from './wire.ts';

/** What this client speaks; agents answer with what they speak. */
export const PROTOCOL_VERSION = 1;

/**
 * How a process of an instance is started: the configured program or the preset's on PATH, in the inherited environment.
 * It is asked what it is in the home folder, where no project is: opencode 1.18.33 leaves a file in a repository's `.git`.
 */
export function launchSpec(instance: InstanceConfig, preset: Preset, inherited: Env): ProcessSpec {
  const { instanceId, command, args = [] } = instance;
  const env: Env = { ...inherited, ...preset.env, ...instance.env };
  return {
    instanceId,
    command: command ?? preset.command ?? '',
    args: [...preset.args, ...args],
    cwd: env['HOME'] ?? homedir(),
    env,
  };
}

/** Stands for the thread's model in the arguments of an instance: its agent takes it when it is started. */
const MODEL = '{model}';

export const takesModel = (args: readonly string[]): boolean => args.some((arg) => arg.includes(MODEL));

/** Without a model, arguments that would name one are left out. */
export function withModel(spec: ProcessSpec, model: string | null): ProcessSpec {
  const args =
    model === null
      ? spec.args.filter((arg) => !arg.includes(MODEL))
      : spec.args.map((arg) => arg.replaceAll(MODEL, model));
  return { ...spec, args };
}

/** Why the instance can never start as it is configured; `null`: it may. */
export function launchProblem({ command }: Pick<ProcessSpec, 'command'>): Failure | null {
  return command === '' ? refusedStart('the configuration has to name the program in `command`') : null;
}

/** Why an agent that has answered is of no use; `null`: it is. */
export function handshakeProblem({ protocolVersion }: Initialized, { name }: Preset): Failure | null {
  if (protocolVersion === PROTOCOL_VERSION) return null;
  return refusedStart(`${name} speaks version ${protocolVersion} of ACP, and not ${PROTOCOL_VERSION}`);
}

const refusedStart = (message: string): Failure =>
  failure('INSTANCE_UNAVAILABLE', message, { class: 'validation', retryable: false });
