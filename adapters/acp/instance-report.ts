import type { InstanceReport } from '../../machines/domain/instance.ts';
import type { Initialized } from './wire.ts';

/** What a handshake tells of the agent. */
export function reportOf({ agentInfo }: Initialized): InstanceReport {
  const { version } = agentInfo ?? {};
  return version === null || version === undefined ? {} : { version };
}

type Commands = NonNullable<InstanceReport['commands']>;

export const commandsOf = (commands: Commands): InstanceReport => ({
  commands: commands.map(({ name, description }) => ({ name, description })),
});
