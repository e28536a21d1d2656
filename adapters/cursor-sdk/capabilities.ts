import type { Capabilities } from '../../machines/domain/capability.ts';

/** Of every SDK that is new enough. It shortens a conversation when it has to, and not when it is asked. */
export const CAPABILITIES: Capabilities = {
  interrupt: true,
  nativeSteer: true,
  images: true,
  planMode: true,
  resume: true,
  compact: false,
  delegation: false,
};
