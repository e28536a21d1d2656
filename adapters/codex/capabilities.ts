import { NO_CAPABILITIES, type Capabilities } from '../../machines/domain/capability.ts';

/** Of a sub-agent that takes nothing from anybody but its parent. */
export const ONLY_INTERRUPTED: Capabilities = { ...NO_CAPABILITIES, interrupt: true };

/** Of every codex that is new enough. */
export const CAPABILITIES: Capabilities = {
  interrupt: true,
  nativeSteer: true,
  images: true,
  planMode: true,
  resume: true,
  compact: true,
  fork: 'turn',
  delegation: true,
};
