/** Real agents that speak ACP, each in folders of its own, with a scripted model. */
import { geminiBinary, opencodeBinary } from '../agents/agents.ts';
import type { ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { functionCall, type Step } from '../model-endpoint/step.ts';
import { makeGeminiHome } from './gemini-home.ts';
import type { LiveAgent } from './live-server.ts';
import { makeOpencodeHome } from './opencode-home.ts';
import type { AgentHome } from './recording-stage.ts';

/** What the model says to make an agent use its tools. */
export interface AgentTools {
  readonly run: (command: string) => Step;
  readonly write: (path: string, content: string) => Step;
}

/** `url` ends in `/v1`, which gemini does not know. */
export const geminiHome = (url: string): Promise<AgentHome> =>
  makeGeminiHome({ endpointUrl: url.replace(/\/v1$/, '') });

export async function geminiAgent({ url }: ModelEndpoint): Promise<LiveAgent> {
  const home = await geminiHome(url);
  return { agent: 'gemini', command: geminiBinary(), args: ['--skip-trust'], processWord: 'gemini.js', home };
}

export const GEMINI_TOOLS: AgentTools = {
  run: (command) => functionCall('run_shell_command', { command, description: 'what the test says' }),
  write: (path, content) => functionCall('write_file', { file_path: path, content }),
};

/** Commands and edits are asked about. */
export async function opencodeHome(url: string): Promise<AgentHome> {
  const config = { permission: { edit: 'ask', bash: 'ask' } };
  const home = await makeOpencodeHome({ endpointUrl: url, config });
  return { ...home, path: home.env['HOME'] ?? '' };
}

export async function opencodeAgent({ url }: ModelEndpoint): Promise<LiveAgent> {
  const home = await opencodeHome(url);
  return { agent: 'opencode-acp', command: opencodeBinary(), processWord: 'opencode acp', home };
}

export const OPENCODE_TOOLS: AgentTools = {
  run: (command) => functionCall('bash', { command, description: 'what the test says' }),
  write: (path, content) => functionCall('write', { filePath: path, content }),
};
