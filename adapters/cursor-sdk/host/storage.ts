import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Sdk, SdkStore } from './sdk.ts';

/**
 * One store an agent, beside the SDK's own: by default the SDK keeps agents by their workspace, which nobody knows who
 * looks for an agent by its id.
 */
const folderOf = (agentId: string): string =>
  join(homedir(), '.cursor', 'threadchart', encodeURIComponent(agentId));

/** Whether something was ever kept of the agent. */
export const isStored = (agentId: string): boolean => existsSync(folderOf(agentId));

export const openStore = (
  { SqliteLocalAgentStore }: Sdk,
  { agentId, cwd }: { readonly agentId: string; readonly cwd: string },
): Promise<SdkStore> => SqliteLocalAgentStore.open({ workspaceRef: cwd, stateRoot: folderOf(agentId) });
