import type { Capabilities } from '../../machines/domain/capability.ts';

/** Of every claude that is new enough. */
export const CAPABILITIES: Capabilities = {
  interrupt: true,
  nativeSteer: true,
  images: true,
  planMode: true,
  resume: true,
  compact: true,
  fork: 'turn',
  delegation: true,
  rollback: 'files',
};
