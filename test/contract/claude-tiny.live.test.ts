/** The claude adapter on the tiny agent, whole and spoilt. */
import { claudeDriver } from '../../adapters/claude/index.ts';
import { makeTinyWorld, spoilable } from '../helpers/tiny-world.ts';
import { describeProviderFaults } from './provider-faults.contract.ts';
import { describeProviderContract } from './provider.contract.ts';

const AGENT = { driver: claudeDriver, protocol: 'claude', processPer: 'connection' } as const;

describeProviderContract(() => makeTinyWorld(AGENT));
describeProviderFaults(async () => spoilable(await makeTinyWorld(AGENT), { type: 'future_news' }));
