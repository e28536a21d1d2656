import type { Capabilities } from '../../machines/domain/capability.ts';

/**
 * Of every opencode that is new enough. A message during a turn is joined to it or runs after it, and opencode does not say
 * which before it happens: so a steer interrupts, and begins a new attempt.
 */
export const CAPABILITIES: Capabilities = {
  interrupt: true,
  nativeSteer: false,
  images: true,
  planMode: true,
  resume: true,
  compact: true,
  fork: 'turn',
  delegation: false,
  rollback: 'files',
};
