/** Codex through `codex app-server` over stdio: one process per instance, many threads on it. */
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import { LifecycleAdapter } from '../shared/adapter.ts';
import { CAPABILITIES } from './capabilities.ts';
import { launchSpec } from './launch.ts';
import { lifecycleOf } from './lifecycle.ts';
import { PERFORMER } from './perform.ts';
import { CODEX_PLAYBACK } from './playback.ts';

/** Makes codex adapters; the driver's name in the configuration is `codex`. */
export const codexDriver: ProviderDriver = {
  driver: 'codex',
  takes: ['args', 'home'],
  playback: CODEX_PLAYBACK,
  create: (instance, host) =>
    new LifecycleAdapter(host, {
      capabilities: CAPABILITIES,
      lifecycle: lifecycleOf(launchSpec(instance, process.env), host),
      performer: PERFORMER,
    }),
};
