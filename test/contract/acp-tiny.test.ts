/** The adapter of ACP agents on the tiny agent, whole and spoilt. */
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
describeProviderFaults(async () => spoilable(await makeWorld(), CHATTER));
