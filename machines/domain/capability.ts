/** What a provider can do. Declared by its adapter, refined by the live handshake; each field is read by `decide` or a chart. */
import { z } from 'zod';

export const capabilitiesSchema = z.object({
  /** A running turn can be interrupted. */
  interrupt: z.boolean(),
  /** A running turn takes another message without being interrupted; else a steer interrupts and starts a new attempt. */
  nativeSteer: z.boolean(),
  /** Images can be part of a prompt. */
  images: z.boolean(),
  /** `interactionMode: plan` is understood. */
  planMode: z.boolean(),
  /** The conversation can be resumed after its process ended. */
  resume: z.boolean(),
  /** The conversation can be shortened on demand. */
  compact: z.boolean().default(false),
  /** A conversation can begin with the history of another: as it is now, or up to a turn of it as well. */
  fork: z.enum(['now', 'turn']).optional(),
});
export type Capabilities = z.infer<typeof capabilitiesSchema>;
export type Capability = keyof Capabilities;

/** Of an instance that cannot be used as it is configured. */
export const NO_CAPABILITIES: Capabilities = {
  interrupt: false,
  nativeSteer: false,
  images: false,
  planMode: false,
  resume: false,
  compact: false,
};
