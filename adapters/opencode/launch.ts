import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';
import type { Env, Versions } from '../shared/launch.ts';

export const VERSIONS: Versions = { tested: ['1.18.33'] };
/** As its failures call it. */
export const PROGRAM = 'opencode serve';

/**
 * What sub-agents are held to: opencode 1.18.33 does not hand the rules of a session down to them. They ask about all that
 * changes something, and are answered by the rules of their thread.
 */
const SUB_AGENTS_ASK = {
  '*': 'ask',
  read: 'allow',
  glob: 'allow',
  grep: 'allow',
  list: 'allow',
  lsp: 'allow',
  skill: 'allow',
  task: 'allow',
  todoread: 'allow',
  todowrite: 'allow',
  question: 'allow',
};

/**
 * How the server of an instance is started: the configured program or `opencode` on PATH, in the inherited environment.
 * It works in the home folder: each thread names its own.
 */
export function launchSpec(instance: InstanceConfig, inherited: Env): ProcessSpec {
  const { instanceId, command, args = [], home = null } = instance;
  const folders = home === null ? {} : foldersIn(home);
  const asking = { OPENCODE_PERMISSION: JSON.stringify(SUB_AGENTS_ASK) };
  const env: Env = { ...inherited, ...instance.env, ...folders, ...asking };
  return {
    instanceId,
    command: command ?? 'opencode',
    args: ['serve', ...args],
    cwd: env['HOME'] ?? homedir(),
    env,
  };
}

/** Its sessions, settings and logins; opencode has no variable of its own for them. */
const foldersIn = (home: string): Env => ({
  XDG_CONFIG_HOME: join(home, 'config'),
  XDG_DATA_HOME: join(home, 'data'),
  XDG_STATE_HOME: join(home, 'state'),
  XDG_CACHE_HOME: join(home, 'cache'),
});
