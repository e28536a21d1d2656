/** The adapter of ACP agents on the tiny agent, whole and spoilt. */
import { describe } from 'vitest';
import { acpDrivers } from '../../adapters/acp/index.ts';
import { makeTinyWorld, spoilable } from '../helpers/tiny-world.ts';
import { describeProviderFaults } from './provider-faults.contract.ts';
import { describeProviderContract } from './provider.contract.ts';

const driver = acpDrivers.find((each) => each.driver === 'acp');
if (driver === undefined) throw new Error('there is no driver for any agent');
const AGENT = { driver, protocol: 'acp', processPer: 'connection' } as const;
const CHATTER = {
  jsonrpc: '2.0',
  method: 'session/update',
  params: { sessionId: 'tiny', update: { sessionUpdate: 'future_news' } },
};

const makeWorld = async () => ({ ...(await makeTinyWorld(AGENT)), looksUp: false }) as const;

describeProviderContract(makeWorld);

describe('an agent that is started with its model', () => {
  describeProviderContract(async () => {
    const world = await makeWorld();
    return { ...world, instance: { ...world.instance, args: ['--model={model}'] } };
  });
});
describeProviderFaults(async () => spoilable(await makeWorld(), CHATTER));
