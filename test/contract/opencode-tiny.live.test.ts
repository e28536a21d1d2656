/** The opencode adapter on the tiny agent, whole and spoilt. */
import { opencodeDriver } from '../../adapters/opencode/index.ts';
import { makeTinyWorld, selfSpoiling } from '../helpers/tiny-world.ts';
import { describeProviderFaults } from './provider-faults.contract.ts';
import { describeProviderContract } from './provider.contract.ts';

const AGENT = { driver: opencodeDriver, protocol: 'opencode', processPer: 'instance' } as const;
const CHATTER = { payload: { type: 'future.news', properties: {} } };

describeProviderContract(() => makeTinyWorld(AGENT));
describeProviderFaults(async () => selfSpoiling(await makeTinyWorld(AGENT), CHATTER));
