import { describe } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { describeProviderContract } from '../contract/provider.contract.ts';
import { makeCodexWorld } from '../helpers/codex-world.ts';

const binary = requireAgent('codex');

describe.skipIf(binary === null)('the codex adapter', () => {
  describeProviderContract(() => makeCodexWorld(binary ?? ''));
});
