import { describe } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { describeProviderContract } from '../contract/provider.contract.ts';
import { makeOpencodeWorld } from '../helpers/opencode-world.ts';

const binary = requireAgent('opencode');

describe.skipIf(binary === null)('the opencode adapter with the real opencode', () => {
  describeProviderContract(() => makeOpencodeWorld(binary ?? ''));
});
