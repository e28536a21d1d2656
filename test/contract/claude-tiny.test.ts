/** The claude adapter on the tiny agent. */
import { claudeDriver } from '../../adapters/claude/index.ts';
import { makeTinyWorld } from '../helpers/tiny-world.ts';
import { describeProviderContract } from './provider.contract.ts';

describeProviderContract(() =>
  makeTinyWorld({ driver: claudeDriver, protocol: 'claude', processPer: 'connection' }),
);
