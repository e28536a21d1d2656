/** The adapter on the real claude, whose model follows a script. */
import { describe } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { describeProviderContract } from '../contract/provider.contract.ts';
import { makeClaudeWorld } from '../helpers/claude-world.ts';

const binary = requireAgent('claude');

describe.skipIf(binary === null)('the claude adapter', { timeout: 60_000 }, () => {
  describeProviderContract(() => makeClaudeWorld(binary ?? ''));
});
