/** Claude Code through its stream-json protocol over stdio: one process per connection, run as the user has it installed. */
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import { LifecycleAdapter } from '../shared/adapter.ts';
import { CAPABILITIES } from './capabilities.ts';
import { launchSpec } from './launch.ts';
import { Lifecycle } from './lifecycle.ts';
import { PERFORMER } from './perform.ts';
import { CLAUDE_PLAYBACK } from './playback.ts';

/** Makes claude adapters; the driver's name in the configuration is `claude`. */
export const claudeDriver: ProviderDriver = {
  driver: 'claude',
  playback: CLAUDE_PLAYBACK,
  takes: ['args', 'home'],
  create: (instance, host) =>
    new LifecycleAdapter(host, {
      capabilities: CAPABILITIES,
      lifecycle: new Lifecycle(launchSpec(instance, process.env), host),
      performer: PERFORMER,
    }),
};
