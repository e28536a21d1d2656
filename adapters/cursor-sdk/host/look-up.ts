import { PromptMarks } from './prompt-marks.ts';
import type { Sdk } from './sdk.ts';
import { isStored, openStore } from './storage.ts';
import type { LookUpParams } from './words.ts';

/** What the SDK has kept of a prompt: `{isKnown, run}`; its agent may be known, and the run not. */
export async function lookUp(sdk: Sdk, { agentId, key }: LookUpParams): Promise<object> {
  if (!isStored(agentId)) return { isKnown: false, run: null };
  const store = await openStore(sdk, { agentId, cwd: process.cwd() });
  if ((await store.agents.get({ agentId })) === null) return { isKnown: false, run: null };
  const run = await new PromptMarks(store, agentId).find(key);
  return { isKnown: true, run: run === null ? null : { status: run.status, error: run.error ?? null } };
}
