/**
 * What a provider can do. Declared by its adapter, refined by the live handshake; each field is read by `decide` or a chart.
 * A description says what becomes of what is asked for where it is missing; README has it.
 */
import { z } from 'zod';

const REFUSED = '`CAPABILITY_UNSUPPORTED`';

export const capabilitiesSchema = z.object({
  /** A running turn can be interrupted. */
  interrupt: z.boolean().describe(`\`turn.interrupt\`, \`turn.submit\` as restart: ${REFUSED}`),
  /** A running turn takes another message without being interrupted; else a steer interrupts and starts a new attempt. */
  nativeSteer: z.boolean().describe('a steer interrupts the turn and goes on in a new attempt of it'),
  /** Images can be part of a prompt. */
  images: z.boolean().describe(`a prompt with attachments: ${REFUSED}`),
  /** `interactionMode: plan` is understood. */
  planMode: z.boolean().describe(`\`interactionMode: plan\`: ${REFUSED}`),
  /** The conversation can be resumed after its process ended. */
  resume: z
    .boolean()
    .describe('a new conversation is begun and told what was said before; the transcript says so'),
  /** The conversation can be shortened on demand. */
  compact: z.boolean().default(false).describe(`\`thread.compact\`: ${REFUSED}`),
  /**
   * Another model can be chosen for a conversation that has begun. `byResume`: not in its live session, which is closed and
   * resumed with that model before the next turn. Absent: it can.
   */
  modelSwitch: z
    .union([z.boolean(), z.literal('byResume')])
    .optional()
    .meta({ description: `another model once the conversation has begun: ${REFUSED}`, absent: true }),
  /** A conversation can begin with the history of another: as it is now, or up to a turn of it as well. */
  fork: z
    .enum(['now', 'turn'])
    .optional()
    .describe('a fork begins a new conversation, which is told what was said before'),
  /** Turns can be taken out of a conversation, and what they did to files as well. */
  rollback: z
    .enum(['turns', 'files'])
    .optional()
    .describe(
      '`checkpoint.rollback` begins a fork of the conversation up to that turn, or a new one that is told what stays',
    ),
  /** An MCP server over HTTP can be given to each conversation. Absent: that is known once it is open. */
  delegation: z
    .boolean()
    .optional()
    .meta({ description: 'the agent gets no tools to delegate with and to see its threads', absent: true }),
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
