/** The MCP server that the runtime gives an agent, in the words that agents' configurations have in common. */
import type { AgentTools } from '../../machines/domain/effect.ts';

/** Longer than its longest wait. */
export const TOOL_TIMEOUT_S = 180;

export const headersOf = ({ bearer }: AgentTools): Readonly<Record<string, string>> => ({
  Authorization: `Bearer ${bearer}`,
});
