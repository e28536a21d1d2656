/** How agents that speak ACP are recorded. */
import { acpDrivers } from '../../adapters/acp/index.ts';
import { geminiBinary, opencodeBinary } from '../agents/agents.ts';
import { GEMINI_TOOLS, geminiHome, OPENCODE_TOOLS, opencodeHome, type AgentTools } from './acp-agents.ts';
import type { AgentHome, RecordedAgent } from './recording-stage.ts';

/** An agent that is recorded. */
export interface AcpAgent {
  readonly name: string;
  readonly version: string;
  readonly tools: AgentTools;
  readonly binary: () => string | null;
  readonly recorded: RecordedAgent<unknown>;
}

function recorded(
  name: string,
  makeHome: (endpointUrl: string) => Promise<AgentHome>,
): RecordedAgent<unknown> {
  const driver = acpDrivers.find((each) => each.driver === name);
  if (driver === undefined) throw new Error(`there is no driver ${name}`);
  return { driver, configFolder: '.config', makeHome };
}

export const GEMINI: AcpAgent = {
  name: 'gemini',
  version: '0.61.0',
  tools: GEMINI_TOOLS,
  binary: geminiBinary,
  recorded: recorded('gemini', geminiHome),
};
export const OPENCODE: AcpAgent = {
  name: 'opencode-acp',
  version: '1.18.33',
  tools: OPENCODE_TOOLS,
  binary: opencodeBinary,
  recorded: recorded('opencode-acp', opencodeHome),
};
