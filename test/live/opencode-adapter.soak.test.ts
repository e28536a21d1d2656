/** The adapter on the real opencode, whose model follows a script. Each test starts one, which takes seconds. */
import { describe } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { describeProviderContract } from '../contract/provider.contract.ts';
import { makeOpencodeWorld } from '../helpers/opencode-world.ts';

const binary = requireAgent('opencode');

describe.skipIf(binary === null)('the opencode adapter', { timeout: 120_000 }, () => {
  describeProviderContract(() => makeOpencodeWorld(binary ?? ''));
});
