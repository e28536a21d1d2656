import type { Capabilities } from '../../machines/domain/capability.ts';
import { takesModel } from './launch.ts';
import type { Preset } from './presets.ts';
import type { Session } from './sessions.ts';
import type { Initialized } from './wire.ts';

/** As far as it is known without a handshake: agents without `session/load` are few, and say so. */
export const declaredCapabilities = (
  { images, planMode, forks }: Preset,
  args: readonly string[],
): Capabilities => ({
  interrupt: true,
  // a second prompt joins, cancels or kills the first, as the agent likes: there is only one at a time
  nativeSteer: false,
  images,
  planMode,
  resume: true,
  compact: false,
  ...(takesModel(args) && { modelSwitch: 'byResume' as const }),
  ...(forks && { fork: 'now' as const }),
  // most do; those that do not say so at the handshake
  delegation: true,
});

/** As the handshake and the session tell. */
export function refinedCapabilities(
  { agentCapabilities }: Initialized,
  { controls, launchModel }: Pick<Session, 'controls' | 'launchModel'>,
): Capabilities {
  const { loadSession, promptCapabilities, sessionCapabilities, mcpCapabilities } = agentCapabilities;
  const resume = loadSession || sessionCapabilities.resume;
  const byResume = resume && 'byResume';
  return {
    interrupt: true,
    nativeSteer: false,
    images: promptCapabilities.image,
    planMode: controls.canPlan,
    resume,
    compact: false,
    modelSwitch: launchModel === undefined ? controls.control('model') !== null : byResume,
    ...(sessionCapabilities.fork && { fork: 'now' as const }),
    delegation: mcpCapabilities.http,
  };
}
