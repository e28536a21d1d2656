/** The codex adapter on the tiny agent, whole and spoilt. */
import { codexDriver } from '../../adapters/codex/index.ts';
import { makeTinyWorld, spoilable } from '../helpers/tiny-world.ts';
import { describeProviderFaults } from './provider-faults.contract.ts';
import { describeProviderContract } from './provider.contract.ts';

const AGENT = { driver: codexDriver, protocol: 'codex', processPer: 'instance' } as const;

describeProviderContract(() => makeTinyWorld(AGENT));
describeProviderFaults(async () =>
  spoilable(await makeTinyWorld(AGENT), { method: 'future/news', params: {} }),
);
