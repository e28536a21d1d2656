import type { Capabilities } from '../../machines/domain/capability.ts';
import type { Controls } from './controls.ts';
import type { Preset } from './presets.ts';
import type { Initialized } from './wire.ts';

/** As far as it is known without a handshake: agents without `session/load` are few, and say so. */
export const declaredCapabilities = ({ images, planMode, forks }: Preset): Capabilities => ({
  interrupt: true,
  // a second prompt joins, cancels or kills the first, as the agent likes: there is only one at a time
  nativeSteer: false,
  images,
  planMode,
  resume: true,
  compact: false,
  ...(forks && { fork: 'now' as const }),
});

/** As the handshake and the session tell. */
export function refinedCapabilities(
  { agentCapabilities: { loadSession, promptCapabilities, sessionCapabilities } }: Initialized,
  controls: Pick<Controls, 'canPlan' | 'control'>,
): Capabilities {
  return {
    interrupt: true,
    nativeSteer: false,
    images: promptCapabilities.image,
    planMode: controls.canPlan,
    resume: loadSession || sessionCapabilities.resume,
    compact: false,
    modelSwitch: controls.control('model') !== null,
    ...(sessionCapabilities.fork && { fork: 'now' as const }),
  };
}
