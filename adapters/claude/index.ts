/** Claude Code through its stream-json protocol over stdio: one process per connection, run as the user has it installed. */
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import { LifecycleAdapter } from '../shared/adapter.ts';
import { CAPABILITIES } from './capabilities.ts';
import { launchSpec } from './launch.ts';
import { lifecycleOf } from './lifecycle.ts';
import { PERFORMER } from './perform.ts';
import { CLAUDE_PLAYBACK } from './playback.ts';

/** Each is a process of some 200 MB, and is there again within a second. */
const CONNECTION_IDLE_MS = 600_000;

/** Makes claude adapters; the driver's name in the configuration is `claude`. */
export const claudeDriver: ProviderDriver = {
  driver: 'claude',
  playback: CLAUDE_PLAYBACK,
  takes: ['args', 'home'],
  create: (instance, host) =>
    new LifecycleAdapter(host, {
      capabilities: CAPABILITIES,
      connectionIdleMs: CONNECTION_IDLE_MS,
      lifecycle: lifecycleOf(launchSpec(instance, process.env), host),
      performer: PERFORMER,
    }),
};
