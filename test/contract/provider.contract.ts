/** What every adapter of a provider has to do, run against an agent with a scripted model. */
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { ContractStage } from './contract-stage.ts';
import { describeCapabilities } from './provider-capabilities.contract.ts';
import { describeConnections } from './provider-connections.contract.ts';
import { describeLacks } from './provider-lacks.contract.ts';
import { describeProcess } from './provider-process.contract.ts';
import { describeRequests } from './provider-requests.contract.ts';
import { describeTurns } from './provider-turns.contract.ts';
import type { ProviderWorld } from './provider-world.ts';

/** The contract suite, for any adapter whose agent `makeWorld` can set up. */
export function describeProviderContract(makeWorld: () => Promise<ProviderWorld>): void {
  const stage = new ContractStage();

  beforeEach(async () => stage.set(await makeWorld()));

  afterEach(async () => {
    await stage.clear();
    expect(stage.harness.defects).toEqual([]);
    expect([...stage.harness.rows.values()]).toEqual([]);
  });

  describe('the provider contract', () => {
    describeProcess(stage);
    describeTurns(stage);
    describeRequests(stage);
    describeConnections(stage);
    describeCapabilities(stage);
    describeLacks(stage);
  });
}
