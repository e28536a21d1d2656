/** The MCP server that a session is given. Command lines are read by everybody, so it stands in a file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentTools } from '../../machines/domain/effect.ts';
import { headersOf } from '../shared/agent-tools.ts';

export interface ToolsFile {
  readonly args: readonly string[];
  /** Claude has read it once it answers. */
  remove(): Promise<void>;
}

/** Only this user reads it. Tools that only look are not asked about. */
export async function writeToolsFile(tools: AgentTools | undefined): Promise<ToolsFile> {
  if (tools === undefined) return { args: [], remove: () => Promise.resolve() };
  const { name, url, readers } = tools;
  const folder = await mkdtemp(join(tmpdir(), 'threadchart-tools-'));
  const path = join(folder, 'mcp.json');
  const mcpServers = { [name]: { type: 'http', url, headers: headersOf(tools) } };
  await writeFile(path, JSON.stringify({ mcpServers }), { mode: 0o600 });
  return {
    args: [
      `--mcp-config=${path}`,
      `--allowedTools=${readers.map((each) => `mcp__${name}__${each}`).join(',')}`,
    ],
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
