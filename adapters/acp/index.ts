/** Agents that speak the Agent Client Protocol over stdio: one process per connection, a driver for each that is known. */
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import { LifecycleAdapter } from '../shared/adapter.ts';
import { declaredCapabilities } from './capabilities.ts';
import { launchSpec } from './launch.ts';
import { lifecycleOf } from './lifecycle.ts';
import { PERFORMER } from './perform.ts';
import { ACP_PLAYBACK } from './playback.ts';
import { PRESETS, type Preset } from './presets.ts';

const driverOf = (preset: Preset): ProviderDriver => ({
  driver: preset.driver,
  takes: ['args'],
  playback: ACP_PLAYBACK,
  create: (instance, host) =>
    new LifecycleAdapter(host, {
      capabilities: declaredCapabilities(preset, instance.args ?? []),
      lifecycle: lifecycleOf({ spec: launchSpec(instance, preset, process.env), preset, host }),
      performer: PERFORMER,
    }),
});

/** `gemini`, `copilot`, `cursor` and others by name, and `acp` for any other agent. */
export const acpDrivers: readonly ProviderDriver[] = PRESETS.map(driverOf);
