import { homedir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';
import type { Env, Versions } from '../shared/launch.ts';

export const VERSIONS: Versions = { tested: ['1.0.32'] };
/** As its failures call it. */
export const PROGRAM = '@cursor/sdk';

/** As it is here: source in the repository, JavaScript in the package. */
const HOST = join(import.meta.dirname, 'host', `main${extname(import.meta.filename)}`);

/** Never from where the process works: that is the workspace of a thread. */
const folderAt = (path: string): string =>
  path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path);

/** The process in which the SDK runs. `command` of the instance: the folder where the SDK is installed. */
export function hostSpec({ instanceId, command, env }: InstanceConfig, inherited: Env): ProcessSpec {
  return {
    instanceId,
    command: process.execPath,
    args: [HOST, ...(command === null ? [] : [folderAt(command)])],
    env: { ...inherited, ...env },
  };
}
